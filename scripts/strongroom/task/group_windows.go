package task

import (
	"os/exec"
	"strconv"
	"syscall"
)

// ownGroup keeps Ctrl-C, which the console sends to a whole group, from cmd.
func ownGroup(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{CreationFlags: syscall.CREATE_NEW_PROCESS_GROUP}
}

// signalGroup ends a process and those that it started. Windows has no signals, so
// every signal ends them at once, without time to clean up.
func signalGroup(leader int, _ syscall.Signal) {
	_ = exec.Command("taskkill", "/T", "/F", "/PID", strconv.Itoa(leader)).Run() // it may have ended
}
