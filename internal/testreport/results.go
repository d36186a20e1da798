package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
)

// event is one line of a file: what cmd/test2json writes.
type event struct {
	Action  string
	Package string
	Test    string
	Output  string
	Elapsed float64 // seconds
}

// results are those of all files, in the order in which they were read.
type results struct {
	packages []*pack
}

// pack is a package's tests in one suite.
type pack struct {
	name, suite string
	tests       []*test
	byName      map[string]*test
	failed      bool // the package itself, which may be for a failed test or for more
	seconds     float64
}

// test is a test or a part of one, with all its runs.
type test struct {
	name     string
	output   strings.Builder // of the run under way
	failures []string        // what each failed run wrote
	last     string          // how the last run ended: pass, skip, fail, or "" for not at all
}

func (t *test) flaky() bool { return len(t.failures) > 0 && t.last == "pass" }
func (t *test) red() bool   { return t.last == "fail" || t.last == "" }

// red reports whether a test of the package failed for good, or the package by more than its tests:
// it did not build, or ended before them.
func (p *pack) red() bool {
	failures := false
	for _, t := range p.tests {
		if t.red() {
			return true
		}
		failures = failures || len(t.failures) > 0
	}
	return p.failed && !failures
}

func (r *results) red() bool {
	for _, p := range r.packages {
		if p.red() {
			return true
		}
	}
	return false
}

// readFile adds what is in a file, which is named after its suite.
func (r *results) readFile(file string) (err error) {
	in, err := os.Open(file)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, in.Close()) }()
	suite := strings.TrimSuffix(filepath.Base(file), filepath.Ext(file))
	if err := r.read(suite, in); err != nil {
		return fmt.Errorf("%s: %w", file, err)
	}
	return nil
}

func (r *results) read(suite string, in io.Reader) error {
	packs := map[string]*pack{}
	for decoder := json.NewDecoder(in); ; {
		var e event
		if err := decoder.Decode(&e); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
		if e.Package == "" {
			continue // what the compiler says
		}
		p := packs[e.Package]
		if p == nil {
			p = &pack{name: e.Package, suite: suite, byName: map[string]*test{}}
			packs[e.Package] = p
			r.packages = append(r.packages, p)
		}
		p.add(e)
	}
}

func (p *pack) add(e event) {
	if e.Test == "" {
		switch e.Action {
		case "fail":
			p.failed = true
			p.seconds += e.Elapsed
		case "pass", "skip":
			p.seconds += e.Elapsed
		}
		return
	}
	t := p.byName[e.Test]
	if t == nil {
		t = &test{name: e.Test}
		p.byName[e.Test] = t
		p.tests = append(p.tests, t)
	}
	switch e.Action {
	case "run":
		t.output.Reset()
		t.last = ""
	case "output":
		t.output.WriteString(e.Output)
	case "pass", "skip":
		t.last = e.Action
	case "fail":
		t.last = e.Action
		t.failures = append(t.failures, t.output.String())
	}
}

// flaky are the flaky tests of the package, without those that failed for a part of them alone.
func (p *pack) flaky() []*test {
	var all []*test
	for _, t := range p.tests {
		if t.flaky() && !p.partFailed(t) {
			all = append(all, t)
		}
	}
	return all
}

func (p *pack) partFailed(whole *test) bool {
	for _, t := range p.tests {
		if len(t.failures) > 0 && strings.HasPrefix(t.name, whole.name+"/") {
			return true
		}
	}
	return false
}
