//go:build unix

package durable

import (
	"errors"
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

// TestALockEndsAlthoughAProcessHasACopyOfItsFile copies the file as fork does.
func TestALockEndsAlthoughAProcessHasACopyOfItsFile(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for name, path := range map[string]string{"a file": filepath.Join(dir, "lock"), "a directory": dir} {
		lock, err := Lock(path)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := Lock(path); !errors.Is(err, ErrLocked) {
			t.Errorf("%s is locked twice: %v", name, err)
		}
		descriptor, err := syscall.Dup(int(lock.file.Fd()))
		if err != nil {
			t.Fatal(err)
		}
		if err := lock.Close(); err != nil {
			t.Error(err)
		}
		again, err := Lock(path)
		if err != nil {
			t.Errorf("%s stays locked: %v", name, err)
			continue
		}
		if err := errors.Join(again.Close(), os.NewFile(uintptr(descriptor), name).Close()); err != nil {
			t.Error(err)
		}
	}
}
