package push

// Result is what has become of a try to tell a browser.
type Result string

// The results.
const (
	Sent    Result = "sent"    // the push service has it
	Gone    Result = "gone"    // the subscription has ended, and is forgotten
	Refused Result = "refused" // the push service takes it neither now nor later
	Retried Result = "retried" // it is tried again
	Dropped Result = "dropped" // its time is over, or too much waits
)

// Observer is told what becomes of pushes, so that somebody can count it. It is called at the same
// time by many, and must not block.
type Observer interface {
	Pushed(r Result)
}

// ignored is the observer where nobody is told.
type ignored struct{}

func (ignored) Pushed(Result) {}
