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

	"cloud.google.com/go/storage"
	"github.com/danielgtaylor/huma/v2"
	"google.golang.org/api/googleapi"

	"github.com/strongroom-dev/strongroom/shared/access"
	"github.com/strongroom-dev/strongroom/shared/api"
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

// open begins to read a piece of a part, of exactly the generation that is in
// custody.
func (v *view) open(ctx context.Context, s segment) (*storage.Reader, error) {
	reader, err := v.bucket.Object(s.part.object).Generation(s.part.generation).NewRangeReader(ctx, s.offset, s.length)
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
		sent, err := v.send(ctx, hc.BodyWriter(), first, pieces)
		v.recordEnd(ctx, sent)
		if err != nil {
			api.Logger(ctx).WarnContext(ctx, "a view was cut", "entry", v.entry, "bytes", sent, "error", err.Error())
			panic(http.ErrAbortHandler) // the length is told: a cut must not look like an end
		}
	}}, nil
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
	var refused *googleapi.Error
	if errors.As(err, &refused) && strings.Contains(refused.Error()+refused.Body, "CloudKms") {
		api.Logger(ctx).WarnContext(ctx, "the tenant's key is not available", "entry", v.entry)
		return api.Refuse(http.StatusForbidden, "the tenant's key is disabled or destroyed; ask the tenant's administrator")
	}
	return err
}
