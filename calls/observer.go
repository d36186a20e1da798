package calls

// Observer is told what happens to calls, so that somebody can count it. Its methods are called at
// the same time by many, and must not block.
type Observer interface {
	// Invited says that somebody was given a join token.
	Invited()
	// Failed says that LiveKit has not answered, or not as it should.
	Failed(err error)
}

// ignored is the observer where nobody is told.
type ignored struct{}

func (ignored) Invited()     {}
func (ignored) Failed(error) {}
