package main

import (
	"bytes"
	"debug/buildinfo"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"runtime/debug"
	"slices"
	"strings"

	cdx "github.com/CycloneDX/cyclonedx-go"
)

// materials writes what a program is made of, in CycloneDX's JSON: Go's modules, as the program itself
// lists them, Go's own library, and npm's packages that are in the page.
func (r *release) materials(arch string) error {
	info, err := buildinfo.ReadFile(r.programs[arch])
	if err != nil {
		return err
	}
	bom := cdx.NewBOM()
	itself := goModule(&info.Main, r.version)
	itself.Type = cdx.ComponentTypeApplication
	itself.Licenses = &cdx.Licenses{{License: &cdx.License{ID: "MIT"}}}
	bom.Metadata = &cdx.Metadata{Timestamp: r.at.Format("2006-01-02T15:04:05Z07:00"), Component: &itself}
	components := []cdx.Component{{
		Type: cdx.ComponentTypeLibrary, Name: "std", Version: strings.TrimPrefix(info.GoVersion, "go"),
		BOMRef: "pkg:golang/std@" + strings.TrimPrefix(info.GoVersion, "go"), PackageURL: "pkg:golang/std@" + strings.TrimPrefix(info.GoVersion, "go"),
	}}
	for _, module := range info.Deps {
		if module.Replace != nil {
			module = module.Replace
		}
		components = append(components, goModule(module, module.Version))
	}
	packages, err := pagePackages(filepath.Join(r.top, "frontend"))
	if err != nil {
		return err
	}
	components = append(components, packages...)
	bom.Components = &components
	var depends []string
	for _, component := range components {
		depends = append(depends, component.BOMRef)
	}
	bom.Dependencies = &[]cdx.Dependency{{Ref: itself.BOMRef, Dependencies: &depends}}
	var out bytes.Buffer
	encoder := cdx.NewBOMEncoder(&out, cdx.BOMFileFormatJSON).SetPretty(true)
	if err := encoder.EncodeVersion(bom, cdx.SpecVersion1_6); err != nil {
		return err
	}
	// In the package too, so that it is on the machine that runs the program.
	if err := os.WriteFile(filepath.Join(r.work, arch, "caller.cdx.json"), out.Bytes(), 0o644); err != nil {
		return err
	}
	return r.add(fmt.Sprintf("caller-%s-linux-%s.cdx.json", r.version, arch), out.Bytes(), 0o644)
}

func goModule(module *debug.Module, version string) cdx.Component {
	address := "pkg:golang/" + module.Path + "@" + url.PathEscape(version)
	return cdx.Component{Type: cdx.ComponentTypeLibrary, Name: module.Path, Version: version, BOMRef: address, PackageURL: address}
}

// bundled is the heading of a package in the list that the page's build makes of what went into it.
var bundled = regexp.MustCompile(`(?m)^## (\S+) - (\S+) \((.+)\)$`)

// pagePackages are npm's packages that are in the built pages, with the checksums of the lock file.
func pagePackages(frontend string) ([]cdx.Component, error) {
	text, err := os.ReadFile(filepath.Join(frontend, "package-lock.json"))
	if err != nil {
		return nil, err
	}
	var locked struct {
		Packages map[string]struct{ Version, Integrity string }
	}
	if err := json.Unmarshal(text, &locked); err != nil {
		return nil, fmt.Errorf("package-lock.json: %w", err)
	}
	sums := map[string]string{} // by name and version
	for path, p := range locked.Packages {
		if i := strings.LastIndex(path, "node_modules/"); i >= 0 {
			sums[path[i+len("node_modules/"):]+"@"+p.Version] = p.Integrity
		}
	}
	lists, err := filepath.Glob(filepath.Join(frontend, "dist*", "licenses.md"))
	if err != nil || len(lists) == 0 {
		return nil, errors.Join(errors.New("there is no list of what is in the page"), err)
	}
	known := map[string]cdx.Component{}
	for _, list := range lists {
		text, err := os.ReadFile(list)
		if err != nil {
			return nil, err
		}
		for _, found := range bundled.FindAllStringSubmatch(string(text), -1) {
			name, version, licence := found[1], found[2], found[3]
			address := "pkg:npm/" + strings.Replace(name, "@", "%40", 1) + "@" + version
			c := cdx.Component{Type: cdx.ComponentTypeLibrary, Name: name, Version: version, BOMRef: address, PackageURL: address}
			c.Licenses = &cdx.Licenses{{Expression: licence}}
			if sum, ok := strings.CutPrefix(sums[name+"@"+version], "sha512-"); ok {
				if raw, err := base64.StdEncoding.DecodeString(sum); err == nil {
					c.Hashes = &[]cdx.Hash{{Algorithm: cdx.HashAlgoSHA512, Value: hex.EncodeToString(raw)}}
				}
			}
			known[address] = c
		}
	}
	return slices.SortedFunc(maps.Values(known), func(a, b cdx.Component) int { return strings.Compare(a.BOMRef, b.BOMRef) }), nil
}
