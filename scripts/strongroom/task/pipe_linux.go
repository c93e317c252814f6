package task

import (
	"io"
	"syscall"

	"golang.org/x/sys/unix"
)

// enlarge sets the size of a pipe. If the system does not allow it, the pipe works as it is.
func enlarge(pipe io.Reader) {
	file, ok := pipe.(syscall.Conn)
	if !ok {
		return
	}
	if raw, err := file.SyscallConn(); err == nil {
		_ = raw.Control(func(fd uintptr) { _, _ = unix.FcntlInt(fd, unix.F_SETPIPE_SZ, pipeBytes) })
	}
}
