package api

import (
	"io"
	"net/http"
	"time"
)

// Limits of slow readers. A client that does not read would otherwise hold the
// response in memory, and its connection, for ever.
const (
	// chunkTimeout limits how long a client may take to receive chunkBytes.
	chunkTimeout = 30 * time.Second
	chunkBytes   = 64 << 10

	// shortResponse is what a socket always accepts without waiting for the client:
	// the default of net.ipv4.tcp_wmem in the Linux kernel's ip-sysctl.
	shortResponse = 16 << 10
)

// sentWriter records the status and counts the bytes of a response. It fails if the
// client does not read a response that is not short.
type sentWriter struct {
	http.ResponseWriter
	connection *http.ResponseController
	body       *body // of the request
	status     int
	bytes      int64
	deadline   bool // the connection has a write deadline
}

// WriteHeader implements http.ResponseWriter. It ignores a second status, such as
// that of an error in the middle of a response, because the first one is sent.
func (w *sentWriter) WriteHeader(status int) {
	if w.status != 0 {
		return
	}
	w.status = status
	if !w.body.complete {
		// The request was refused before its body was read. Without this header
		// the server reads the body before it sends the response.
		w.Header().Set("Connection", "close")
	}
	w.ResponseWriter.WriteHeader(status)
}

// Write implements http.ResponseWriter.
func (w *sentWriter) Write(b []byte) (n int, err error) {
	if w.status == 0 {
		w.WriteHeader(http.StatusOK)
	}
	long := w.bytes+int64(len(b)) > shortResponse
	for err == nil && n < len(b) {
		if long {
			w.setDeadline(time.Now().Add(chunkTimeout))
		}
		var written int
		written, err = w.ResponseWriter.Write(b[n:min(n+chunkBytes, len(b))])
		n += written
		w.bytes += int64(written)
	}
	return n, err
}

// setDeadline sets when writing fails. A connection that has no deadlines is one of
// a test.
func (w *sentWriter) setDeadline(at time.Time) {
	w.deadline = true
	_ = w.connection.SetWriteDeadline(at)
}

// finish sends what is left of a response, and then removes the deadline, because the
// connection may serve more requests.
func (w *sentWriter) finish() {
	if w.deadline {
		_ = w.connection.Flush() // the client may have disconnected
		w.setDeadline(time.Time{})
	}
}

// Unwrap lets http.ResponseController reach the connection.
func (w *sentWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// Abort breaks the connection of a response that cannot be completed, so that what
// was sent of it does not look complete. w is the response's body. Abort does not
// return: it panics with http.ErrAbortHandler.
func Abort(w io.Writer) {
	if rw, ok := w.(http.ResponseWriter); ok {
		// The functions framework writes a text of its own after a panic. The client
		// would read that text as part of the response, so every later write must fail.
		_ = http.NewResponseController(rw).SetWriteDeadline(time.Unix(1, 0)) // not every writer supports it; the panic then suffices
	}
	panic(http.ErrAbortHandler)
}
