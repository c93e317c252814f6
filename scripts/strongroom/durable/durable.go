// Package durable writes files that survive a crash, and locks directories.
package durable

import (
	"errors"
	"os"
	"path/filepath"
)

// Write writes a file with mode 0600 and waits until it is on the disk.
func Write(path string, data []byte) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	if _, err = f.Write(data); err == nil {
		err = f.Sync()
	}
	if closeErr := f.Close(); err == nil {
		err = closeErr
	}
	return err
}

// Rename renames a file so that the rename survives a crash.
func Rename(from, to string) error {
	if err := os.Rename(from, to); err != nil {
		return err
	}
	return SyncDir(filepath.Dir(to))
}

// FileLock is a lock of a file or of a directory. It ends when it is closed, or with the
// process.
type FileLock struct{ file *os.File }

// Close ends the lock. Closing the file is not enough: a process that this one is starting
// has copies of all open files for a moment, and would keep the lock that long.
func (l *FileLock) Close() error { return errors.Join(unlock(l.file), l.file.Close()) }

// TemporarySuffix ends the names of files that Replace has not finished.
const TemporarySuffix = ".new"

// Replace writes a file so that after a crash it has either the old content or
// the new one. Only one process may replace a file at a time.
func Replace(path string, data []byte) error {
	if err := Write(path+TemporarySuffix, data); err != nil {
		return err
	}
	return Rename(path+TemporarySuffix, path)
}

// ErrLocked is the error of a lock that another process holds.
var ErrLocked = errors.New("another process uses it")
