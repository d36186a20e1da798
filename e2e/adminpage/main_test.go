package adminpage

import (
	"flag"
	"os"
	"testing"

	"github.com/caller-chat/caller/e2e/internal/suite"
)

var run suite.Suite

func TestMain(m *testing.M) {
	flag.Parse()
	os.Exit(run.Main(m))
}
