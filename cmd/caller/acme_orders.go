package main

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"sync"
)

// ordered adds to an issuer's answers the address of the order that they are about, where it is
// missing. RFC 8555 section 7.4 asks for it in the answer to a new order alone;
// golang.org/x/crypto/acme (v0.57.0) waits for the order at the address that the answer to a
// finalized one gives.
type ordered struct {
	next http.RoundTripper

	mu     sync.Mutex        // protects following
	orders map[string]string // by the address that finalizes each; a certificate asks for one in months
}

// maxOrder is more than an order's answer has.
const maxOrder = 64 << 10

// RoundTrip implements [http.RoundTripper].
func (o *ordered) RoundTrip(r *http.Request) (*http.Response, error) {
	answer, err := o.next.RoundTrip(r)
	if err != nil || r.Method != http.MethodPost || answer.StatusCode >= 300 {
		return answer, err
	}
	body, err := io.ReadAll(io.LimitReader(answer.Body, maxOrder))
	if err != nil {
		_ = answer.Body.Close()
		return nil, err
	}
	answer.Body = rest{io.MultiReader(bytes.NewReader(body), answer.Body), answer.Body}
	var order struct {
		Finalize string `json:"finalize"`
	}
	_ = json.Unmarshal(body, &order) // certificates and the like are none
	o.mu.Lock()
	defer o.mu.Unlock()
	switch at := answer.Header.Get("Location"); {
	case order.Finalize == "":
	case at != "":
		o.orders[order.Finalize] = at
	default:
		answer.Header.Set("Location", o.orders[order.Finalize])
	}
	return answer, nil
}

// rest is a body some of which was read already.
type rest struct {
	io.Reader
	io.Closer
}
