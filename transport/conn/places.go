package conn

import (
	"strings"
	"sync"
	"time"

	"github.com/caller-chat/caller/chat"
)

// Places are for how many there is room at the same time, in all and from one address. A nil one
// has room for everybody. Its methods may be called at the same time.
type Places struct {
	// Total and Each are how many in all, and how many from one address; 0 for any number.
	Total, Each int

	mu    sync.Mutex // protects following
	taken int
	by    map[string]int // by address
}

// comeAgain is when those come again for whom there is no place: some have gone until then.
const comeAgain = 10 * time.Second

// Take takes a place for somebody at an address, who gives it back with [Places.Leave]. Errors:
// [chat.ErrFull]; a [*chat.LimitError] when the address has its share.
func (p *Places) Take(address string) error {
	if p == nil || p.Total <= 0 && p.Each <= 0 {
		return nil
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.Each > 0 && address != "" && p.by[address] >= p.Each {
		return &chat.LimitError{RetryAfter: comeAgain, Name: "connections"}
	}
	if p.Total > 0 && p.taken >= p.Total {
		return chat.ErrFull
	}
	p.taken++
	if address == "" || p.Each <= 0 {
		return nil
	}
	if p.by == nil {
		p.by = make(map[string]int)
	}
	p.by[strings.Clone(address)]++ // it may be part of a whole request
	return nil
}

// Leave gives a place back.
func (p *Places) Leave(address string) {
	if p == nil || p.Total <= 0 && p.Each <= 0 {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.taken--
	if address == "" || p.Each <= 0 {
		return
	}
	if p.by[address]--; p.by[address] == 0 {
		delete(p.by, address)
	}
}
