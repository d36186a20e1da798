package auth

import (
	"context"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caller-chat/caller/chat"
	"github.com/caller-chat/caller/internal/testwait"
	"github.com/caller-chat/caller/server/httpapi"
	"github.com/caller-chat/caller/transport/wire"
)

// post is POST /session with a name, and with headers as pairs of name and value.
func (n *node) post(name string, headers ...string) (s Session, token string, created bool, err error) {
	n.serve(func(w http.ResponseWriter, r *http.Request) {
		s, token, created, err = n.SignIn(w, r, func(fixed string) (string, error) {
			if name == "" && fixed != "" {
				return fixed, nil
			}
			return name, nil
		})
	}, headers...)
	return s, token, created, err
}

// serve is one request, and the cookies that it is answered with.
func (n *node) serve(h http.HandlerFunc, headers ...string) []*http.Cookie {
	r := request("/session")
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	n.Middleware(h).ServeHTTP(w, r)
	return w.Result().Cookies()
}

func (n *node) vouch(p httpapi.Person, headers ...string) (token string, err error) {
	set := n.serve(func(w http.ResponseWriter, r *http.Request) {
		err = httpapi.IdentityOf(r).(httpapi.Voucher).Vouch(w, p)
	}, headers...)
	if len(set) > 0 {
		token = set[0].Value
	}
	return token, err
}

// A site's user gets a session for pages: with the name, the role and the rooms that the site's
// token has, for as long as it is good.
func TestASitesUserGetsASession(t *testing.T) {
	n := newNode(t, &fakeStore{}, bySecret())
	bearer := "Bearer " + siteToken(t, jwt.SigningMethodHS256, siteSecret, eve(with("role", "owner"), with("rooms", []string{"tea"})))
	s, token, created, err := n.post("", "Authorization", bearer, "Cookie", "caller_session="+signed(t, ann(), testKey))
	require.NoError(t, err)
	assert.True(t, created)
	assert.Equal(t, VouchedID(chat.ViaSite, testIssuer, "42"), s.ID, "another person than the cookie's")
	assert.Equal(t, start.Add(5*time.Minute), s.Expires)

	who, err := n.principal("/", "Cookie", "caller_session="+token)
	require.NoError(t, err)
	assert.Equal(t, chat.Principal{
		ID: s.ID, Name: "Eve", Via: chat.ViaSite, Role: chat.RoleOwner, Rooms: []chat.RoomID{"tea"},
		Client: string(s.ID), LimitKey: string(s.ID), NetworkKey: "192.0.2.1", Network: who.Network,
		Session: s.ID + "@" + chat.MemberID(s.SID), Until: who.Until,
	}, who)
	assert.WithinDuration(t, time.Now().Add(5*time.Minute), who.Until, testwait.Limit, "as long as the site's token")

	n.now = n.now.Add(4 * time.Minute)
	again, token, created, err := n.post("Eve", "Cookie", "caller_session="+token)
	require.NoError(t, err)
	assert.False(t, created)
	assert.Equal(t, s, again, "no time is won")
	_, _, _, err = n.post("Ann", "Cookie", "caller_session="+token)
	assert.Equal(t, wire.CodeNameFixed, wire.FailureOf(err).Code)
	n.now = n.now.Add(time.Minute)
	_, err = n.principal("/", "Cookie", "caller_session="+token)
	require.Error(t, err)

	_, _, _, err = n.post("Eve", "Authorization", "Bearer "+siteToken(t, jwt.SigningMethodHS256, siteSecret, eve(with("exp", 1))))
	assert.Equal(t, wire.CodeSessionInvalid, wire.FailureOf(err).Code, "nobody gets another session in place of the site's")
}

// No rooms are not all rooms, also in a session; more than a cookie can hold are refused.
func TestRoomsInASession(t *testing.T) {
	n := newNode(t, &fakeStore{}, bySecret())
	_, token, _, err := n.post("", "Authorization", "Bearer "+siteToken(t, jwt.SigningMethodHS256, siteSecret, eve(with("rooms", []string{}))))
	require.NoError(t, err)
	who, err := n.principal("/", "Cookie", "caller_session="+token)
	require.NoError(t, err)
	assert.NotNil(t, who.Rooms)
	assert.Empty(t, who.Rooms)

	var many []string
	for i := range maxClaimedRooms {
		many = append(many, strings.Repeat("r", 50)+string(rune('a'+i%26))+string(rune('a'+i/26)))
	}
	bearer := "Bearer " + siteToken(t, jwt.SigningMethodHS256, siteSecret, eve(with("rooms", many)))
	who, err = n.principal("/", "Authorization", bearer)
	require.NoError(t, err)
	assert.Len(t, who.Rooms, maxClaimedRooms)
	_, _, _, err = n.post("", "Authorization", bearer)
	assert.Equal(t, "rooms", wire.FailureOf(err).Field)
}

func TestASitesUserChoosesTheNameThatTheSiteLeaves(t *testing.T) {
	n := newNode(t, &fakeStore{}, bySecret())
	bearer := "Bearer " + siteToken(t, jwt.SigningMethodHS256, siteSecret, eve(without("name")))
	_, _, _, err := n.post("", "Authorization", bearer)
	assert.Equal(t, "name", wire.FailureOf(err).Field)
	_, token, _, err := n.post("Eva", "Authorization", bearer)
	require.NoError(t, err)
	s, _, _, err := n.post("Evita", "Cookie", "caller_session="+token)
	require.NoError(t, err)
	assert.Equal(t, "Evita", s.Name)
}

// Whatever session somebody came with, or was given, a sign-in makes another one.
func TestNoSessionIsFixed(t *testing.T) {
	n := newNode(t, &fakeStore{}, Options{Key: testKey})
	person := httpapi.Person{Via: chat.ViaOIDC, Issuer: "https://idp.example", Subject: "7", Name: "Ann", Life: time.Hour}
	planted := signed(t, ann(), testKey)
	first, err := n.vouch(person, "Cookie", "caller_session="+planted)
	require.NoError(t, err)
	second, err := n.vouch(person, "Cookie", "caller_session="+first)
	require.NoError(t, err)
	a, err := n.principal("/", "Cookie", "caller_session="+first)
	require.NoError(t, err)
	b, err := n.principal("/", "Cookie", "caller_session="+second)
	require.NoError(t, err)
	assert.NotEqual(t, a.Session, b.Session)
	a.Session, a.Until, b.Session, b.Until = "", time.Time{}, "", time.Time{}
	assert.Equal(t, a, b, "the same person")
	assert.Equal(t, chat.ViaOIDC, a.Via)
	assert.NotEqual(t, ann().ID, a.ID, "who planted the cookie is not them")
	mallory, err := n.principal("/", "Cookie", "caller_session="+planted)
	require.NoError(t, err)
	assert.Equal(t, chat.ViaItself, mallory.Via)

	// One session's end is not the person's, who may sign in again.
	back := n.serve(func(w http.ResponseWriter, r *http.Request) {
		via, err := httpapi.IdentityOf(r).(httpapi.Voucher).SignOut(w)
		require.NoError(t, err)
		assert.Equal(t, chat.ViaOIDC, via)
	}, "Cookie", "caller_session="+first)
	require.Len(t, back, 1)
	assert.Negative(t, back[0].MaxAge)
	gone, _ := n.parse(t.Context(), first)
	assert.Equal(t, gone.ID+"@"+chat.MemberID(gone.SID), <-n.ended)
	_, err = n.principal("/", "Cookie", "caller_session="+first)
	assert.Equal(t, wire.CodeSessionInvalid, wire.FailureOf(err).Code)
	for _, token := range []string{second, must(n.vouch(person))(t)} {
		_, err = n.principal("/", "Cookie", "caller_session="+token)
		require.NoError(t, err)
	}
	n.now = n.now.Add(time.Hour)
	_, err = n.principal("/", "Cookie", "caller_session="+second)
	require.Error(t, err)
}

func must(token string, err error) func(testing.TB) string {
	return func(t testing.TB) string {
		t.Helper()
		require.NoError(t, err)
		return token
	}
}

// A link to another device is to the same session, with all that it may and may not.
func TestALinkToAVouchedSession(t *testing.T) {
	n := newNode(t, &fakeStore{}, bySecret())
	bearer := "Bearer " + siteToken(t, jwt.SigningMethodHS256, siteSecret, eve(with("rooms", []string{"tea"})))
	s, token, _, err := n.post("", "Authorization", bearer)
	require.NoError(t, err)
	link := func(headers ...string) (code string, err error) {
		n.serve(func(_ http.ResponseWriter, r *http.Request) { code, _, err = n.NewLink(r) }, headers...)
		return code, err
	}
	claim := func(code string) (s Session, err error) {
		n.serve(func(w http.ResponseWriter, r *http.Request) { s, _, err = n.Claim(w, r, code) })
		return s, err
	}
	code, err := link("Cookie", "caller_session="+token)
	require.NoError(t, err)
	claimed, err := claim(code)
	require.NoError(t, err)
	assert.Equal(t, s, claimed)

	code, err = link("Cookie", "caller_session="+token)
	require.NoError(t, err)
	n.now = s.Expires
	_, err = claim(code)
	assert.Equal(t, wire.CodeNotFound, wire.FailureOf(err).Code, "its time is over")

	_, err = link("Authorization", bearer)
	require.Error(t, err)
	require.Error(t, n.signOut(strings.TrimPrefix(bearer, "Bearer ")), "the site's token is not ours to end")
}

// A session keeps when it was first made: a new name does not make an old one new, nor a new one
// old.
func TestASessionsBirth(t *testing.T) {
	n := newNode(t, &fakeStore{}, Options{Key: testKey})
	n.now = start.Add(123456 * time.Microsecond)
	s, token, _, err := n.post("Ann")
	require.NoError(t, err)
	assert.Equal(t, start.Add(123*time.Millisecond), s.Born)
	n.now = n.now.Add(24 * time.Hour)
	renewed, token, created, err := n.post("Anna", "Authorization", "Bearer "+token)
	require.NoError(t, err)
	assert.False(t, created)
	assert.Equal(t, s.Born, renewed.Born)
	who, err := n.principal("/", "Authorization", "Bearer "+token)
	require.NoError(t, err)
	assert.Equal(t, s.Born, who.Born)

	old, token, _, err := n.post("Ann", "Authorization", "Bearer "+legacyOf(Session{ID: "old", Name: "Ann", Expires: n.now.Add(time.Hour)}, testKey))
	require.NoError(t, err)
	assert.Zero(t, old.Born, "it is older than that is kept")
	who, err = n.principal("/", "Authorization", "Bearer "+token)
	require.NoError(t, err)
	assert.Zero(t, who.Born)
}

// Networks that everybody may be behind are never known.
func TestNetworks(t *testing.T) {
	n := newNode(t, &fakeStore{}, Options{Key: testKey, Proxy: netip.MustParsePrefix("203.0.113.0/28").Contains})
	network := func(address string) string {
		n.options.Address = func(*http.Request) string { return address }
		who, err := n.principal("/")
		require.NoError(t, err)
		return who.Network
	}
	for _, address := range []string{
		"127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.7.7", "::ffff:192.168.7.7", "fd00::7",
		"169.254.1.1", "fe80::1", "100.64.0.1", "100.127.255.255", "0.0.0.0", "::", "203.0.113.7", "@", "",
	} {
		assert.Empty(t, network(address), address)
	}
	for _, address := range []string{"198.51.100.7", "203.0.113.16", "172.32.0.1", "100.63.255.255", "100.128.0.1", "2001:db8::1"} {
		assert.Len(t, network(address), 16, address)
	}
	assert.Equal(t, network("2001:db8:0:7::1"), network("2001:db8:0:7:ffff::2"), "a household")
	assert.NotEqual(t, network("2001:db8:0:7::1"), network("2001:db8:0:8::1"))
	assert.NotEqual(t, network("198.51.100.7"), network("198.51.100.8"))
	one := network("198.51.100.7")
	n.keys.fixed = []byte(strings.Repeat("o", MinKey))
	assert.NotEqual(t, one, network("198.51.100.7"), "nobody finds it out without the key")
}

// A page is told by a cookie of its own that somebody vouches for its session, and no more.
func TestThePageIsToldOfAVouchedSession(t *testing.T) {
	n := newNode(t, &fakeStore{}, Options{Key: testKey})
	var s Session
	vouched := n.serve(func(w http.ResponseWriter, r *http.Request) {
		require.NoError(t, httpapi.IdentityOf(r).(httpapi.Voucher).Vouch(w, httpapi.Person{Via: chat.ViaOIDC, Issuer: "i", Subject: "7", Life: time.Hour}))
	})
	require.Len(t, vouched, 2)
	assert.Equal(t, "caller_vouched", vouched[1].Name)
	assert.Equal(t, "1", vouched[1].Value)
	assert.False(t, vouched[1].HttpOnly)
	assert.Equal(t, int((time.Hour+overKept)/time.Second), vouched[1].MaxAge, "the page has it, and asks, when the sign-in is over")

	plain := func(cookies string) []*http.Cookie {
		return n.serve(func(w http.ResponseWriter, r *http.Request) {
			var err error
			s, _, _, err = n.SignIn(w, r, called("Ann"))
			require.NoError(t, err)
		}, "Cookie", cookies)
	}
	assert.Len(t, plain("caller_session=over"), 1)
	gone := plain("caller_session=over; caller_vouched=1")
	require.Len(t, gone, 2)
	assert.Negative(t, gone[1].MaxAge)
	assert.Equal(t, "Ann", s.Name)
	who, err := n.principal("/", "Cookie", "caller_vouched=1")
	require.NoError(t, err)
	assert.Equal(t, chat.ViaItself, who.Via, "it proves nothing")
}

// A room's password comes as curl sends it; a proxy's user and password are none.
func TestARoomsPassword(t *testing.T) {
	n := newNode(t, &fakeStore{}, Options{Key: testKey})
	for given, want := range map[[2]string]string{{"", "open:sesame"}: "open:sesame", {"ann", "secret"}: "", {"", ""}: ""} {
		r := request("/")
		r.SetBasicAuth(given[0], given[1])
		who, err := n.principal("/", "Authorization", r.Header.Get("Authorization"), "Cookie", "caller_session="+signed(t, ann(), testKey))
		require.NoError(t, err)
		assert.Equal(t, want, who.Password)
		assert.Equal(t, "Ann", who.Name)
	}
}

func TestTheOperator(t *testing.T) {
	token := strings.Repeat("op", MinKey)
	n := newNode(t, &fakeStore{}, Options{Key: testKey, Operator: token})
	for _, header := range [][2]string{{"Authorization", "Bearer " + token}, {"Sec-WebSocket-Protocol", "caller.v1, caller.token." + token}} {
		who, err := n.principal("/?name=Mallory", header[0], header[1])
		require.NoError(t, err)
		assert.Equal(t, chat.RoleOperator, who.Role)
		assert.Equal(t, chat.ViaOperator, who.Via)
		assert.Equal(t, "operator", who.Name)
	}
	_, _, _, err := n.post("Ann", "Authorization", "Bearer "+token)
	require.Error(t, err, "it is no session")
	for _, wrong := range []string{token[:len(token)-1], token + "o", strings.ToUpper(token), ""} {
		who, err := n.principal("/", "Authorization", "Bearer "+wrong)
		require.NoError(t, err)
		assert.True(t, who.Guest)
		who, err = n.principal("/", "Cookie", "caller_session="+token)
		require.Error(t, err)
		assert.Empty(t, who, "a cookie is no token: browsers send it by themselves")
	}
	_, err = New(&fakeStore{}, &fakeStore{}, &fakeStore{}, Options{Operator: "short"})
	require.Error(t, err)
}

// An access token is whatever its room's owner has made it, and nothing when it is revoked.
func TestAccessTokens(t *testing.T) {
	bot := chat.Principal{ID: "t-1", Name: "ci", Via: chat.ViaToken, Rooms: []chat.RoomID{"tea"}, NoPost: true, Client: "t-1", LimitKey: "t-1"}
	good := "caller_" + strings.Repeat("g", 43)
	n := newNode(t, &fakeStore{}, Options{Key: testKey, Program: func(_ context.Context, token string) (chat.Principal, bool, error) {
		return bot, token == good, nil
	}})
	want := bot
	want.NetworkKey = "192.0.2.1"
	for _, header := range [][2]string{{"Authorization", "Bearer " + good}, {"Sec-WebSocket-Protocol", "caller.v1, caller.token." + good}} {
		who, err := n.principal("/?name=Mallory", header[0], header[1], "X-Name", "Mallory", "Cookie", "caller_session="+signed(t, ann(), testKey))
		require.NoError(t, err)
		assert.Equal(t, want, who)
	}
	_, err := n.principal("/", "Authorization", "Bearer caller_unknown", "Cookie", "caller_session="+signed(t, ann(), testKey))
	assert.Equal(t, wire.CodeSessionInvalid, wire.FailureOf(err).Code, "it is nobody else's: the cookie does not count")
	_, err = n.principal("/", "Cookie", "caller_session="+good)
	require.Error(t, err)
	_, _, _, err = n.post("Ann", "Authorization", "Bearer "+good)
	assert.Equal(t, wire.CodeNotAllowed, wire.FailureOf(err).Code)
}

// When a sign-in is over its owner is told so, and becomes nobody else without a word: they sign in
// again, or sign out.
func TestASignInThatIsOver(t *testing.T) {
	n := newNode(t, &fakeStore{}, Options{Key: testKey})
	person := httpapi.Person{Via: chat.ViaOIDC, Issuer: "https://idp.example", Subject: "7", Name: "Ann", Life: time.Hour}
	cookies := n.serve(func(w http.ResponseWriter, r *http.Request) {
		require.NoError(t, httpapi.IdentityOf(r).(httpapi.Voucher).Vouch(w, person))
	})
	require.Len(t, cookies, 2)
	for _, c := range cookies {
		assert.Equal(t, int((time.Hour+overKept)/time.Second), c.MaxAge, "%s: the browser still has it then", c.Name)
	}
	token := cookies[0].Value
	before, err := n.principal("/", "Cookie", "caller_session="+token)
	require.NoError(t, err)
	n.now = n.now.Add(time.Hour)
	for _, cookie := range []string{
		"caller_session=" + token, "caller_session=planted; caller_session=" + token,
		"caller_session=" + signed(t, Session{ID: "x", Name: "X", Expires: start}, testKey) + "; caller_session=" + token,
	} {
		_, err = n.principal("/", "Cookie", cookie)
		assert.Equal(t, wire.CodeSessionOver, wire.FailureOf(err).Code)
		assert.Equal(t, 401, wire.FailureOf(err).Status())
		_, _, _, err = n.post("Ann", "Cookie", cookie)
		assert.Equal(t, wire.CodeSessionOver, wire.FailureOf(err).Code)
	}
	valid := signed(t, Session{ID: "y", Name: "Y", Expires: n.now.Add(time.Hour)}, testKey)
	who, err := n.principal("/", "Cookie", "caller_session="+token+"; caller_session="+valid)
	require.NoError(t, err)
	assert.Equal(t, chat.MemberID("y"), who.ID)

	again, err := n.vouch(person, "Cookie", "caller_session="+token)
	require.NoError(t, err)
	who, err = n.principal("/", "Cookie", "caller_session="+again)
	require.NoError(t, err)
	assert.Equal(t, before.ID, who.ID)

	var via chat.Via
	back := n.serve(func(w http.ResponseWriter, r *http.Request) {
		via, err = httpapi.IdentityOf(r).(httpapi.Voucher).SignOut(w)
	}, "Cookie", "caller_session="+token+"; caller_vouched=1")
	require.NoError(t, err)
	assert.Equal(t, chat.ViaOIDC, via)
	require.Len(t, back, 2)
	for _, c := range back {
		assert.Negative(t, c.MaxAge, c.Name)
	}

	own := ann()
	own.Expires = start
	_, _, created, err := n.post("Ann", "Cookie", "caller_session="+signed(t, own, testKey))
	require.NoError(t, err, "who vouches for themselves can be anybody")
	assert.True(t, created)
}
