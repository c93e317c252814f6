package spool

import (
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/strongroom-dev/strongroom/shared/grant"
)

// ErrUnreadable means that the file of an output cannot be read. Other outputs are
// not affected.
var ErrUnreadable = errors.New("the file cannot be read")

// Source is the open file of an output. It ends where the file ended when it was
// opened, so that a file that grows without end is not copied without end. Read returns
// an error that is ErrUnreadable.
type Source struct {
	file *os.File
	io.LimitedReader
}

// Open opens the file of an output. It does not follow a link and does not wait for a
// pipe. The error is ErrUnreadable if the file is not a regular file or cannot be
// opened.
func (r *Run) Open(o Output) (*Source, error) { return openRegular(o.Source) }

// openRegular checks the type of the open file, because the path may change
// after a check of the path.
func openRegular(path string) (*Source, error) {
	f, err := os.OpenFile(path, os.O_RDONLY|openItself, 0)
	if isOfProcess(err) {
		return nil, err // not because of this file
	}
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrUnreadable, err)
	}
	info, err := f.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = fmt.Errorf("%s is not a regular file", path)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("%w: %w", ErrUnreadable, err), f.Close())
	}
	// The files of some file systems, such as /proc, have content but no size.
	return &Source{f, io.LimitedReader{R: f, N: max(info.Size(), grant.MaxPartBytes)}}, nil
}

// Read implements io.Reader.
func (s *Source) Read(p []byte) (int, error) {
	n, err := s.LimitedReader.Read(p)
	if err != nil && err != io.EOF {
		err = fmt.Errorf("%w: %w", ErrUnreadable, err)
	}
	return n, err
}

// Close closes the file.
func (s *Source) Close() error { return s.file.Close() }
