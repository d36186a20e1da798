package auth

import (
	"bytes"
	"strings"
	"sync"
	"time"
)

// tokenCache reads tokens and remembers the good ones: a signature, base64 and JSON are a tenth of
// what a post costs, and somebody who posts does so again. Its zero value is ready.
type tokenCache struct {
	mu sync.Mutex // guards the following
	// young are those seen lately, old those seen before; of neither are there more than most.
	young, old map[string]cachedToken // by token
}

// cachedToken is what a token says, and the key by which that is true.
type cachedToken struct {
	session Session
	key     []byte
}

// most is half of what is remembered, some 500 bytes each.
const most = 1024

// parse is [parseToken], whose answer for the same token and key changes with the time only.
func (v *tokenCache) parse(token string, key []byte, now time.Time) (Session, error) {
	found, ok := v.find(token)
	if !ok || !bytes.Equal(found.key, key) {
		s, err := parseToken(token, key, now)
		if err == nil {
			v.keep(strings.Clone(token), cachedToken{s, key}) // it came as a part of a request's headers
		}
		return s, err
	}
	if !now.Before(found.session.Expires) {
		return found.session, errTokenExpired
	}
	return found.session, nil
}

// has reports whether a token was good when it was last seen.
func (v *tokenCache) has(token string) bool {
	v.mu.Lock()
	defer v.mu.Unlock()
	_, young := v.young[token]
	_, old := v.old[token]
	return young || old
}

func (v *tokenCache) find(token string) (cachedToken, bool) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if found, ok := v.young[token]; ok {
		return found, true
	}
	found, ok := v.old[token]
	if ok {
		delete(v.old, token)
		v.keepLocked(strings.Clone(token), found)
	}
	return found, ok
}

func (v *tokenCache) keep(token string, found cachedToken) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.keepLocked(token, found)
}

func (v *tokenCache) keepLocked(token string, found cachedToken) {
	if v.young == nil || len(v.young) >= most {
		v.young, v.old = make(map[string]cachedToken), v.young
	}
	v.young[token] = found
}
