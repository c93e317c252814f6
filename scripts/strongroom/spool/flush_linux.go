package spool

import (
	"os"

	"golang.org/x/sys/unix"
)

// startFlush makes the system start to write what the file has to the disk, so that a wait for
// it later is short. It does not wait, and promises nothing.
func startFlush(f *os.File) { _ = unix.SyncFileRange(int(f.Fd()), 0, 0, unix.SYNC_FILE_RANGE_WRITE) }
