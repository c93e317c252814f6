package api

import (
	"io"
	"net/http"
	"time"
)

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
