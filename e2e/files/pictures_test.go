package files

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"image"
	_ "image/jpeg"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caller-chat/caller/attachments/picture/picturetest"
	people "github.com/caller-chat/caller/e2e/internal/client"
)

// put sends a file, and is what it is answered, by its fields.
func put(t testing.TB, node, name string, data []byte) map[string]any {
	t.Helper()
	path := filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(path, data, 0o600))
	output := people.Curl(t, "-T", path, node+"/rooms/lobby/files/?filename="+escape(name))
	var fields map[string]any
	require.NoError(t, json.Unmarshal([]byte(output), &fields), output)
	return fields
}

// get reads an address whole.
func get(t testing.TB, address string) (http.Header, []byte) {
	t.Helper()
	resp, err := http.Get(address)
	require.NoError(t, err)
	defer func() { assert.NoError(t, resp.Body.Close()) }()
	body, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, resp.StatusCode, "%s", body)
	return resp.Header, body
}

// TestHostileFiles sends each of the hostile files, and reads it on another node.
func TestHostileFiles(t *testing.T) {
	one, other := twoNodes(t, "--limits", "off")
	for _, f := range picturetest.Hostile() {
		if len(f.Data) == 0 {
			continue
		}
		answer := put(t, one.URL, f.Name, f.Data)
		if f.Fate == picturetest.Refused {
			assert.Equal(t, "too_large", answer["code"], f.Name)
			continue
		}
		if !assert.Contains(t, answer, "url", "%s: %v", f.Name, answer) {
			continue
		}
		header, left := get(t, other.URL+answer["url"].(string))
		assert.Equal(t, "nosniff", header.Get("X-Content-Type-Options"))
		assert.Contains(t, header.Get("Content-Security-Policy"), "sandbox")
		inline := strings.HasPrefix(header.Get("Content-Disposition"), "inline")
		if f.Fate != picturetest.Shown {
			assert.False(t, inline && strings.HasPrefix(header.Get("Content-Type"), "image/"), f.Name)
			assert.NotContains(t, header.Get("Content-Type"), "html", f.Name)
			continue
		}
		assert.True(t, inline, f.Name)
		assert.Equal(t, f.Type, header.Get("Content-Type"))
		assert.EqualValues(t, f.Width, answer["width"], f.Name)
		assert.EqualValues(t, f.Height, answer["height"], f.Name)
		for _, gone := range []string{picturetest.Device, picturetest.Place, picturetest.Secret} {
			assert.NotContains(t, string(left), gone, f.Name)
		}
	}
}

func TestAPhotoOfATelephone(t *testing.T) {
	one, other := twoNodes(t)
	exif := append([]byte("Exif\x00\x00"), picturetest.EXIF(6, binary.LittleEndian)...)
	answer := put(t, one.URL, "photo.jpg", picturetest.JPEG(picturetest.Corners(1500, 1000), picturetest.Segment(0xe1, exif)))
	assert.EqualValues(t, 1000, answer["width"])
	assert.EqualValues(t, 1500, answer["height"])
	assert.Contains(t, answer["preview"], "data:image/png;base64,")
	address := other.URL + answer["url"].(string)
	_, whole := get(t, address)
	assert.NotContains(t, string(whole), picturetest.Place)
	header, small := get(t, address+"?preview=1")
	assert.Equal(t, "image/jpeg", header.Get("Content-Type"))
	thumb, _, err := image.Decode(bytes.NewReader(small))
	require.NoError(t, err)
	assert.Equal(t, image.Pt(853, 1280), thumb.Bounds().Size(), "it stands, and has no orientation any more")
}

func TestAScanner(t *testing.T) {
	script := filepath.Join(t.TempDir(), "scan")
	require.NoError(t, os.WriteFile(script, []byte("case $(cat) in *EICAR*) exit 1;; *BUSY*) exit 2;; esac"), 0o600))
	one, other := twoNodes(t, "--files-scan", "sh "+script)
	assert.Equal(t, "infected", put(t, one.URL, "a.txt", []byte("an EICAR within"))["code"])
	assert.Equal(t, "files_unavailable", put(t, one.URL, "a.txt", []byte("BUSY"))["code"])
	answer := put(t, one.URL, "a.txt", []byte("harmless"))
	_, content := get(t, other.URL+answer["url"].(string))
	assert.Equal(t, "harmless", string(content))
}
