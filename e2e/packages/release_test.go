package packages

import (
	"crypto/sha256"
	"debug/buildinfo"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caller-chat/caller/e2e/internal/harness"
)

// TestChecksums has sha256sum check everything, and nothing that is there is without a checksum.
func TestChecksums(t *testing.T) {
	r := theRelease(t)
	check := exec.Command(harness.Find(t, "sha256sum"), "--check", "--strict", "SHA256SUMS")
	check.Dir = r.dir
	output, err := check.CombinedOutput()
	require.NoError(t, err, string(output))
	files, err := os.ReadDir(r.dir)
	require.NoError(t, err)
	assert.Equal(t, len(files)-1, strings.Count(string(output), ": OK\n"), string(output))
	for _, arch := range []string{"amd64", "arm64"} {
		for _, pattern := range []string{"caller-*-linux-" + arch, "caller-*-linux-" + arch + ".cdx.json", "caller-*-image-" + arch + ".tar"} {
			r.file(t, pattern)
		}
		assert.Contains(t, string(output), "_"+arch+".deb: OK")
	}
	r.file(t, "caller-*-image.tar")
}

// TestSameBytes builds the same commit again, in another folder.
func TestSameBytes(t *testing.T) {
	r := theRelease(t)
	again, err := release("again", "-only", "amd64", "-also-deb", older)
	require.NoError(t, err)
	files, err := os.ReadDir(again.dir)
	require.NoError(t, err)
	compared := 0
	for _, file := range files {
		if file.Name() == "SHA256SUMS" || strings.HasSuffix(file.Name(), "-image.tar") {
			continue // those are of both architectures
		}
		assert.Equal(t, sum(t, filepath.Join(r.dir, file.Name())), sum(t, filepath.Join(again.dir, file.Name())), file.Name())
		compared++
	}
	assert.Equal(t, 5, compared, "the program, its bill of materials, two Debian packages and the image")
}

func sum(t *testing.T, path string) string {
	t.Helper()
	content, err := os.ReadFile(path)
	require.NoError(t, err)
	return fmt.Sprintf("%x", sha256.Sum256(content))
}

// TestVersion asks the program which it is.
func TestVersion(t *testing.T) {
	r := theRelease(t)
	program := r.file(t, "caller-*-linux-%s")
	told := command(t, program, "version")
	assert.Contains(t, told, r.version)
	var build struct{ Version, Commit, Time, Go string }
	require.NoError(t, json.Unmarshal([]byte(command(t, program, "version", "--json")), &build))
	assert.Equal(t, r.version, build.Version)
	assert.Equal(t, r.commit, build.Commit)
	if head, err := exec.Command("git", "rev-parse", "HEAD").Output(); err == nil {
		assert.Equal(t, strings.TrimSpace(string(head)), build.Commit)
		assert.NotEmpty(t, build.Time)
	}
	assert.Contains(t, command(t, harness.Find(t, "file"), program), "statically linked")
}

// TestMaterials compares a bill of materials with what is in its program.
func TestMaterials(t *testing.T) {
	r := theRelease(t)
	for _, arch := range []string{"amd64", "arm64"} {
		info, err := buildinfo.ReadFile(r.file(t, "caller-*-linux-"+arch))
		require.NoError(t, err)
		text, err := os.ReadFile(r.file(t, "caller-*-linux-"+arch+".cdx.json"))
		require.NoError(t, err)
		var bom struct {
			BOMFormat, SpecVersion string
			Metadata               struct {
				Component struct{ Name, Version string }
			}
			Components []struct{ Name, Version, Purl string }
		}
		require.NoError(t, json.Unmarshal(text, &bom))
		assert.Equal(t, "CycloneDX", bom.BOMFormat)
		assert.Equal(t, info.Main.Path, bom.Metadata.Component.Name)
		known := map[string]string{}
		for _, c := range bom.Components {
			known[c.Name] = c.Version
			assert.True(t, strings.HasPrefix(c.Purl, "pkg:golang/") || strings.HasPrefix(c.Purl, "pkg:npm/"), c.Purl)
		}
		require.NotEmpty(t, info.Deps)
		for _, module := range info.Deps {
			assert.Equal(t, module.Version, known[module.Path], "%s in the program for %s", module.Path, arch)
		}
		assert.Equal(t, strings.TrimPrefix(info.GoVersion, "go"), known["std"])
		assert.NotEmpty(t, known["preact"], "the page is made of it")
	}
}
