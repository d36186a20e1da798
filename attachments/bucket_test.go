package attachments

import (
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestPrunedMeanwhile has several nodes write and remove objects in one folder, each of which takes the
// folder away when it is empty. Nobody is in the way of another.
func TestPrunedMeanwhile(t *testing.T) {
	folder := t.TempDir()
	var nodes sync.WaitGroup
	for range 4 {
		b, err := openFolder(folder)
		require.NoError(t, err)
		t.Cleanup(func() { assert.NoError(t, b.Close()) })
		nodes.Go(func() {
			for range 300 {
				key := newKey("", "probe", "0")
				if _, _, err := b.write(t.Context(), key, strings.NewReader("caller was here")); !assert.NoError(t, err) {
					return
				}
				b.remove(t.Context(), key)
			}
		})
	}
	nodes.Wait()
}
