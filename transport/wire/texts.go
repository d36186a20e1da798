package wire

import (
	"sync"
	"weak"
)

// Texts makes the framings of [Text] whose files have addresses: one for each address by which
// readers know this server, so that for all who know it by the same one a batch is encoded once.
// Its methods may be called at the same time; the zero value is ready.
type Texts struct {
	mu sync.Mutex // protects following
	of map[textOf]weak.Pointer[textFraming]
}

type textOf struct {
	all  bool
	base string
}

// maxTexts is how many there are at most while somebody reads by them: a server has a name or two.
// Readers may make up as many as they like, and each would be encoded for by itself.
const maxTexts = 64

// For is the framing for a reader who knows this server by that address, as "https://chat.example".
// Where there are too many of them already, files have paths only.
func (t *Texts) For(all bool, base string) Framing {
	if base == "" {
		return Text(all)
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	of := textOf{all, base}
	if f := t.of[of].Value(); f != nil {
		return f
	}
	if len(t.of) >= maxTexts {
		for of, f := range t.of {
			if f.Value() == nil { // nobody reads by it any more
				delete(t.of, of)
			}
		}
	}
	if len(t.of) >= maxTexts {
		return Text(all)
	}
	if t.of == nil {
		t.of = map[textOf]weak.Pointer[textFraming]{}
	}
	f := newText(all, base)
	t.of[of] = weak.Make(f)
	return f
}
