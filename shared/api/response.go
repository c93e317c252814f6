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
)

// sentWriter records the status and counts the bytes of a response. It fails if the
// client does not read them.
type sentWriter struct {
	http.ResponseWriter
	body   *body // of the request
	status int
	bytes  int64
}

// WriteHeader implements http.ResponseWriter. It ignores a second status, such as
// that of an error in the middle of a response, because the first one is sent.
func (w *sentWriter) WriteHeader(status int) {
	if w.status != 0 {
		return
	}
	w.status = status
	if !w.body.received.Complete() {
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
	for err == nil && n < len(b) {
		// The server removes the deadline after the response. A connection that has
		// no deadlines is one of a test.
		_ = w.body.connection.SetWriteDeadline(time.Now().Add(chunkTimeout))
		var written int
		written, err = w.ResponseWriter.Write(b[n:min(n+chunkBytes, len(b))])
		n += written
		w.bytes += int64(written)
	}
	return n, err
}

// flushRefusal sends a response that was given before the body of the request was
// read, so that a client that waits for it does not also wait for release. Without
// its length, the client could not see its end.
func (w *sentWriter) flushRefusal() {
	if !w.body.received.Complete() && w.Header().Get("Content-Length") != "" {
		_ = w.body.connection.Flush() // the client may have disconnected
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
