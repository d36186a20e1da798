// Package linkpreview says what is behind the first link of a message: its title, some of its text,
// and a small picture. It is an optional feature of the server, and off unless the operator turns
// it on, for then this server asks other servers whatever people write.
//
// # Where it goes
//
// Only to public addresses, on the ports 80 and 443: the dialer looks at each address at the
// moment of connecting, whatever a name resolved to before, and so does it after each redirect. No
// proxy is used, for behind one nobody sees where it connects. Nothing of who reads or writes is
// sent. Of a page 512 KB are read in 5 s, of its picture as much. Nothing that is in a page
// runs; its picture is decoded and made anew (attachments/picture).
//
// # Who may ask
//
// Whoever may read a kept message gets the preview of its first link, and of no other address. A
// node looks up a link once, however many ask for it at the same time, and keeps what it has found
// for an hour. What it looks up is bounded by person, by address and by room.
//
// # Who owns what
//
// A [Previews]'s methods may be called at the same time. Each look-up is a goroutine of its own,
// which [Previews.Close] ends and awaits.
package linkpreview
