package client

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestRules(t *testing.T) {
	url := serve(t, nil)
	ctx := within(t)
	ann := newClient(t, url, Options{})
	_, err := ann.SignIn(ctx, "Ann")
	require.NoError(t, err)
	room, ownerURL, err := ann.NewRoom(ctx, "Tea")
	require.NoError(t, err)
	assert.Contains(t, ownerURL, "#o=")
	rules, err := room.Rules(ctx)
	require.NoError(t, err)
	assert.Equal(t, "owner", rules.Role)
	assert.Equal(t, "Tea", rules.Settings.Title)
	changed, err := room.ChangeRules(ctx, rules.Version, map[string]any{"password": "secret", "topic": "at five"})
	require.NoError(t, err)
	assert.True(t, changed.Settings.Password)
	_, err = room.ChangeRules(ctx, rules.Version, map[string]any{"topic": "at six"})
	require.ErrorIs(t, err, &Problem{Code: "version_mismatch"})

	bob := newClient(t, url, Options{})
	_, err = bob.SignIn(ctx, "Bob")
	require.NoError(t, err)
	theirs := bob.Room(room.ID())
	for _, err := range theirs.Entries(ctx, From{}) {
		require.ErrorIs(t, err, &Problem{Code: "password_required"})
	}
	_, err = theirs.Enter(ctx, Key{Password: "wrong"})
	require.ErrorIs(t, err, &Problem{Code: "wrong_password"})
	_, err = theirs.Enter(ctx, Key{Password: "secret"})
	require.NoError(t, err)
	_, err = theirs.Post(ctx, Draft{Text: "hello"})
	require.NoError(t, err)
	// One is banned while one reads.
	session, err := bob.Session(ctx)
	require.NoError(t, err)
	var end error
	for event, err := range theirs.Events(ctx, From{}) {
		if err != nil {
			end = err
		} else if event.Type == EventLive {
			require.NoError(t, ann.Call(ctx, http.MethodPost, "rooms/"+room.ID()+"/members/"+session.ID+"/ban", nil, map[string]string{"reason": "spam"}, nil))
		}
	}
	var problem *Problem
	require.True(t, errors.As(end, &problem), end)
	assert.Equal(t, "banned", problem.Code)
	assert.Equal(t, "spam", problem.Reason)

	eve := newClient(t, url, Options{})
	_, err = eve.SignIn(ctx, "Eve")
	require.NoError(t, err)
	_, secret, _ := strings.Cut(ownerURL, "#o=")
	owns, err := eve.Room(room.ID()).Enter(ctx, Key{Owner: secret})
	require.NoError(t, err)
	assert.True(t, owns.Owned)
	require.NoError(t, eve.Call(ctx, http.MethodDelete, "rooms/"+room.ID()+"/messages", nil, nil, nil))

	mine := ann.Room("mine")
	for event, err := range mine.Events(ctx, From{}) {
		require.NoError(t, err)
		if event.Type == EventLive {
			break
		}
	}
	owned, err := mine.Own(ctx)
	require.NoError(t, err)
	rooms, err := ann.Rooms(ctx)
	require.NoError(t, err)
	require.Len(t, rooms, 1)
	assert.Equal(t, "mine", rooms[0].Room)
	assert.NotEmpty(t, owned.OwnerURL)
}

// A session that SignIn made is made anew, under the same name, wherever it ends.
func TestASessionIsRenewed(t *testing.T) {
	url := serve(t, nil)
	ctx := within(t)
	for _, transport := range []Transport{WebSocket, SSE, Polling} {
		ann := newClient(t, url, Options{Transport: transport})
		first, err := ann.SignIn(ctx, "Ann")
		require.NoError(t, err)
		elsewhere := newClient(t, url, Options{Token: first.Token})
		lives := 0
		for event, err := range ann.Room("lobby").Events(ctx, From{}) {
			require.NoError(t, err)
			if event.Type == EventLive {
				if lives++; lives == 2 {
					break
				}
				require.NoError(t, elsewhere.SignOut(ctx))
			}
		}
		now, err := ann.Session(ctx)
		require.NoError(t, err)
		assert.NotEqual(t, first.ID, now.ID)
		assert.Equal(t, "Ann", now.Name)
	}
}

// cutting ends the bodies of requests and answers after some bytes, for so many times.
type cutting struct {
	http.RoundTripper
	match func(*http.Request) bool
	after int64
	times atomic.Int64
}

func (c *cutting) RoundTrip(r *http.Request) (*http.Response, error) {
	if !c.match(r) || c.times.Add(-1) < 0 {
		return c.RoundTripper.RoundTrip(r)
	}
	r = r.Clone(r.Context())
	if r.Body != nil && r.Body != http.NoBody {
		r.Body = struct {
			io.Reader
			io.Closer
		}{io.MultiReader(io.LimitReader(r.Body, c.after), failing{}), r.Body}
	}
	resp, err := c.RoundTripper.RoundTrip(r)
	if err == nil {
		resp.Body = struct {
			io.Reader
			io.Closer
		}{io.MultiReader(io.LimitReader(resp.Body, c.after), failing{}), resp.Body}
	}
	return resp, err
}

type failing struct{}

func (failing) Read([]byte) (int, error) { return 0, errors.New("cut") }

func TestFiles(t *testing.T) {
	url := serve(t, nil)
	ctx := within(t)
	transport := http.DefaultTransport.(*http.Transport).Clone()
	t.Cleanup(transport.CloseIdleConnections)
	cuts := &cutting{RoundTripper: transport, after: 100_000, match: func(r *http.Request) bool {
		return r.Method == http.MethodPatch || (r.Method == http.MethodGet && strings.Contains(r.URL.Path, "/files/") && strings.HasSuffix(r.URL.Path, ".log"))
	}}
	ann := newClient(t, url, Options{HTTP: &http.Client{Transport: cuts}})
	_, err := ann.SignIn(ctx, "Ann")
	require.NoError(t, err)
	room := ann.Room("lobby")
	content := bytes.Repeat([]byte("a line of a log\n"), 70_000)

	cuts.times.Store(3)
	file, err := room.Upload(ctx, "büro 1.log", bytes.NewReader(content))
	require.NoError(t, err)
	assert.Less(t, cuts.times.Load(), int64(1), "it was cut")
	assert.Equal(t, int64(len(content)), file.Size)
	assert.Equal(t, "büro 1.log", file.Name)
	_, err = room.Post(ctx, Draft{Files: []string{file.ID}})
	require.NoError(t, err)

	cuts.times.Store(3)
	page, err := room.History(ctx, Span{Limit: 1})
	require.NoError(t, err)
	require.Len(t, page.Entries[0].Files, 1)
	var got bytes.Buffer
	require.NoError(t, ann.Download(ctx, page.Entries[0].Files[0], &got))
	assert.Less(t, cuts.times.Load(), int64(1), "it was cut")
	assert.True(t, bytes.Equal(content, got.Bytes()))

	streamed, err := room.UploadStream(ctx, "out.txt", strings.NewReader("as it comes"))
	require.NoError(t, err)
	assert.Equal(t, int64(11), streamed.Size)
	empty, err := room.Upload(ctx, "empty.txt", strings.NewReader(""))
	require.NoError(t, err)
	assert.Zero(t, empty.Size)
	wrong := file
	wrong.SHA256 = "00"
	require.ErrorContains(t, ann.Download(ctx, wrong, io.Discard), "SHA-256")
	_, err = newClient(t, url, Options{}).Room("lobby").Upload(ctx, "x", strings.NewReader("x"))
	require.ErrorIs(t, err, &Problem{Code: "session_required"})
}
