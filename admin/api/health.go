package api

import (
	"context"
	"net/http"
	"sync"
	"time"

	"github.com/caller-chat/caller/admin"
	"github.com/caller-chat/caller/server/httpapi"
)

// healthTime is how long each part has to answer before it is said not to.
const healthTime = 3 * time.Second

// Check is one of the servers that a node needs.
type Check struct {
	// Name is "store", "livekit" or "bucket".
	Name string
	// Ask asks for a sign of life. An error's text is shown.
	Ask func(ctx context.Context) error
}

// checked is what came of one.
type checked struct {
	OK bool `json:"ok"`
	// Took is in milliseconds.
	Took  float64 `json:"took"`
	Error string  `json:"error,omitempty"`
}

type health struct {
	Status string             `json:"status"`
	Store  string             `json:"store"`
	Checks map[string]checked `json:"checks"`
}

// Health is GET /api/health: whether what the node needs answers. Store says which kind of store it
// is. The answer is 200 if all do, and 503 otherwise, with the same fields.
func Health(store string, checks ...Check) admin.Part {
	return admin.Part{Name: "health", Routes: map[string]http.Handler{
		"GET /api/health": http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if _, err := httpapi.KnownQuery(r); err != nil {
				httpapi.WriteProblem(w, err)
				return
			}
			said := health{Status: "ok", Store: store, Checks: askAll(r.Context(), checks)}
			status := http.StatusOK
			for _, c := range said.Checks {
				if !c.OK {
					said.Status, status = "failing", http.StatusServiceUnavailable
				}
			}
			httpapi.WriteJSON(w, status, said)
		}),
	}}
}

// askAll asks all of them at the same time.
func askAll(ctx context.Context, checks []Check) map[string]checked {
	ctx, cancel := context.WithTimeout(ctx, healthTime)
	defer cancel()
	results := make([]checked, len(checks))
	var asking sync.WaitGroup
	for i, c := range checks {
		asking.Go(func() {
			began := time.Now()
			err := c.Ask(ctx)
			results[i] = checked{OK: err == nil, Took: millis(time.Since(began))}
			if err != nil {
				results[i].Error = err.Error()
			}
		})
	}
	asking.Wait()
	all := make(map[string]checked, len(checks))
	for i, c := range checks {
		all[c.Name] = results[i]
	}
	return all
}

// millis is a duration in milliseconds, to the hundredth.
func millis(d time.Duration) float64 {
	return float64(d.Round(10*time.Microsecond)) / float64(time.Millisecond)
}
