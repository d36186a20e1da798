package admin

import (
	"net/http"
	"net/netip"
	"sync"
	"time"
)

// What wrong tokens are bound by, for each address: so many at once, and one more after each such
// time. A person mistypes a few; a guess has one chance in 2^128, whatever the rate.
const (
	wrongAtOnce = 10
	wrongAgain  = 6 * time.Second
)

// tellAgain is how often an address's wrong tokens are told at most. Something that tries the same
// one for ever, as a Prometheus that was not given the new one, would push all else out of the audit
// log.
const tellAgain = time.Hour

// maxAddresses is how many addresses are told apart. More of them share one count.
const maxAddresses = 1000

// wrongTokens counts them.
type wrongTokens struct {
	now func() time.Time

	mu sync.Mutex // protects following
	of map[string]tries
}

// tries are an address's.
type tries struct {
	free time.Time // when it has all of them again
	told time.Time // when one of them was told
}

// count counts one, and says how long to wait where there were too many, 0 for not at all, and
// whether it is to be told.
func (w *wrongTokens) count(address string) (wait time.Duration, tell bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	now := w.now()
	if w.of == nil {
		w.of = map[string]tries{}
	}
	if _, known := w.of[address]; !known && len(w.of) >= maxAddresses {
		for address, t := range w.of {
			if !t.free.After(now) {
				delete(w.of, address)
			}
		}
		if len(w.of) >= maxAddresses {
			address = ""
		}
	}
	t := w.of[address]
	if t.free.Before(now) {
		t.free = now
	}
	t.free = t.free.Add(wrongAgain)
	if over := t.free.Sub(now) - wrongAtOnce*wrongAgain; over > 0 {
		return over, false
	}
	if tell = now.Sub(t.told) >= tellAgain; tell {
		t.told = now
	}
	w.of[address] = t
	return 0, tell
}

// addressOf is where a request comes from, without the port; of an IPv6 address the /64, which one
// household has to itself.
func addressOf(r *http.Request) string {
	ap, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
	a := ap.Addr().Unmap().WithZone("")
	if p, err := a.Prefix(64); a.Is6() && err == nil {
		return p.String()
	}
	return a.String()
}
