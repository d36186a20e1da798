package wire

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/caller-chat/caller/chat"
)

// Code names one kind of failure on the wire. Codes are stable: clients may act on them.
type Code string

// The codes. The table below says what each means for HTTP and WebSocket, and docs/protocol.md what
// it means for people.
const (
	CodeMalformed        Code = "malformed"
	CodeInvalidUTF8      Code = "invalid_utf8"
	CodeSessionInvalid   Code = "session_invalid"
	CodeSessionRequired  Code = "session_required"
	CodeSessionOver      Code = "session_over"
	CodeCrossOrigin      Code = "cross_origin"
	CodeWrongHost        Code = "wrong_host"
	CodeTokenInURL       Code = "token_in_url"
	CodeNotAllowed       Code = "not_allowed"
	CodeNameFixed        Code = "name_fixed"
	CodeNotPresent       Code = "not_present"
	CodeNotFound         Code = "not_found"
	CodeMethodNotAllowed Code = "method_not_allowed"
	CodeTooLarge         Code = "too_large"
	CodeUnsupported      Code = "unsupported"
	CodeConflict         Code = "conflict"
	CodeInvalidField     Code = "invalid_field"
	CodeKeyReused        Code = "key_reused"
	CodeUnknownCommand   Code = "unknown_command"
	CodeUpgradeRequired  Code = "upgrade_required"
	CodeTooMuch          Code = "too_much"
	CodeBusy             Code = "busy"
	CodeTooSlow          Code = "too_slow"
	CodeLeft             Code = "left"
	CodeInternal         Code = "internal"
	CodeUnavailable      Code = "unavailable"
	CodeGoingAway        Code = "going_away"

	// Of files.
	CodeGone             Code = "gone"
	CodeFilesFull        Code = "files_full"
	CodeInfected         Code = "infected"
	CodeFilesUnavailable Code = "files_unavailable"
	CodeStalled          Code = "stalled"
	CodeWrongProtocol    Code = "wrong_protocol"
	CodeNoSuchRange      Code = "no_such_range"

	// By a room's rules.
	CodePasswordRequired Code = "password_required"
	CodeInviteRequired   Code = "invite_required"
	CodeWrongPassword    Code = "wrong_password"
	CodeWrongInvite      Code = "wrong_invite"
	CodeLocked           Code = "locked"
	CodeFull             Code = "full"
	CodeBanned           Code = "banned"
	CodeRemoved          Code = "removed"
	CodeMuted            Code = "muted"
	CodeRoomClosed       Code = "room_closed"
	CodeSlowMode         Code = "slow_mode"
	CodeVersionMismatch  Code = "version_mismatch"
)

// WebSocket close codes: RFC 6455 section 7.4.1, and Caller's own from the range for applications
// (7.4.2).
const (
	CloseLeft        = 1000
	CloseGoingAway   = 1001
	CloseInvalidData = 1007
	CloseTooLarge    = 1009
	CloseInternal    = 1011
	CloseNotSignedIn = 4001
	CloseNotAllowed  = 4003
	CloseTooSlow     = 4008
	CloseTooMuch     = 4013
)

// meaning is one row of the table: a code's HTTP status, the close code of a WebSocket that ends by
// it, and its words.
type meaning struct {
	status    int
	closeCode int
	title     string
	// retry is how long a client should wait before it tries again; 0 when trying again changes
	// nothing.
	retry time.Duration
}

// meaningOf is the one table of failures. Codes that only ever answer one command have no close
// code of their own; if a connection ends by one all the same it is an internal error.
func meaningOf(c Code) meaning {
	switch c {
	case CodeMalformed:
		return meaning{400, CloseInvalidData, "The request can't be read", 0}
	case CodeInvalidUTF8:
		return meaning{400, CloseInvalidData, "The text is not valid UTF-8", 0}
	case CodeSessionInvalid:
		return meaning{401, CloseNotSignedIn, "The session is not valid", 0}
	case CodeSessionRequired:
		return meaning{401, CloseNotSignedIn, "A session is needed", 0}
	case CodeSessionOver:
		return meaning{401, CloseNotSignedIn, "The sign-in is over", 0}
	case CodeCrossOrigin:
		return meaning{403, CloseNotAllowed, "Requests from other sites are not allowed", 0}
	case CodeWrongHost:
		return meaning{421, CloseNotAllowed, "This server does not serve that host", 0}
	case CodeTokenInURL:
		return meaning{400, CloseInvalidData, "A token must not be in an address", 0}
	case CodeNotAllowed:
		return meaning{403, CloseNotAllowed, "This is not allowed", 0}
	case CodeNameFixed:
		return meaning{403, CloseNotAllowed, "The name can't be changed here", 0}
	case CodeNotPresent:
		return meaning{403, CloseNotAllowed, "You are not in the room", 0}
	case CodeNotFound:
		return meaning{404, CloseNotAllowed, "There is nothing at this address", 0}
	case CodeMethodNotAllowed:
		return meaning{405, CloseNotAllowed, "This method can't be used here", 0}
	case CodeTooLarge:
		return meaning{413, CloseTooLarge, "That is too large", 0}
	case CodeUnsupported:
		return meaning{415, CloseInvalidData, "This kind of content can't be used here", 0}
	case CodeConflict:
		return meaning{409, CloseNotAllowed, "That is no longer possible", 0}
	case CodeKeyReused:
		return meaning{422, CloseInvalidData, "The key was used for something else", 0}
	case CodeInvalidField:
		return meaning{422, CloseInvalidData, "A field is not valid", 0}
	case CodeUnknownCommand:
		return meaning{400, CloseInvalidData, "There is no such command", 0}
	case CodeUpgradeRequired:
		return meaning{426, CloseInvalidData, "This address is for WebSocket", 0}
	case CodeTooMuch:
		return meaning{429, CloseTooMuch, "That is too much at once", time.Second}
	case CodeBusy:
		return meaning{503, CloseTooMuch, "The server is full", 10 * time.Second}
	case CodeTooSlow:
		return meaning{503, CloseTooSlow, "The reader is too slow", time.Second}
	case CodeLeft:
		return meaning{409, CloseLeft, "You have left the room", 0}
	case CodePasswordRequired:
		return meaning{403, CloseNotAllowed, "The room has a password", 0}
	case CodeInviteRequired:
		return meaning{403, CloseNotAllowed, "The room is for those who are invited", 0}
	case CodeWrongPassword:
		return meaning{403, CloseNotAllowed, "That is not the room's password", 0}
	case CodeWrongInvite:
		return meaning{403, CloseNotAllowed, "The invite is not good, or not any more", 0}
	case CodeLocked:
		return meaning{403, CloseNotAllowed, "The room is locked: nobody new comes in", 0}
	case CodeFull:
		return meaning{403, CloseNotAllowed, "The room is full", 0}
	case CodeBanned:
		return meaning{403, CloseNotAllowed, "You are banned from the room", 0}
	case CodeRemoved:
		return meaning{403, CloseNotAllowed, "You have been removed from the room", 0}
	case CodeMuted:
		return meaning{403, CloseNotAllowed, "You are muted in the room", 0}
	case CodeRoomClosed:
		return meaning{410, CloseNotAllowed, "The room has been closed", 0}
	case CodeSlowMode:
		return meaning{429, CloseTooMuch, "The room is in slow mode", time.Second}
	case CodeGone:
		return meaning{410, CloseNotAllowed, "What was here is gone", 0}
	case CodeFilesFull:
		return meaning{413, CloseTooLarge, "There is no room for more files here", 0}
	case CodeInfected:
		return meaning{422, CloseInvalidData, "The file is not safe", 0}
	case CodeFilesUnavailable:
		return meaning{503, CloseGoingAway, "Files can't be kept or read just now", 5 * time.Second}
	case CodeStalled:
		return meaning{408, CloseTooSlow, "The request came too slowly", time.Second}
	case CodeWrongProtocol:
		return meaning{412, CloseInvalidData, "This version of the protocol is not known here", 0}
	case CodeNoSuchRange:
		return meaning{416, CloseInvalidData, "There is no such part of the file", 0}
	case CodeVersionMismatch:
		return meaning{412, CloseNotAllowed, "The settings have changed since", 0}
	case CodeUnavailable:
		return meaning{503, CloseGoingAway, "The store does not answer", 2 * time.Second}
	case CodeGoingAway:
		return meaning{503, CloseGoingAway, "The server is going away", time.Second}
	default:
		return meaning{500, CloseInternal, "Something went wrong here", 0}
	}
}

// Failure is an error as clients see it.
type Failure struct {
	Code   Code
	Detail string
	// Field is set for CodeInvalidField, and for CodeTooLarge where the limit is in something else than
	// bytes; Limit for both, and 0 where there is none.
	Field string
	Limit int
	// RetryAfter is when to come back; 0 when that changes nothing.
	RetryAfter time.Duration
	// Until is when what refuses somebody ends, Reason what a moderator has given for it; only that
	// person is told them.
	Until  time.Time
	Reason string
	// RoomID is the room that refuses, of several that were asked for together; else empty.
	RoomID chat.RoomID
	// Quota is the limit that was passed, for CodeTooMuch; nil where it is none by time.
	Quota *Quota
	cause error
}

// until is Until as it goes over the wire.
func (f *Failure) until() *timestamp {
	if f.Until.IsZero() {
		return nil
	}
	return (*timestamp)(&f.Until)
}

// Fail makes a failure with its code's usual time to come back.
func Fail(code Code, detail string) *Failure {
	return &Failure{Code: code, Detail: detail, RetryAfter: meaningOf(code).retry}
}

func (f *Failure) Error() string {
	if f.Detail == "" {
		return meaningOf(f.Code).title
	}
	return meaningOf(f.Code).title + ": " + f.Detail
}

// Unwrap is the error behind the failure, for logs; clients never see it.
func (f *Failure) Unwrap() error { return f.cause }

// Status is the failure's HTTP status.
func (f *Failure) Status() int { return meaningOf(f.Code).status }

// CloseCode is the WebSocket close code of a connection that ends by the failure.
func (f *Failure) CloseCode() int { return meaningOf(f.Code).closeCode }

// spread is over how long the readers of a node that goes away are told to come back, so that they
// don't all at once.
const spread = 3 * time.Second

// FailureOf says how an error looks to clients. What it does not know is CodeInternal, with nothing
// of the error's text in it.
func FailureOf(err error) *Failure {
	var failure *Failure
	var invalid *chat.InvalidError
	var limit *chat.LimitError
	var slow *chat.SlowModeError
	var refused *chat.RefusedError
	var in *roomError
	switch {
	case errors.As(err, &in):
		f := *FailureOf(in.error)
		f.RoomID = in.room
		return &f
	case errors.As(err, &failure):
		return failure
	case errors.As(err, &invalid):
		return &Failure{Code: CodeInvalidField, Detail: invalid.Error(), Field: invalid.Field, Limit: invalid.Limit, cause: err}
	case errors.As(err, &limit):
		return tooMuch(limit, err)
	case errors.As(err, &slow):
		return &Failure{Code: CodeSlowMode, RetryAfter: slow.RetryAfter, cause: err}
	case errors.As(err, &refused):
		return refusal(refused, err)
	case errors.Is(err, chat.ErrGuest):
		failure = Fail(CodeNotAllowed, "nobody can know a guest again: a session is needed, POST /session makes one")
	case errors.Is(err, chat.ErrNotAuthor):
		failure = Fail(CodeNotAllowed, "the message is somebody else's")
	case errors.Is(err, chat.ErrNotAllowed):
		failure = Fail(CodeNotAllowed, "")
	case errors.Is(err, chat.ErrNotFound):
		failure = Fail(CodeNotFound, "the message is not kept, or not any more")
	case errors.Is(err, chat.ErrConflict):
		failure = Fail(CodeConflict, "the message has been deleted")
	case errors.Is(err, chat.ErrNoMember), errors.Is(err, chat.ErrNoBan), errors.Is(err, chat.ErrNoRecord):
		failure = Fail(CodeNotFound, notFound(err))
	case errors.Is(err, chat.ErrOwned):
		failure = Fail(CodeConflict, "the room has an owner already, or you are not alone in it")
	case errors.Is(err, chat.ErrNotOwned):
		failure = Fail(CodeConflict, "nobody owns the room: who is alone in it can make it theirs")
	case errors.Is(err, chat.ErrVersion):
		failure = Fail(CodeVersionMismatch, "read the settings again")
	case errors.Is(err, chat.ErrKeyReused):
		failure = Fail(CodeKeyReused, "a repeat is the same request: take another key for another one")
	case errors.Is(err, chat.ErrSignInOver):
		failure = Fail(CodeSessionOver, "sign in again to be the same person, or DELETE /session to be nobody in particular")
	case errors.Is(err, chat.ErrSessionOver):
		failure = Fail(CodeSessionInvalid, "it has expired, or was ended")
	case errors.Is(err, chat.ErrNotSignedIn):
		failure = Fail(CodeSessionRequired, "POST /session makes one")
	case errors.Is(err, chat.ErrManyOwned):
		failure = Fail(CodeBusy, "there are as many rooms with an owner as this server keeps: a room without one can be used as ever")
	case errors.Is(err, chat.ErrFull):
		failure = Fail(CodeBusy, "there is no room for more here: what is there already goes on")
	case errors.Is(err, chat.ErrTooSlow):
		failure = Fail(CodeTooSlow, "what was not read in time was dropped: resume from the last entry you have")
	case errors.Is(err, chat.ErrLeft):
		failure = Fail(CodeLeft, "")
	case errors.Is(err, context.Canceled) && !errors.Is(err, chat.ErrUnavailable):
		// Given up: by this node, or by a client, which does not hear of it.
		failure = Fail(CodeGoingAway, "")
	case errors.Is(err, chat.ErrGoingAway):
		failure = Fail(CodeGoingAway, "come back in a moment: another node may take over")
		failure.RetryAfter += time.Duration(rand.Int64N(int64(spread)))
	case errors.Is(err, chat.ErrUnavailable), errors.Is(err, context.DeadlineExceeded):
		failure = Fail(CodeUnavailable, "nothing is known of what was asked: a message can be sent again with the same key")
	default:
		failure = Fail(CodeInternal, "")
	}
	failure.cause = err
	return failure
}

// refusal is what a room's rules have refused: its code is the wire's.
func refusal(refused *chat.RefusedError, cause error) *Failure {
	f := Fail(Code(refused.Code), refused.Detail)
	f.Until, f.Reason, f.cause = refused.Until, refused.Reason, cause
	if refused.Network {
		f.Detail = "newcomers from your network wait until then"
	}
	return f
}

// notFound says what there is none of.
func notFound(err error) string {
	for _, none := range []error{chat.ErrNoBan, chat.ErrNoRecord} {
		if errors.Is(err, none) {
			return none.Error()
		}
	}
	return chat.ErrNoMember.Error()
}

// Quota is a limit as its headers tell it: so much in a window of time.
type Quota struct {
	Name   string
	Amount int
	Window time.Duration
}

func tooMuch(limit *chat.LimitError, cause error) *Failure {
	f := &Failure{Code: CodeTooMuch, RetryAfter: max(limit.RetryAfter, 100*time.Millisecond), cause: cause} // it is told in tenths
	if b := limit.Bucket; limit.Name != "" && !b.IsOff() {
		f.Quota = &Quota{limit.Name, b.Burst, b.Window()}
	}
	if limit.Name != "" {
		f.Detail = fmt.Sprintf("%s: again in %s", limit.Name, inSeconds(limit.RetryAfter))
	}
	return f
}

// inSeconds is a time to wait, for people: whole seconds, rounded up.
func inSeconds(d time.Duration) string {
	if n := (d + time.Second - 1) / time.Second; n != 1 {
		return fmt.Sprintf("%d seconds", n)
	}
	return "1 second"
}

// problem is RFC 9457's object, with Caller's members.
type problem struct {
	Type       string  `json:"type"`
	Title      string  `json:"title"`
	Status     int     `json:"status"`
	Detail     string  `json:"detail,omitempty"`
	Code       Code    `json:"code"`
	Field      string  `json:"field,omitempty"`
	Limit      int     `json:"limit,omitempty"`
	RetryAfter float64 `json:"retryAfter,omitempty"`
	// Until and Reason are of a ban or a mute.
	Until  *timestamp `json:"until,omitempty"`
	Reason string     `json:"reason,omitempty"`
	// RoomID is the one that refuses, of several.
	RoomID chat.RoomID `json:"roomId,omitempty"`
}

// AppendProblem appends a failure as the JSON of application/problem+json.
func AppendProblem(dst []byte, f *Failure) []byte {
	body, _ := json.Marshal(problem{ // can't fail: strings and numbers only
		Type: "about:blank", Title: meaningOf(f.Code).title, Status: f.Status(), Detail: f.Detail,
		Code: f.Code, Field: f.Field, Limit: f.Limit, RetryAfter: seconds(f.RetryAfter), Until: f.until(), Reason: f.Reason,
		RoomID: f.RoomID,
	})
	return AppendEscaped(dst, body)
}

// seconds is a duration on the wire: seconds, to the tenth.
func seconds(d time.Duration) float64 {
	return float64(d.Round(100*time.Millisecond)) / float64(time.Second)
}
