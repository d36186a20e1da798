package conn

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/caller-chat/caller/chat"
)

func TestPlaces(t *testing.T) {
	p := &Places{Total: 5, Each: 3}
	for range 3 {
		require.NoError(t, p.Take("x"))
	}
	var limit *chat.LimitError
	require.ErrorAs(t, p.Take("x"), &limit)
	assert.Equal(t, "connections", limit.Name)
	require.NoError(t, p.Take("y"))
	require.NoError(t, p.Take(""), "from nowhere that is known")
	require.ErrorIs(t, p.Take("z"), chat.ErrFull)
	p.Leave("x")
	require.NoError(t, p.Take("z"))
	for _, address := range []string{"x", "x", "y", "", "z"} {
		p.Leave(address)
	}
	assert.Empty(t, p.by)
	assert.Zero(t, p.taken)

	var any *Places
	require.NoError(t, any.Take("x"))
	any.Leave("x")
}
