package api

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/strongroom-dev/strongroom/shared/linger"
	"github.com/strongroom-dev/strongroom/shared/memory"
)

// Limits of bodies.
const (
	// freeBodyBytes is the size up to which a body reserves no memory.
	freeBodyBytes = 64 << 10

	// firstByteTimeout limits how long a request may wait for its body before
	// it is authenticated.
	firstByteTimeout = 10 * time.Second

	// An admitted body may take bodyTimeout, and a second for every minBodyRate bytes.
	bodyTimeout = 5 * time.Second
	minBodyRate = 256 << 10

	// drainTimeout limits how long the server reads the rest of a body after it
	// has refused the request, so that the client can read the response. Requests
	// that were not authenticated have less time.
	drainTimeout                = 5 * time.Second
	unauthenticatedDrainTimeout = 500 * time.Millisecond

	// maxDrainBytes is the size of the largest request that Cloud Run passes on:
	// cloud.google.com/run/quotas.
	maxDrainBytes = 32 << 20
)

// body is the body of a request. Nothing reads it before its operation admits it,
// which is after the request was authenticated.
type body struct {
	io.ReadCloser
	received   *linger.Body
	connection *http.ResponseController
	length     int64 // Content-Length, or -1
	ctx        context.Context
	memory     *memory.Budget

	releases []func()    // end the request's reservations of memory
	bounds   *bodyBounds // of the operation; nil: not admitted
}

// bodyBounds is what an operation accepts as its body.
type bodyBounds struct {
	bytes    int64
	memory   int64        // that the operation needs in addition to its body
	media    string       // the content type; empty: the operation has no body
	schema   *huma.Schema // nil: the body is not JSON, or none exists
	registry huma.Registry
}

// jsonMedia is the content type of most bodies. Any that ends in +json is as good.
const jsonMedia = "application/json"

// setMedia sets the one content type that the operation accepts.
func (bounds *bodyBounds) setMedia(content map[string]*huma.MediaType) {
	for media, described := range content {
		bounds.media = media
		if media == jsonMedia {
			bounds.schema = described.Schema
		}
	}
}

type bodyKey struct{}

// newBody wraps the body of r. It sets a deadline at once, because a
// client without a token could otherwise hold the connection for ever.
func newBody(w http.ResponseWriter, r *http.Request, limit int64, budget *memory.Budget) *body {
	received := linger.New(w, r)
	b := &body{
		ReadCloser: http.MaxBytesReader(w, received, limit+1), // the operation's limit, which has a clear error, applies first
		received:   received,
		connection: http.NewResponseController(w),
		length:     r.ContentLength,
		ctx:        r.Context(),
		memory:     budget,
	}
	if !received.Complete() {
		b.setDeadline(time.Now().Add(firstByteTimeout))
	}
	return b
}

// setDeadline sets when reading fails. The zero time removes the deadline. A
// connection that has no deadlines is one of a test.
func (b *body) setDeadline(at time.Time) { _ = b.connection.SetReadDeadline(at) }

// Read implements io.Reader.
func (b *body) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if b.received.Complete() { // each time, because somebody may have set a deadline meanwhile
		// The server reads on to notice a client that disconnects. A deadline
		// would look like that, and would cancel a long request.
		b.setDeadline(time.Time{})
	}
	return n, err
}

// timeoutOf returns how long a body may take to arrive.
func timeoutOf(bytes int64) time.Duration {
	return bodyTimeout + time.Duration(bytes)*time.Second/minBodyRate
}

// Close implements io.Closer. It does nothing, because closing reads what is left
// of the body, and the server closes the body after the response.
func (b *body) Close() error { return nil }

// WriteTo implements io.WriterTo. It reads the whole body into w and checks it
// against the operation's schema, before anything is allocated for its elements.
// The error is a *Problem, or that of the connection.
func (b *body) WriteTo(w io.Writer) (int64, error) {
	buffer, ok := w.(*bytes.Buffer)
	if !ok || b.bounds == nil {
		return 0, errors.New("the body is not admitted")
	}
	if b.length > b.bounds.bytes {
		return 0, b.tooLarge()
	}
	size := b.length
	if size < 0 {
		size = b.bounds.bytes
	}
	n, err := b.fill(buffer, size)
	if err != nil {
		return n, err
	}
	if n > b.bounds.bytes {
		return n, b.tooLarge()
	}
	if b.bounds.schema == nil || n == 0 {
		return n, nil
	}
	return n, b.bounds.check(buffer.Bytes())
}

// fill reads up to one byte more than the operation's limit. It reserves memory
// only when some of the body is there, so that a client that sends nothing holds
// nothing.
func (b *body) fill(buffer *bytes.Buffer, size int64) (n int64, err error) {
	buffer.Grow(int(min(size, freeBodyBytes)) + 2*bytes.MinRead)
	if n, err = buffer.ReadFrom(io.LimitReader(b, min(size, freeBodyBytes)+1)); err != nil || b.received.Complete() {
		return n, err
	}
	if size > freeBodyBytes {
		if err := b.reserve(memoryPerBodyByte * size); err != nil {
			return n, err
		}
		b.setDeadline(time.Now().Add(timeoutOf(size)))
		buffer.Grow(int(size-n) + 2*bytes.MinRead)
	}
	more, err := buffer.ReadFrom(io.LimitReader(b, b.bounds.bytes+1-n))
	return n + more, err
}

// reserve reserves memory for the rest of the request. The error is a 503.
func (b *body) reserve(bytes int64) error {
	release, err := b.memory.Reserve(b.ctx, bytes)
	if err != nil {
		return Refuse(http.StatusServiceUnavailable, busyText).With("Retry-After", "2")
	}
	b.releases = append(b.releases, release)
	return nil
}

// release ends the request's reservations of memory. If some of the body was not
// read, it reads on within limits, because a client that is still sending could not
// read the response otherwise.
func (b *body) release() {
	for _, release := range b.releases {
		release()
	}
	if b.received.Complete() {
		return
	}
	limit := unauthenticatedDrainTimeout
	if b.bounds != nil {
		limit = drainTimeout
	}
	b.received.Drain(maxDrainBytes, limit)
	b.setDeadline(time.Now()) // the server reads no more
}

func (b *body) tooLarge() *Problem {
	return Refuse(http.StatusRequestEntityTooLarge, fmt.Sprintf("the body is larger than %d bytes; send less in one request", b.bounds.bytes))
}

// admit is a middleware that reserves the operation's memory and lets it read the
// body. It runs after those that authenticate. It refuses what it can without the
// body.
func (bounds *bodyBounds) admit(hc huma.Context, next func(huma.Context)) {
	b, ok := hc.Context().Value(bodyKey{}).(*body)
	if ok {
		b.bounds = bounds
		switch {
		case bounds.media == "" || b.length == 0:
		case b.length > bounds.bytes:
			Write(hc, b.tooLarge())
			return
		case !bounds.accepts(hc.Header("Content-Type")):
			Write(hc, Refuse(http.StatusUnsupportedMediaType, "send the body as "+bounds.media,
				Fault{Message: "unknown content type", Location: "body"}))
			return
		}
		if err := b.reserve(bounds.memory); err != nil {
			Write(hc, ToProblem(hc.Context(), err))
			return
		}
	}
	next(hc)
}

// accepts reports whether a content type is the operation's, or empty, which means
// the operation's. For JSON, it may also have the suffix +json.
func (bounds *bodyBounds) accepts(contentType string) bool {
	media, _, _ := strings.Cut(contentType, ";")
	media = strings.TrimSpace(media)
	return media == "" || media == bounds.media || bounds.media == jsonMedia && strings.HasSuffix(media, "+json")
}
