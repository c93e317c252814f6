package credential

import "syscall"

// denyInspection makes the kernel refuse other processes of this user the memory,
// the environment and the open files of this process, and core dumps: man 2
// PR_SET_DUMPABLE. A process with CAP_SYS_PTRACE may still read them.
func denyInspection() error {
	if _, _, errno := syscall.RawSyscall(syscall.SYS_PRCTL, syscall.PR_SET_DUMPABLE, 0, 0); errno != 0 {
		return errno
	}
	return nil
}
