package main

import (
	"encoding/json"
	"fmt"
	"runtime"
	"runtime/debug"
	"strings"
)

// versionCommand is "caller version".
type versionCommand struct {
	JSON bool `name:"json" help:"As a JSON object."`
}

// Run implements the command.
func (v *versionCommand) Run(i *invocation) error {
	if !v.JSON {
		_, err := fmt.Fprintln(i.stdout, version())
		return quietly(err)
	}
	return quietly(json.NewEncoder(i.stdout).Encode(buildOf(debug.ReadBuildInfo())))
}

// build is what is known of this program's origin.
type build struct {
	Version  string `json:"version"`            // as v1.2.3, or a pseudo-version between two
	Commit   string `json:"commit,omitempty"`   // the whole hash
	Time     string `json:"time,omitempty"`     // of the commit, RFC 3339
	Modified bool   `json:"modified,omitempty"` // there was more than the commit
	Go       string `json:"go"`
	Platform string `json:"platform"`
}

// buildOf is what the Go toolchain wrote into the program.
func buildOf(info *debug.BuildInfo, ok bool) build {
	b := build{Version: "(unknown version)", Go: runtime.Version(), Platform: runtime.GOOS + "/" + runtime.GOARCH}
	if !ok {
		return b
	}
	b.Version = strings.Trim(info.Main.Version, "()")
	for _, s := range info.Settings {
		switch s.Key {
		case "vcs.revision":
			b.Commit = s.Value
		case "vcs.time":
			b.Time = s.Value
		case "vcs.modified":
			b.Modified = s.Value == "true"
		}
	}
	return b
}

// version is the program's version in a line, with the commit it was built of.
func version() string {
	b := buildOf(debug.ReadBuildInfo())
	v := "caller " + b.Version
	if b.Commit != "" {
		v += " " + b.Commit
	}
	return v + " " + b.Go
}
