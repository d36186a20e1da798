package chat_test

import (
	"testing"

	"github.com/caller-chat/caller/internal/testwait"
)

func TestMain(m *testing.M) { testwait.Main(m) }
