package main

import (
	"fmt"
	"log/slog"

	"github.com/caller-chat/caller/chat"
	"github.com/caller-chat/caller/linkpreview"
	"github.com/caller-chat/caller/server"
)

// onOff says whether something is done: on, off or empty, which is off. It is no bool, since kong
// would show a flag that takes no value then.
type onOff string

func (v onOff) isOn() bool { return v == "on" }

// UnmarshalText implements encoding.TextUnmarshaler.
func (v *onOff) UnmarshalText(text []byte) error {
	switch s := string(text); s {
	case "on", "off", "":
		*v = onOff(s)
		return nil
	default:
		return fmt.Errorf("%q is neither on nor off", s)
	}
}

// links looks up links of messages; nil where that is off.
func (c config) links(limits chat.Policy, log *slog.Logger) *linkpreview.Previews {
	if !c.LinkPreviews.isOn() {
		return nil
	}
	return linkpreview.New(linkpreview.Options{Limits: limits, BasePath: string(c.BasePath), Logger: log})
}

// linksFeature is what the server serves of link previews.
func linksFeature(previews *linkpreview.Previews, rooms linkpreview.Rooms) server.Feature {
	return server.Feature{Name: "link-previews", Routes: previews.Routes(rooms)}
}
