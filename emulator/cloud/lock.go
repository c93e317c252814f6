package cloud

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"go.etcd.io/bbolt"
	bolterrors "go.etcd.io/bbolt/errors"
)

// ErrInUse means that another process, or another cloud of this process, uses the
// directory of Options.Dir.
var ErrInUse = errors.New("the data directory is in use by another embedded cloud; stop that one, or use another directory")

// lockDir takes the directory for this cloud, before any part reads it. bbolt locks
// its file on every operating system, and the lock ends with the process.
func (c *Cloud) lockDir(context.Context) error {
	if c.options.Dir == "" {
		return nil
	}
	if err := os.MkdirAll(c.options.Dir, 0o700); err != nil {
		return fmt.Errorf("create the data directory: %w", err)
	}
	lock, err := bbolt.Open(filepath.Join(c.options.Dir, "lock"), 0o600, &bbolt.Options{Timeout: time.Millisecond})
	if errors.Is(err, bolterrors.ErrTimeout) {
		return fmt.Errorf("%s: %w", c.options.Dir, ErrInUse)
	}
	if err != nil {
		return fmt.Errorf("lock the data directory: %w", err)
	}
	c.onClose(lock.Close)
	return nil
}
