package password

import (
	"context"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestAHashIsItsPasswordsAlone(t *testing.T) {
	a, ctx := New(), t.Context()
	hash, err := a.Hash(ctx, "correct horse")
	require.NoError(t, err)
	require.True(t, strings.HasPrefix(hash, "$argon2id$v=19$m=19456,t=2,p=1$"), hash)
	for password, want := range map[string]bool{"correct horse": true, "correct horse ": false, "": false, "Correct horse": false} {
		right, err := a.Matches(ctx, hash, password)
		require.NoError(t, err)
		require.Equal(t, want, right, password)
	}
	again, err := a.Hash(ctx, "correct horse")
	require.NoError(t, err)
	require.NotEqual(t, hash, again, "each has a salt of its own")
}

func TestWhatIsNoHashIsAnError(t *testing.T) {
	for _, hash := range []string{
		"", "secret", "$2a$10$abcdefghijklmnopqrstuv", "$argon2id$v=19$m=19456,t=0,p=1$c2FsdA$a2V5", "$argon2id$v=19$m=19456,t=2,p=1$c2FsdA$",
		"$argon2id$v=19$m=4294967295,t=2,p=1$c2FsdA$a2V5", "$argon2id$v=19$m=19456,t=2,p=1$!$a2V5",
	} {
		_, err := New().Matches(t.Context(), hash, "secret")
		require.ErrorIs(t, err, errNoHash, hash)
	}
}

func TestFewAtOnce(t *testing.T) {
	a := New()
	for range atOnce {
		a.turns <- struct{}{}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := a.Hash(ctx, "x")
	require.ErrorIs(t, err, context.Canceled)
	<-a.turns
	_, err = a.Hash(t.Context(), "x")
	require.NoError(t, err)
}
