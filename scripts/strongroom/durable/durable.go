// Package durable writes files that survive a crash, and locks directories.
package durable

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
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

// SyncDir waits until the names in a directory are on the disk.
func SyncDir(path string) error {
	dir, err := os.Open(path)
	if err != nil {
		return err
	}
	defer dir.Close()
	return dir.Sync()
}

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

// Lock locks a file, which it creates, or a directory. The lock ends when the
// file is closed, or with the process.
func Lock(path string) (*os.File, error) {
	lock, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if errors.Is(err, syscall.EISDIR) {
		lock, err = os.Open(path)
	}
	if err != nil {
		return nil, fmt.Errorf("lock: %w", err)
	}
	err = syscall.Flock(int(lock.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if errors.Is(err, syscall.EWOULDBLOCK) {
		err = ErrLocked
	}
	if err != nil {
		return nil, errors.Join(err, lock.Close())
	}
	return lock, nil
}
