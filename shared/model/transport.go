package model

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync"
	"time"
)

// Errors of the transport.
var (
	errSecond  = errors.New("the client sends the request again, which is not allowed")
	errAddress = errors.New("the client sends the request to another address than the endpoint's")
	errPreview = errors.New("this is a preview")
	errWindow  = errors.New("too much time has passed since the consents were checked")
	errTooLong = errors.New("the answer is too long")
)

// maxRequestBytes bounds the body of a request: a payload of 128 KiB in which every byte
// is escaped in JSON twice, and the instructions.
const maxRequestBytes = 4 << 20

// roundTrip records and sends the request, once.
func (s *send) roundTrip(r *http.Request) (*http.Response, error) {
	if !s.used.CompareAndSwap(false, true) {
		return nil, errSecond
	}
	if err := s.checkAddress(r); err != nil {
		return nil, err
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, maxRequestBytes+1))
	if err := errors.Join(err, r.Body.Close()); err != nil || len(body) > maxRequestBytes {
		return nil, fmt.Errorf("read the request to the model: %d bytes", len(body))
	}
	s.body = body
	if s.preview {
		return nil, errPreview
	}
	connection, err := s.gateway.connection(r.Context())
	if err != nil {
		return nil, err
	}
	if s.begun = s.begin(r.Context()); s.begun != nil {
		return nil, s.begun
	}
	response, err := connection.RoundTrip(s.outgoing(r))
	if err != nil {
		return nil, err
	}
	response.Body = &boundedBody{ReadCloser: response.Body, left: s.maxResponseBytes()}
	return response, nil
}

// checkAddress refuses everything but a POST to the method of the endpoint's model.
func (s *send) checkAddress(r *http.Request) error {
	want := fmt.Sprintf("%s%s/projects/%s/locations/%s/publishers/google/models/%s:streamGenerateContent",
		s.gateway.baseURL(s.endpoint), apiVersion, s.endpoint.ProjectID, s.endpoint.Location, s.endpoint.Model)
	got := *r.URL
	got.RawQuery = ""
	if r.Method != http.MethodPost || got.String() != want || r.URL.RawQuery != "alt=sse" || r.Header.Get("X-Goog-Api-Key") != "" {
		return errAddress
	}
	return nil
}

// outgoing returns the request with a body that can be read once, within the window. Go's
// transport repeats a request only if it can get its body again.
func (s *send) outgoing(r *http.Request) *http.Request {
	out := r.Clone(r.Context())
	s.sending.start(s.body, s.gateway.now, s.checked.Add(SendWindow))
	out.Body = &s.sending
	out.ContentLength, out.GetBody = int64(len(s.body)), nil
	return out
}

// sending is the body of a request while it is sent. After stop, and after the window, it
// hands out nothing more. The zero sending hands out nothing.
type sending struct {
	now   func() time.Time
	until time.Time

	mu      sync.Mutex
	rest    *bytes.Reader
	handed  bool // the connection was given a byte
	stopped bool
}

func (b *sending) start(body []byte, now func() time.Time, until time.Time) {
	b.rest, b.now, b.until = bytes.NewReader(body), now, until
}

// Read implements io.Reader.
func (b *sending) Read(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.stopped || b.now().After(b.until) {
		return 0, errWindow
	}
	n, err := b.rest.Read(p)
	b.handed = b.handed || n > 0
	return n, err
}

// stop ends the sending, and reports whether the connection was given a byte. Go's
// transport can read a body after it has returned.
func (b *sending) stop() (handed bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.stopped = true
	return b.handed
}

// Close implements io.Closer.
func (*sending) Close() error { return nil }

// maxResponseBytes bounds the wire bytes of an answer. In JSON, a byte of text has at
// most 6 bytes (\u0000). The rest is for the frames of the stream and their metadata.
func (s *send) maxResponseBytes() int64 { return int64(s.spec.MaxAnswerBytes)*6 + 1<<20 }

// boundedBody fails if a response is too long.
type boundedBody struct {
	io.ReadCloser
	left int64
}

// Read implements io.Reader.
func (b *boundedBody) Read(p []byte) (int, error) {
	if b.left <= 0 {
		return 0, errTooLong
	}
	n, err := b.ReadCloser.Read(p[:min(int64(len(p)), b.left)])
	b.left -= int64(n)
	return n, err
}
