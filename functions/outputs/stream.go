package outputs

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"cloud.google.com/go/storage"
	"github.com/danielgtaylor/huma/v2"
	"google.golang.org/api/googleapi"

	"github.com/strongroom-dev/strongroom/shared/access"
	"github.com/strongroom-dev/strongroom/shared/api"
	"github.com/strongroom-dev/strongroom/shared/grant"
	"github.com/strongroom-dev/strongroom/shared/run"
)

// bufferSize is all the memory that a view holds of the output.
const bufferSize = 256 << 10

var buffers = sync.Pool{New: func() any { return new([bufferSize]byte) }}

// view is one reading of one output.
type view struct {
	handler *Handler
	session access.Session
	run     run.Run
	bucket  *storage.BucketHandle
	index   index
	entry   string // id of the audit entry that the read is on
}

// open begins to read a piece of a part: of exactly the generation that is in
// custody, and its bytes as they rest, whatever encoding they were said to have.
func (v *view) open(ctx context.Context, s segment) (*storage.Reader, error) {
	name := grant.Object{Workspace: v.session.Workspace, Run: v.run.ID, Output: v.index.name, Part: s.part.number}.Name()
	object := v.bucket.Object(name).Generation(s.part.generation).ReadCompressed(true)
	reader, err := object.NewRangeReader(ctx, s.offset, s.length)
	if err != nil {
		return nil, fmt.Errorf("open part: %w", err)
	}
	return reader, nil
}

// stream opens the first piece, so that what the bucket refuses is still an
// answer of its own, and then sends piece by piece.
func (v *view) stream(ctx context.Context, a answer) (*huma.StreamResponse, error) {
	pieces := v.index.segments(a.span)
	var first *storage.Reader
	if len(pieces) > 0 {
		var err error
		if first, err = v.open(ctx, pieces[0]); err != nil {
			return nil, v.unreadable(ctx, err)
		}
	}
	return &huma.StreamResponse{Body: func(hc huma.Context) {
		v.header(hc, a)
		if hc.Method() == http.MethodHead && first != nil {
			_ = first.Close()
			pieces = nil
		}
		sent, err := v.send(ctx, hc.BodyWriter(), first, pieces)
		v.recordEnd(ctx, sent)
		if err != nil {
			api.Logger(ctx).WarnContext(ctx, "a view was cut", "entry", v.entry, "bytes", sent, "error", err.Error())
			cut(hc.BodyWriter())
		}
	}}, nil
}

// cut breaks the connection: the length is told, and a cut must not look like
// an end. Nothing more may be written, since the functions framework answers a
// panic with a text of its own, which would pass for the rest of the output.
func cut(w io.Writer) {
	if rw, ok := w.(http.ResponseWriter); ok {
		_ = http.NewResponseController(rw).SetWriteDeadline(time.Unix(1, 0)) // where it is not supported, the panic has to do
	}
	panic(http.ErrAbortHandler)
}

// header tells browsers to show plain text, keep nothing, and run nothing,
// whatever the output says it is.
func (v *view) header(hc huma.Context, a answer) {
	hc.SetHeader("Content-Type", "text/plain; charset=utf-8")
	hc.SetHeader("Content-Length", strconv.FormatInt(a.length(), 10))
	hc.SetHeader("Content-Security-Policy", "sandbox; default-src 'none'")
	hc.SetHeader("Content-Disposition", "inline")
	hc.SetHeader("Accept-Ranges", "bytes")
	hc.SetHeader("Strongroom-Output-State", string(v.index.state(v.run)))
	for name, value := range a.header {
		hc.SetHeader(name, value)
	}
	hc.SetStatus(a.status)
}

func (v *view) send(ctx context.Context, w io.Writer, first *storage.Reader, pieces []segment) (sent int64, err error) {
	buffer := buffers.Get().(*[bufferSize]byte)
	defer buffers.Put(buffer)
	for i, piece := range pieces {
		reader := first
		if i > 0 {
			if reader, err = v.open(ctx, piece); err != nil {
				return sent, err
			}
		}
		n, err := copyAll(w, reader, buffer[:])
		sent += n
		if err == nil && n != piece.length {
			err = io.ErrUnexpectedEOF
		}
		if err != nil {
			return sent, err
		}
	}
	return sent, nil
}

// copyAll copies through buffer and nothing else: io.CopyBuffer would let
// reader or writer bring their own.
func copyAll(w io.Writer, r io.ReadCloser, buffer []byte) (int64, error) {
	n, err := io.CopyBuffer(struct{ io.Writer }{w}, struct{ io.Reader }{r}, buffer)
	return n, errors.Join(err, r.Close())
}

// unreadable is what the client learns of a part that the bucket does not
// give; the read that was announced ends with no bytes.
func (v *view) unreadable(ctx context.Context, err error) error {
	v.recordEnd(ctx, 0)
	var public *api.Problem
	if errors.As(err, &public) {
		return err
	}
	if ctx.Err() != nil {
		return err
	}
	api.Logger(ctx).WarnContext(ctx, "the bucket did not give a part", "entry", v.entry, "error", err.Error())
	return refusal(err)
}

// refusal is what the client is told of the bucket's answer.
func refusal(err error) error {
	var answer *googleapi.Error
	known := errors.As(err, &answer)
	switch {
	case known && strings.Contains(answer.Error()+answer.Body, "CloudKms"):
		return api.Refuse(http.StatusForbidden, api.KeyLockedText)
	case errors.Is(err, storage.ErrObjectNotExist):
		return api.Refuse(http.StatusGone, "the bucket does not hold this output any more")
	case !known || answer.Code >= http.StatusInternalServerError || answer.Code == http.StatusTooManyRequests:
		return api.Refuse(http.StatusServiceUnavailable, "the bucket does not answer; try again").With("Retry-After", "1")
	}
	return err
}
