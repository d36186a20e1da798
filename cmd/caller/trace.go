package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"os"
	"runtime/debug"
	"strconv"
	"time"

	"github.com/caller-chat/caller/metrics/trace"
)

// The kinds of values that the settings of traces have.
type (
	otlpEndpoint string
	share        float64 // from 0 to 1
)

// UnmarshalText implements encoding.TextUnmarshaler.
func (v *otlpEndpoint) UnmarshalText(text []byte) error {
	s := string(text)
	u, err := url.Parse(s)
	switch {
	case s == "":
	case err != nil, u.Scheme != "http" && u.Scheme != "https", u.Host == "", u.User != nil, u.RawQuery != "", u.Fragment != "":
		return errors.New("want a URL as in http://127.0.0.1:4318, with no user, query or fragment")
	}
	*v = otlpEndpoint(s)
	return nil
}

// UnmarshalText implements encoding.TextUnmarshaler.
func (v *share) UnmarshalText(text []byte) error {
	n, err := strconv.ParseFloat(string(text), 64)
	if err != nil || !(n >= 0 && n <= 1) {
		return fmt.Errorf("%q is not a share from 0 to 1, as 0.01", text)
	}
	*v = share(n)
	return nil
}

// traces are who is told of the way of posts; nil for nobody.
func (c config) traces(ctx context.Context, log *slog.Logger) (*trace.Tracer, error) {
	if c.OTLPEndpoint == "" || c.OTLPSample == 0 {
		return nil, nil
	}
	host, _ := os.Hostname() // it only tells nodes apart, as the process's number does
	t, err := trace.New(ctx, trace.Options{
		Endpoint: string(c.OTLPEndpoint), Sample: float64(c.OTLPSample), Version: buildOf(debug.ReadBuildInfo()).Version,
		Node: fmt.Sprintf("%s-%d", host, os.Getpid()), Logger: log,
	})
	if err != nil {
		return nil, &settingError{fmt.Errorf("--otlp-endpoint (CALLER_OTLP_ENDPOINT): %w", err)}
	}
	return t, nil
}

// traced is a handler whose posts' traces begin with their requests.
func (c config) traced(h http.Handler) http.Handler {
	if c.tracer == nil {
		return h
	}
	return c.tracer.Handler(h)
}

// lastTraces is how long a receiver has to take what is left when the node stops: it may be away, and
// nobody else is to wait for it.
const lastTraces = time.Second

func (p *parts) closeTracer(ctx context.Context) {
	if p.tracer == nil {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, lastTraces)
	defer cancel()
	if err := p.tracer.Close(ctx); err != nil {
		p.log.Warn("the last traces are lost", "err", err)
	}
}
