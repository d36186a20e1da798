package client

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// Problem is a refusal by the server, or an answer that is not the server's at all.
type Problem struct {
	// Status is of the HTTP answer; 0 where an event told it.
	Status int
	// Code is stable (docs/protocol.md has them all). [NoAnswer] says that something else answered.
	Code          string
	Title, Detail string
	// Field is what was not valid, and Limit its bound; "" and 0 where that is not the reason.
	Field string
	Limit int
	// Room is which of several rooms refuses.
	Room string
	// RetryAfter is how long to wait before the next try; 0 for no word on it.
	RetryAfter time.Duration
	// Until and Reason are of a ban or a mute of one's own, where they are told.
	Until  time.Time
	Reason string
}

// NoAnswer is the code of an answer that is not a Caller's: of a proxy in between, or a portal.
const NoAnswer = "no_answer"

// Error says what was refused, and why.
func (p *Problem) Error() string {
	text := p.Title
	if text == "" {
		text = p.Code
	}
	if p.Detail != "" {
		text += ": " + p.Detail
	}
	if p.Reason != "" {
		text += " (" + p.Reason + ")"
	}
	if p.Status != 0 {
		return fmt.Sprintf("%d %s: %s", p.Status, p.Code, text)
	}
	return p.Code + ": " + text
}

// Is reports whether target is a problem of the same code, so that errors.Is(err,
// &Problem{Code: "banned"}) works.
func (p *Problem) Is(target error) bool {
	other, ok := target.(*Problem)
	return ok && *other == (Problem{Code: p.Code})
}

// problemJSON is a problem on the wire, as an answer or as an event.
type problemJSON struct {
	Code       string  `json:"code"`
	Title      string  `json:"title"`
	Detail     string  `json:"detail"`
	Field      string  `json:"field"`
	Limit      int     `json:"limit"`
	RoomID     string  `json:"roomId"`
	RetryAfter float64 `json:"retryAfter"`
	Until      lenient `json:"until"`
	Reason     string  `json:"reason"`
}

func (p problemJSON) problem() *Problem {
	return &Problem{
		Code: p.Code, Title: p.Title, Detail: p.Detail, Field: p.Field, Limit: p.Limit, Room: p.RoomID,
		RetryAfter: time.Duration(p.RetryAfter * float64(time.Second)), Until: time.Time(p.Until), Reason: p.Reason,
	}
}

// mostProblem is as much of an answer as is read to find out why it is one.
const mostProblem = 64 << 10

// problemOf reads why a call failed. Only problem+json is a Caller speaking: a 403 or 404 of a
// proxy says nothing about the room.
func problemOf(resp *http.Response) *Problem {
	media, _, _ := mime.ParseMediaType(resp.Header.Get("Content-Type")) // "" for what can't be read
	var told problemJSON
	if media == "application/problem+json" {
		body, err := io.ReadAll(io.LimitReader(resp.Body, mostProblem))
		if err == nil && json.Unmarshal(body, &told) == nil && told.Code != "" {
			problem := told.problem()
			problem.Status = resp.StatusCode
			if problem.RetryAfter == 0 {
				problem.RetryAfter = retryAfter(resp.Header)
			}
			return problem
		}
	}
	detail := strings.TrimSpace(resp.Status + " " + media)
	if to, err := resp.Location(); err == nil && resp.StatusCode/100 == 3 && to.Host != "" {
		detail += ", which sends to " + to.Scheme + "://" + to.Host // the rest may be secret
	}
	return &Problem{
		Status: resp.StatusCode, Code: NoAnswer, Title: "This is not an answer of Caller",
		Detail: detail, RetryAfter: retryAfter(resp.Header),
	}
}

func retryAfter(header http.Header) time.Duration {
	text := header.Get("Retry-After")
	if seconds, err := strconv.Atoi(text); err == nil && seconds > 0 {
		return time.Duration(seconds) * time.Second
	}
	if at, err := http.ParseTime(text); err == nil {
		return max(0, time.Until(at))
	}
	return 0
}

// endKind says how a connection or a call ended, and so whether to come back.
type endKind string

const (
	endLost      endKind = "lost"       // the network's doing: come back, perhaps by another transport
	endBusy      endKind = "busy"       // the server said to come back later; no fault of the transport
	endSignedOut endKind = "signed-out" // come back with a new session
	// Do not come back by yourself:
	endLeft      endKind = "left"
	endRefused   endKind = "refused"
	endForbidden endKind = "forbidden"
)

// end is how a connection ended.
type end struct {
	kind       endKind
	err        error // why; never nil
	retryAfter time.Duration
	foreign    bool // somebody else answered, such as a portal that wants its terms accepted
}

func lost(err error) end { return end{kind: endLost, err: err} }

// endKinds has the codes of problems; any other is lost.
var endKinds = []struct {
	kind  endKind
	codes *regexp.Regexp
}{
	{endLost, regexp.MustCompile(`^(upgrade_required|no_answer)$`)},
	{endBusy, regexp.MustCompile(`busy|going_away|too_slow|too_much|slow_mode|unavailable`)},
	{endLeft, regexp.MustCompile(`^left$`)},
	{endSignedOut, regexp.MustCompile(`^(session_invalid|session_over|session_required)$`)},
	{endRefused, regexp.MustCompile(`not_found|method_not_allowed|malformed|invalid_|unsupported|wrong_host|token_in_url`)},
	{endForbidden, regexp.MustCompile(`cross_origin|not_allowed|_required|locked|full|banned|removed|room_closed|name_fixed`)},
}

func kindOf(code string) endKind {
	for _, known := range endKinds {
		if known.codes.MatchString(code) {
			return known.kind
		}
	}
	return endLost
}

// endOf is the end that an error says.
func endOf(err error) end {
	var problem *Problem
	if !errors.As(err, &problem) {
		return lost(err)
	}
	return end{
		kind: kindOf(problem.Code), err: err, retryAfter: problem.RetryAfter,
		foreign: problem.Code == NoAnswer && (problem.Status < 400 || problem.Status == http.StatusNetworkAuthenticationRequired),
	}
}

// mayPass reports whether what a call has failed with may be over at the next try.
func mayPass(err error) bool {
	var problem *Problem
	if !errors.As(err, &problem) {
		return true // the network's doing
	}
	if problem.Code == NoAnswer {
		return problem.Status/100 != 4 || problem.Status == http.StatusRequestTimeout || problem.Status == http.StatusTooManyRequests
	}
	return kindOf(problem.Code) == endBusy
}

// ended is the error of a call whose context has ended, after a try that failed with last.
func ended(ctx context.Context, last error) error {
	if last == nil || errors.Is(last, ctx.Err()) {
		return ctx.Err()
	}
	return fmt.Errorf("%w; the last try: %w", ctx.Err(), last)
}
