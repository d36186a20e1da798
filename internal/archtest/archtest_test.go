package archtest

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const module = "github.com/caller-chat/caller/"

// rules say which of the repository's own packages a package may import. The longest folder that a
// package is in decides; "x/..." is all that is in x. Tests may import what they like.
var rules = map[string][]string{
	"chat":                             {},
	"chat/...":                         {"chat"},
	"chat/chattest":                    {"chat", "internal/testwait"},
	"redisstore":                       {"chat"},
	"archive":                          {"attachments", "attachments/filename", "chat", "redisstore", "server/httpapi", "transport/wire"},
	"attachments":                      {"attachments/...", "chat", "server/httpapi", "transport/wire"},
	"attachments/filename":             {"chat"},
	"attachments/picture":              {},
	"attachments/picture/...":          {},
	"attachments/scan":                 {},
	"attachments/web":                  {"attachments", "attachments/...", "chat", "server/httpapi", "transport/wire"},
	"attachments/attachmentstest":      {"attachments", "chat", "internal/testwait"},
	"calls":                            {"calls/...", "chat", "server/httpapi", "transport/wire"},
	"calls/incall":                     {"chat"},
	"linkpreview":                      {"attachments/picture", "chat", "server/httpapi", "transport/wire"},
	"metrics/trace":                    {"chat", "transport/wire"},
	"metrics":                          {"admin", "attachments", "calls", "calls/incall", "chat", "push", "redisstore", "server", "transport/conn", "transport/wire", "webhooks"},
	"oidc":                             {"chat", "internal/outbound", "server/httpapi", "transport/wire"},
	"openapi":                          {"server/httpapi", "server/static", "transport/wire"},
	"openapi/contract":                 {"openapi"},
	"mcp":                              {"chat", "server/httpapi", "transport/wire"},
	"push":                             {"chat", "internal/outbound", "server/httpapi", "transport/wire"},
	"admin":                            {"server/httpapi", "server/static", "transport/wire"},
	"admin/load":                       {"chat"},
	"admin/api":                        {"admin", "chat", "server/httpapi", "transport/wire"},
	"webhooks":                         {"chat", "internal/outbound", "server/httpapi", "transport/wire"},
	"webhooks/incoming":                {"chat", "server/httpapi", "transport/wire"},
	"transport/wire":                   {"chat", "calls/incall"},
	"transport/conn":                   {"chat", "transport/wire"},
	"transport/ws":                     {"chat", "server/httpapi", "transport/conn", "transport/wire"},
	"transport/sse":                    {"chat", "chat/find", "server/httpapi", "transport/conn", "transport/wire"},
	"transport/poll":                   {"chat", "chat/find", "server/httpapi", "transport/conn", "transport/wire"},
	"transport/internal/transporttest": {"chat", "chat/chattest", "internal/testwait", "transport/...", "server/httpapi"},
	"server":                           {"chat", "server/auth", "server/httpapi", "server/static", "transport/conn", "transport/poll", "transport/sse", "transport/wire", "transport/ws"},
	"server/auth":                      {"chat", "internal/outbound", "server/httpapi", "transport/wire"},
	"server/httpapi":                   {"chat", "chat/find", "transport/wire"},
	"server/static":                    {"server/httpapi"},
	"cmd/caller": {
		"admin",
		"admin/api",
		"admin/load",
		"archive",
		"attachments",
		"attachments/scan",
		"attachments/web",
		"calls",
		"calls/incall",
		"chat",
		"chat/...",
		"client",
		"frontend",
		"internal/outbound",
		"linkpreview",
		"mcp",
		"metrics",
		"mcp", "oidc",
		"metrics/trace",
		"oidc",
		"openapi",
		"push",
		"redisstore",
		"server",
		"server/auth",
		"server/httpapi",
		"transport/conn",
		"verify",
		"transport/wire",
		"webhooks", "webhooks/incoming",
	},
	"frontend":            {},
	"internal/...":        {},
	"internal/servertest": {"attachments", "attachments/web", "chat", "chat/...", "redisstore", "server", "transport/conn"},
	"client":              {},
	"verify":              {"client", "verify/judge"},
	"verify/judge":        {},
	"e2e":                 {},
	"e2e/...":             {"calls/incall", "chat", "client", "e2e/...", "internal/testwait", "openapi", "openapi/contract", "transport/wire", "verify/judge"},
}

// deps are packages that must, or must not, be among all that a package is built from.
var deps = []struct {
	folder, not, why string
}{
	{"transport/wire", "net/http", "wire does not know how bytes travel"},
	{"server", "github.com/livekit/", "a server without calls has nothing of LiveKit"},
	{"server", "github.com/redis/", "the server knows no Redis"},
	{"server", "gocloud.dev/", "a server without files has no blob store"},
	{"server", "github.com/tus/", "a server without files has nothing of how they are sent"},
	{"redisstore", "gocloud.dev/", "the rooms' store keeps what is known of files, and no file"},
	{"server", "code.dny.dev/", "a server without link previews asks nobody"},
	{"server", "github.com/SherClockHolmes/", "a server without pushes has nothing of them"},
	{"server", "github.com/modelcontextprotocol/", "a server without agents has nothing of their protocol"},
	{"server", "github.com/coreos/", "a server without a sign-in service has nothing of one"},
	{"transport/ws", "github.com/redis/", "transports know no store"},
	{"transport/sse", "github.com/redis/", "transports know no store"},
	{"transport/poll", "github.com/redis/", "transports know no store"},
	{"redisstore", "net/http", "the store knows no HTTP"},
	{"chat", "net/http", "the core knows no HTTP"},
}

// maxLines is how long a file of code may be, tests aside: one idea.
const maxLines = 400

type pkg struct {
	ImportPath, Dir, Doc string
	GoFiles, TestGoFiles []string
	XTestGoFiles         []string
	Imports, Deps        []string
}

func (p pkg) folder() string { return strings.TrimPrefix(p.ImportPath, module) }

// root is the repository's folder.
func root(t *testing.T) string {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "go", "list", "-m", "-f", "{{.Dir}}").Output()
	require.NoError(t, err)
	return strings.TrimSpace(string(out))
}

func packages(t *testing.T) []pkg {
	t.Helper()
	list := exec.CommandContext(t.Context(), "go", "list", "-json=ImportPath,Dir,Doc,GoFiles,TestGoFiles,XTestGoFiles,Imports,Deps", "./...")
	list.Dir = root(t)
	out, err := list.Output()
	require.NoError(t, err)
	var all []pkg
	for d := json.NewDecoder(bytes.NewReader(out)); ; {
		var p pkg
		if err := d.Decode(&p); errors.Is(err, io.EOF) {
			break
		} else {
			require.NoError(t, err)
		}
		// What is opened is what go test compares before it takes an earlier run's result; a
		// process's files are not.
		_, err := os.ReadDir(p.Dir)
		require.NoError(t, err)
		all = append(all, p)
	}
	require.Greater(t, len(all), 20, "the list is not the repository's")
	return all
}

// matches reports whether a folder is what a pattern means.
func matches(pattern, folder string) bool {
	if in, all := strings.CutSuffix(pattern, "/..."); all {
		return strings.HasPrefix(folder, in+"/")
	}
	return pattern == folder
}

// allowed are the patterns of a package's rule; ok is false when no rule is about it.
func allowed(folder string) (patterns []string, ok bool) {
	if patterns, ok = rules[folder]; ok {
		return patterns, true
	}
	for in := path.Dir(folder); in != "."; in = path.Dir(in) {
		if patterns, ok = rules[in+"/..."]; ok {
			return patterns, true
		}
	}
	return nil, false
}

func TestImports(t *testing.T) {
	for _, p := range packages(t) {
		patterns, ok := allowed(p.folder())
		if !assert.True(t, ok, "%s: no rule says what it may import", p.folder()) {
			continue
		}
		for _, imported := range p.Imports {
			folder, own := strings.CutPrefix(imported, module)
			if own {
				may := slices.ContainsFunc(patterns, func(pattern string) bool { return matches(pattern, folder) })
				assert.True(t, may, "%s may not import %s", p.folder(), folder)
			}
			if strings.HasPrefix(imported, "github.com/labstack/echo") {
				assert.Equal(t, "server", p.folder(), "only server imports echo")
			}
			if p.folder() == "chat" {
				assert.NotEqual(t, "net", strings.SplitN(imported, "/", 2)[0], "the core imports %s", imported)
			}
			if p.folder() == "chat" && strings.Contains(strings.SplitN(imported, "/", 2)[0], ".") {
				assert.Equal(t, "github.com/google/uuid", imported, "the core's only library")
			}
		}
		for _, rule := range deps {
			if rule.folder != p.folder() {
				continue
			}
			for _, dep := range p.Deps {
				assert.False(t, dep == rule.not || strings.HasSuffix(rule.not, "/") && strings.HasPrefix(dep, rule.not),
					"%s is built from %s: %s", p.folder(), dep, rule.why)
			}
		}
	}
}

func TestEveryRuleIsAboutAPackage(t *testing.T) {
	var folders []string
	for _, p := range packages(t) {
		folders = append(folders, p.folder())
	}
	about := func(pattern string) {
		assert.True(t, slices.ContainsFunc(folders, func(folder string) bool { return matches(pattern, folder) }), pattern)
	}
	for folder := range rules {
		about(folder)
	}
	for _, rule := range deps {
		about(rule.folder)
	}
}

func TestEveryPackageHasADoc(t *testing.T) {
	for _, p := range packages(t) {
		if p.Doc == "" { // go list leaves out what test files say
			p.Doc = docOfTests(t, p)
		}
		assert.NotEmpty(t, p.Doc, "%s: what is it for?", p.folder())
	}
}

// docOfTests is the comment above the package clause of a test file.
func docOfTests(t *testing.T, p pkg) string {
	for _, name := range append(p.TestGoFiles, p.XTestGoFiles...) {
		content, err := os.ReadFile(filepath.Join(p.Dir, name))
		require.NoError(t, err)
		before, _, _ := strings.Cut("\n"+string(content), "\npackage ")
		lines := strings.Split(strings.TrimRight(before, " "), "\n")
		if last := lines[len(lines)-1]; strings.HasPrefix(last, "//") && !strings.HasPrefix(last, "//go:") {
			return last
		}
	}
	return ""
}

func TestFilesAreOfOneIdea(t *testing.T) {
	out, err := exec.CommandContext(t.Context(), "git", "-C", root(t), "ls-files", "*.go", "*.ts", "*.tsx").Output()
	if err != nil {
		t.Skip("not in a repository:", err)
	}
	files := strings.Fields(string(out))
	require.Greater(t, len(files), 100)
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") || strings.HasPrefix(name, "e2e/") || strings.Contains(name, "/test/") ||
			strings.HasPrefix(name, "frontend/dist/") {
			continue
		}
		content, err := os.ReadFile(filepath.Join(root(t), name))
		if errors.Is(err, os.ErrNotExist) {
			continue // taken out, and not committed yet
		}
		require.NoError(t, err)
		assert.LessOrEqual(t, bytes.Count(content, []byte("\n")), maxLines, name)
	}
}

// maxSize is how large a committed file may be: twice the largest there is, which is a worker of the page's.
const maxSize = 2 << 20

// TestNothingBuiltIsCommitted: whoever clones the repository has every version of every file for ever, and "go build
// ./cmd/caller" in its root writes a program of 90 MB beside the sources.
func TestNothingBuiltIsCommitted(t *testing.T) {
	out, err := exec.CommandContext(t.Context(), "git", "-C", root(t), "ls-files", "-z").Output()
	if err != nil {
		t.Skip("not in a repository:", err)
	}
	files := strings.Split(strings.TrimSuffix(string(out), "\x00"), "\x00")
	require.Greater(t, len(files), 100)
	for _, name := range files {
		info, err := os.Lstat(filepath.Join(root(t), name))
		if errors.Is(err, os.ErrNotExist) {
			continue // taken out, and not committed yet
		}
		require.NoError(t, err)
		assert.LessOrEqual(t, info.Size(), int64(maxSize), name)
	}
}
