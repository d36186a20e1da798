package main

import (
	"cmp"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"regexp"
	"strings"

	"github.com/caller-chat/caller/calls"
	"github.com/caller-chat/caller/server"
)

// The kinds of values that the calls' settings have.
type (
	liveKitURL    string // without a slash at its end
	liveKitSecret string
	roomPrefix    string
)

// UnmarshalText implements encoding.TextUnmarshaler. One address serves both HTTP and WebSockets,
// so either scheme will do. A user or a password in it would be shown to everybody.
func (v *liveKitURL) UnmarshalText(text []byte) error {
	s := strings.TrimRight(string(text), "/")
	u, err := url.Parse(s)
	switch {
	case s == "":
	case err != nil, u.Host == "", u.Hostname() == "", !strings.Contains(" ws wss http https ", " "+u.Scheme+" "):
		return errors.New("want a URL as in wss://livekit.example.org")
	case u.User != nil, u.RawQuery != "", u.Fragment != "", u.ForceQuery:
		return errors.New("want a URL as in wss://livekit.example.org, with no user, query or fragment")
	}
	*v = liveKitURL(s)
	return nil
}

// withScheme is the URL with the scheme for WebSockets ("ws") or for questions ("http"), encrypted
// if it was.
func (v liveKitURL) withScheme(scheme string) string {
	given, rest, _ := strings.Cut(string(v), "://")
	if strings.EqualFold(given, "wss") || strings.EqualFold(given, "https") {
		scheme += "s"
	}
	return scheme + "://" + rest
}

// UnmarshalText implements encoding.TextUnmarshaler. It is a type of its own so that nothing prints
// it.
func (v *liveKitSecret) UnmarshalText(text []byte) error {
	*v = liveKitSecret(text)
	return nil
}

var roomPrefixForm = regexp.MustCompile(`^[A-Za-z0-9._:~-]{0,63}[:~]$`)

// UnmarshalText implements encoding.TextUnmarshaler. Without a prefix, whatever rooms others have
// in the same LiveKit would be taken for ours, and their participants sent out. Its end is no part
// of a room's id: with "chat-" here and "chat-b-" there, a room x of theirs would be our room b-x.
func (v *roomPrefix) UnmarshalText(text []byte) error {
	if !roomPrefixForm.Match(text) {
		return fmt.Errorf("%q is not 1 to 64 of the characters A-Z a-z 0-9 . _ : ~ - with : or ~ at the end", text)
	}
	*v = roomPrefix(text)
	return nil
}

// fitCalls reports whether the calls' settings are all there or none of them.
func (s *settings) fitCalls() error {
	given := []struct{ name, value string }{
		{"--livekit-url (LIVEKIT_URL)", string(s.LiveKitURL)},
		{"--livekit-api-key (LIVEKIT_API_KEY)", s.LiveKitAPIKey},
		{"--livekit-api-secret (LIVEKIT_API_SECRET)", string(s.LiveKitAPISecret)},
	}
	var have, lack []string
	for _, setting := range given {
		if setting.value != "" {
			have = append(have, setting.name)
		} else {
			lack = append(lack, setting.name)
		}
	}
	switch {
	case len(have) > 0 && len(lack) > 0:
		return fmt.Errorf("%s needs %s: calls take all three, or none", have[0], strings.Join(lack, " and "))
	case len(have) == 0 && s.LiveKitPublicURL != "":
		return fmt.Errorf("--livekit-public-url (LIVEKIT_PUBLIC_URL) needs %s", lack[0])
	}
	return nil
}

// liveKit is how LiveKit is reached, when one is configured.
func (c config) liveKit(log *slog.Logger) calls.Options {
	o := calls.Options{
		URL: c.LiveKitURL.withScheme("http"), PublicURL: cmp.Or(c.LiveKitPublicURL, c.LiveKitURL).withScheme("ws"),
		Key: c.LiveKitAPIKey, Secret: string(c.LiveKitAPISecret), RoomPrefix: string(c.LiveKitRoomPrefix), Logger: log,
	}
	if c.metrics != nil {
		o.Observer = c.metrics.Calls
	}
	return o
}

// callsFeature is what the server serves of the rooms' calls, and what the page may do in one.
func (c config) callsFeature(all *calls.Calls, rooms calls.Rooms) server.Feature {
	return server.Feature{
		Name: "calls", Routes: all.Routes(rooms), Connect: c.liveKit(nil).Origins(), Media: []string{"blob:"},
		Permissions: []string{"camera", "microphone", "display-capture", "speaker-selection"},
	}
}
