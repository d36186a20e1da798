package harness

import (
	"os/exec"
	"syscall"
)

// StartShared starts a program that several tests share, in a process group of its own. The caller
// ends it; it ends with the test run at the latest, also when that is killed.
func StartShared(cmd *exec.Cmd) error {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	return onStarter(cmd.Start)
}
