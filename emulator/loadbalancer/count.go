package loadbalancer

import (
	"errors"
	"io"
	"net/http"
)

var errTooLong = errors.New("the response is longer than the platform sends")

type countingBody struct {
	io.ReadCloser
	n int64
}

// Read implements io.Reader.
func (b *countingBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	b.n += int64(n)
	return n, err
}

type countingWriter struct {
	http.ResponseWriter
	n         int64
	truncated bool // the function wrote more than MaxResponse
}

// Write implements http.ResponseWriter.
func (w *countingWriter) Write(p []byte) (int, error) {
	if w.n+int64(len(p)) > MaxResponse {
		w.truncated = true
		return 0, errTooLong
	}
	n, err := w.ResponseWriter.Write(p)
	w.n += int64(n)
	return n, err
}

// Unwrap lets http.ResponseController reach the connection.
func (w *countingWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }
