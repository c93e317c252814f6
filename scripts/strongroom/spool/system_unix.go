//go:build unix

package spool

import (
	"os"
	"syscall"
)

// openItself makes os.OpenFile fail for a link, and not wait for the writer of a pipe.
const openItself = syscall.O_NOFOLLOW | syscall.O_NONBLOCK

var (
	fullErrors    = []syscall.Errno{syscall.ENOSPC, syscall.EDQUOT}
	processErrors = []syscall.Errno{syscall.EMFILE, syscall.ENFILE, syscall.ENOMEM}
)

// checkPrivate returns ErrNotPrivate if others may read the directory.
func checkPrivate(path string) error {
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	owner, known := info.Sys().(*syscall.Stat_t)
	if !known || int(owner.Uid) != os.Geteuid() || info.Mode().Perm()&0o077 != 0 {
		return ErrNotPrivate
	}
	return nil
}
