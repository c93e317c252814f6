//go:build unix

package official

import (
	"errors"
	"fmt"
	"os/exec"
	"syscall"
)

// ownGroup puts cmd and its children into one process group, because gcloud
// starts a shell that starts Java.
func ownGroup(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
}

func killGroup(cmd *exec.Cmd) error {
	err := syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
	if err != nil && !errors.Is(err, syscall.ESRCH) {
		return fmt.Errorf("kill the emulator: %w", err)
	}
	return nil
}
