package task

import (
	"io"
	"os"
)

// Sizes for a command that writes fast: with the 64 KiB of a new pipe, and the buffer of 32
// KiB of package io, it would wait for this program, and this program for it, far more often.
const (
	pipeBytes   = 1 << 20 // the most without privileges: man7.org/linux/man-pages/man7/pipe.7.html
	bufferBytes = 256 << 10
)

// copied returns the writer to give to package os/exec for one of a command's streams. If w
// is not a file, os/exec copies a pipe to it.
func copied(w io.Writer) io.Writer {
	if _, ok := w.(*os.File); ok || w == nil {
		return w
	}
	return &stream{w}
}

// stream is a writer to which a command's pipe is copied.
type stream struct{ io.Writer }

// ReadFrom implements io.ReaderFrom for the copy of os/exec.
func (s *stream) ReadFrom(pipe io.Reader) (int64, error) {
	enlarge(pipe)
	return io.CopyBuffer(struct{ io.Writer }{s.Writer}, struct{ io.Reader }{pipe}, make([]byte, bufferBytes))
}
