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

// maxAddresses is how many addresses are told apart. More of them share one count.
const maxAddresses = 1000

// wrongTokens counts them.
type wrongTokens struct {
	now func() time.Time

	mu   sync.Mutex           // protects following
	free map[string]time.Time // when an address has all its tries again
}

// count counts one, and says how long to wait where there were too many; 0 for not at all.
func (w *wrongTokens) count(address string) (wait time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	now := w.now()
	if w.free == nil {
		w.free = map[string]time.Time{}
	}
	if _, known := w.free[address]; !known && len(w.free) >= maxAddresses {
		for of, at := range w.free {
			if !at.After(now) {
				delete(w.free, of)
			}
		}
		if len(w.free) >= maxAddresses {
			address = ""
		}
	}
	at := w.free[address]
	if at.Before(now) {
		at = now
	}
	at = at.Add(wrongAgain)
	if over := at.Sub(now) - wrongAtOnce*wrongAgain; over > 0 {
		return over
	}
	w.free[address] = at
	return 0
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
