//go:build unix

package task

import (
	"os/exec"
	"syscall"
)

// ownGroup makes cmd the leader of a process group.
func ownGroup(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} }

// signalGroup sends a signal to a process group, which may have ended.
func signalGroup(group int, sig syscall.Signal) { _ = syscall.Kill(-group, sig) }
