package api

import (
	"io"
	"net/http"
	"time"
)

// Abort breaks the connection of a response that has begun, so that an incomplete
// body does not look complete. It panics with http.ErrAbortHandler. It first makes
// every later write fail, because the functions framework writes a text of its own
// after a panic, and the client would read that text as part of the body.
func Abort(w io.Writer) {
	if rw, ok := w.(http.ResponseWriter); ok {
		_ = http.NewResponseController(rw).SetWriteDeadline(time.Unix(1, 0)) // not every writer supports it; the panic then suffices
	}
	panic(http.ErrAbortHandler)
}
