package harness

import (
	"fmt"
	"os/exec"
	"path/filepath"
)

// BuildPlain builds the program as people run it, without the race detector: for tests that measure.
func BuildPlain(dir string) (program string, err error) {
	program = filepath.Join(dir, "caller-plain")
	cmd := exec.Command("go", "build", "-o", program, "github.com/caller-chat/caller/cmd/caller")
	if output, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("build caller: %w\n%s", err, output)
	}
	return program, nil
}
