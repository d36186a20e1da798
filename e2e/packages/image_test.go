package packages

import (
	"archive/tar"
	"compress/gzip"
	"crypto/sha256"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caller-chat/caller/e2e/internal/client"
	"github.com/caller-chat/caller/e2e/internal/harness"
)

// imageConfig is how an image's program is started.
type imageConfig struct {
	Architecture string
	Config       struct {
		Entrypoint, Env  []string
		User, WorkingDir string
		StopSignal       string
		Labels           map[string]string
	}
}

// unpackImage unpacks the image for this machine's architecture into a root, as docker load and
// docker run do.
func unpackImage(t *testing.T, archive string) (root string, config imageConfig) {
	t.Helper()
	saved := t.TempDir()
	command(t, "tar", "-C", saved, "-xf", archive)
	var manifest []struct {
		Config           string
		RepoTags, Layers []string
	}
	read(t, filepath.Join(saved, "manifest.json"), &manifest)
	require.Len(t, manifest, 1)
	assert.Len(t, manifest[0].RepoTags, 1)
	read(t, filepath.Join(saved, manifest[0].Config), &config)
	root = t.TempDir()
	require.NoError(t, os.Chmod(root, 0o755))
	for _, layer := range manifest[0].Layers {
		command(t, "tar", "-C", root, "--same-owner", "-xpzf", filepath.Join(saved, layer))
	}
	return root, config
}

// read reads a JSON file.
func read(t *testing.T, path string, into any) {
	t.Helper()
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(text, into), path)
}

// TestImage runs the image's program with nothing but what is in the image, on a root that can't be
// written to, as its user and without any capability.
func TestImage(t *testing.T) {
	r := theRelease(t)
	needRoot(t)
	root, config := unpackImage(t, r.file(t, "caller-*-image-%s.tar"))
	assert.Equal(t, runtime.GOARCH, config.Architecture)
	assert.Equal(t, r.commit, config.Config.Labels["org.opencontainers.image.revision"])
	assert.Equal(t, "65532:65532", config.Config.User)
	issuers, err := os.ReadFile(filepath.Join(root, "etc/ssl/certs/ca-certificates.crt"))
	require.NoError(t, err)
	assert.True(t, x509.NewCertPool().AppendCertsFromPEM(issuers))
	assert.Greater(t, strings.Count(string(issuers), "BEGIN CERTIFICATE"), 50)

	redis := harness.StartRedis(t)
	addr := fmt.Sprintf("127.0.0.1:%d", harness.FreePort(t))
	env := append(config.Config.Env, "CALLER_ADDR="+addr, "REDIS_URL="+redis.URL())
	require.NoError(t, os.Mkdir(filepath.Join(root, "proc"), 0o755)) // what runs containers makes it
	in := func(args ...string) *exec.Cmd {
		// As with docker run --read-only --cap-drop ALL, a volume at /data and a tmpfs at /tmp.
		script := `mount --bind "$0" "$0" && mount -t proc proc "$0/proc" && mount --bind "$0/data" "$0/data" && mount -t tmpfs tmpfs "$0/tmp" &&
			mount -o remount,bind,ro "$0" && exec setpriv --inh-caps=-all --no-new-privs unshare --root="$0" --wd="` + config.Config.WorkingDir + `" --setgid 65532 --setuid 65532 "$@"`
		cmd := exec.Command("unshare", append([]string{"--mount", "--propagation", "private", "/bin/sh", "-c", script, root}, append(config.Config.Entrypoint, args...)...)...)
		cmd.Env = append([]string{"PATH=" + os.Getenv("PATH") + ":/usr/sbin:/sbin"}, env...)
		return cmd
	}
	node := harness.StartProcess(t, "image", in("serve"))
	node.Output.WaitFor(t, "Caller is at ")
	output, err := in("ready", "--url", "http://"+addr).CombinedOutput()
	require.NoError(t, err, string(output))
	output, err = in("version").CombinedOutput()
	require.NoError(t, err, string(output))
	assert.Contains(t, string(output), r.commit)

	url := "http://" + addr + "/rooms/lobby"
	stream := client.StartCurl(t, url+"/ndjson")
	client.Curl(t, "--data", "hello from an image", url)
	stream.Output.WaitFor(t, "hello from an image")
	client.Curl(t, "--data-binary", "a file", "--header", "Content-Type: text/plain", url+"/files?text=look&filename=a.txt")
	kept, err := filepath.Glob(filepath.Join(root, "data/files/*"))
	require.NoError(t, err)
	assert.NotEmpty(t, kept, "what was sent is in the volume")
	assert.Contains(t, client.Curl(t, "--header", "Accept: text/html", "http://"+addr+"/"), "<title>")
	node.Signal(syscall.SIGTERM)
	assert.Zero(t, node.Wait(t), node.Output.String())
	output, err = in("ready", "--url", "http://"+addr).CombinedOutput()
	require.Error(t, err, "nobody is there: %s", output)
}

// TestImageOfAllPlatforms reads the image for several platforms as registries do: each part is what
// its digest says, and there is one for each platform.
func TestImageOfAllPlatforms(t *testing.T) {
	r := theRelease(t)
	folder := t.TempDir()
	command(t, "tar", "-C", folder, "-xf", r.file(t, "caller-*-image.tar"))
	type descriptor struct {
		MediaType, Digest string
		Size              int64
		Annotations       map[string]string
		Platform          struct{ OS, Architecture string }
	}
	type manifest struct {
		MediaType string
		Manifests []descriptor
		Config    descriptor
		Layers    []descriptor
	}
	blob := func(d descriptor) string {
		t.Helper()
		path := filepath.Join(folder, "blobs", filepath.FromSlash(strings.Replace(d.Digest, ":", "/", 1)))
		content, err := os.ReadFile(path)
		require.NoError(t, err)
		require.Equal(t, d.Digest, fmt.Sprintf("sha256:%x", sha256.Sum256(content)))
		require.Equal(t, d.Size, int64(len(content)))
		return path
	}
	var layout struct{ ImageLayoutVersion string }
	read(t, filepath.Join(folder, "oci-layout"), &layout)
	assert.Equal(t, "1.0.0", layout.ImageLayoutVersion)
	var top, index manifest
	read(t, filepath.Join(folder, "index.json"), &top)
	require.Len(t, top.Manifests, 1)
	assert.NotEmpty(t, top.Manifests[0].Annotations["org.opencontainers.image.ref.name"])
	read(t, blob(top.Manifests[0]), &index)
	platforms := map[string]bool{}
	for _, d := range index.Manifests {
		platforms[d.Platform.OS+"/"+d.Platform.Architecture] = true
		var image manifest
		read(t, blob(d), &image)
		var config imageConfig
		read(t, blob(image.Config), &config)
		assert.Equal(t, d.Platform.Architecture, config.Architecture)
		names := map[string]bool{}
		for _, layer := range image.Layers {
			file, err := os.Open(blob(layer))
			require.NoError(t, err)
			unpacked, err := gzip.NewReader(file)
			require.NoError(t, err)
			for files := tar.NewReader(unpacked); ; {
				header, err := files.Next()
				if err == io.EOF {
					break
				}
				require.NoError(t, err)
				names[header.Name] = true
			}
			require.NoError(t, file.Close())
		}
		assert.True(t, names["usr/bin/caller"], names)
		assert.False(t, names["bin/sh"], "there is nothing to break into")
	}
	assert.Equal(t, map[string]bool{"linux/amd64": true, "linux/arm64": true}, platforms)
}
