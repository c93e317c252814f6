// Package linger lets clients read a response that was given before the whole body
// of their request was read, for example because the body is too large.
//
// A server that closes a connection on which bytes are still arriving resets it.
// Many clients read nothing before they have sent the whole body, so they would see
// the reset and not the response. Therefore the server reads the rest of the body
// first, within limits ("lingering close").
package linger

import (
	"errors"
	"io"
	"net/http"
	"time"
)

// idle limits how long Drain waits for the next bytes. It is longer than a round
// trip, so it only ends the wait for a client that has stopped sending.
const idle = 500 * time.Millisecond

// Body is the body of a request on a server. It is not safe for concurrent use.
type Body struct {
	io.ReadCloser
	connection *http.ResponseController
	unasked    bool // the client waits for "100 Continue", which the first read sends
	complete   bool
}

// New returns the body of r, whose response is w.
func New(w http.ResponseWriter, r *http.Request) *Body {
	return &Body{
		ReadCloser: r.Body,
		connection: http.NewResponseController(w),
		unasked:    r.Header.Get("Expect") != "",
		complete:   r.ContentLength == 0,
	}
}

// Read implements io.Reader.
func (b *Body) Read(p []byte) (int, error) {
	b.unasked = false
	n, err := b.ReadCloser.Read(p)
	b.complete = b.complete || errors.Is(err, io.EOF)
	return n, err
}

// Complete reports whether the last byte was read.
func (b *Body) Complete() bool { return b.complete }

// Drain reads the rest of the body, up to limit bytes and for at most the time total.
// Call it after the response was written. It returns immediately if the client is not
// sending. It changes the connection's read deadline.
func (b *Body) Drain(limit int64, total time.Duration) {
	if b.complete || b.unasked {
		return
	}
	_, _ = io.CopyN(io.Discard, &timedReader{Body: b, end: time.Now().Add(total)}, limit) // at its end, nothing is left to do
}

// timedReader sets the deadline of each read.
type timedReader struct {
	*Body
	end time.Time
}

// Read implements io.Reader.
func (r *timedReader) Read(p []byte) (int, error) {
	next := time.Now().Add(idle)
	if next.After(r.end) {
		next = r.end
	}
	if err := r.connection.SetReadDeadline(next); err != nil {
		return 0, err
	}
	return r.Body.Read(p)
}
