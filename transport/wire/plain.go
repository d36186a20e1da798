package wire

// Plain is a text for a terminal, on one line, as the text framing has it: nothing in it can move a
// cursor or turn the text around it.
func Plain(text string) string { return string(appendPlain(nil, text)) }

// PlainName is an author's name as it stands before ": " and a text. The first ": " ends it, whatever
// the name is.
func PlainName(name string) string { return string(appendName(nil, name)) }

// PlainNamed is a name as it stands before what its owner has done: in quotation marks if it has
// spaces.
func PlainNamed(name string) string { return string(appendNamed(nil, name)) }
