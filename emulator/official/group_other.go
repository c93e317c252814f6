//go:build !unix

package official

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
)

func ownGroup(*exec.Cmd) {}

// killGroup kills only gcloud itself on this platform.
func killGroup(cmd *exec.Cmd) error {
	if err := cmd.Process.Kill(); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("kill the emulator: %w", err)
	}
	return nil
}
