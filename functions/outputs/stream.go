package outputs

import (
	"context"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"strconv"
	"sync"

	"cloud.google.com/go/storage"
	"github.com/danielgtaylor/huma/v2"

	"github.com/strongroom-dev/strongroom/shared/access"
	"github.com/strongroom-dev/strongroom/shared/api"
	"github.com/strongroom-dev/strongroom/shared/bucket"
	"github.com/strongroom-dev/strongroom/shared/outputname"
	"github.com/strongroom-dev/strongroom/shared/run"
)

// bufferSize is how much of an output a view holds in memory.
const bufferSize = 256 << 10

var buffers = sync.Pool{New: func() any { return new([bufferSize]byte) }}

// errOtherObject is the error of an object that is not the one in custody.
var errOtherObject = errors.New("the object differs from its record")

// view is one read of one output by one client.
type view struct {
	handler *Handler
	session access.Session
	run     run.Run
	bucket  *storage.BucketHandle
	index   index
	entry   string // ID of the audit entry of this read

	offset    int64          // of the first byte in the response
	scanned   int64          // bytes that were searched for newlines
	counts    []countedLines // parts whose newlines were counted, to be stored
	packed    bool           // the packed index has all parts of the view
	grants    int            // number of grants that were read
	lastGrant int            // part of the last one
	disputed  int            // number of disputed parts that the bucket was asked about

	early  *opener          // of the response's segments, begun before the audit entry was written; nil: not begun
	settle func(sent int64) // ends the reservation of a request under a view; nil: none exists
}

// open opens a segment of a part. It reads exactly the generation that is in custody.
// ReadCompressed returns the stored bytes, because the client library would
// otherwise decompress objects that claim to be gzip-encoded.
func (v *view) open(ctx context.Context, s segment) (*storage.Reader, error) {
	if err := access.Admitted(ctx); err != nil {
		return nil, err
	}
	object := v.bucket.Object(v.object(s.part.number).Name()).Generation(s.part.generation).ReadCompressed(true)
	reader, err := object.NewRangeReader(ctx, s.offset, s.length)
	if err != nil {
		return nil, fmt.Errorf("open part: %w", err)
	}
	if reader.Attrs.Size != s.part.size {
		_ = reader.Close()
		return nil, errOtherObject
	}
	return reader, nil
}

// openEarly opens the first segment of a response before it is known whether the audit entry
// of the read can be written: it saves a round trip. Nothing of the segment is sent until then.
func (v *view) openEarly(ctx context.Context, selected selection) {
	if selected.lines != nil {
		return // where the lines are is not known yet
	}
	if s, ok := v.selectedSpan(selected); ok {
		v.early = v.openAhead(ctx, v.index.segments(s), 1)
		v.early.begin()
	}
}

// stream opens the first segment before it sends any header, so that an error of the
// bucket can still become a problem response. It then sends segment by segment.
func (v *view) stream(ctx context.Context, r response) (*readResponse, error) {
	v.offset = r.from
	if err := v.reserve(ctx, r.length()); err != nil {
		if v.early != nil {
			v.early.close()
		}
		return nil, err
	}
	segments := v.early
	if segments == nil {
		segments = v.openAhead(ctx, v.index.segments(r.span), streamAhead)
	}
	segments.limit = streamAhead
	var first *opened
	if segments.more() {
		next := segments.next()
		if next.err != nil {
			segments.close()
			return nil, v.readError(ctx, next.err)
		}
		first = &next
	}
	return &readResponse{Body: func(hc huma.Context) {
		defer segments.close()
		v.writeHeader(hc, r)
		if hc.Method() == http.MethodHead && first != nil {
			_ = first.reader.Close()
			first = nil
		}
		sent, err := send(hc.BodyWriter(), first, segments)
		v.recordEnd(ctx, sent, v.endReason(err))
		if err != nil {
			api.Logger(ctx).WarnContext(ctx, "output stream aborted", "entry", v.entry, "bytes", sent, "error", err.Error())
			api.Abort(hc.BodyWriter())
		}
	}}, nil
}

// writeHeader writes headers that make browsers show the output as plain text, run
// nothing and store nothing, whatever content type the output declares.
func (v *view) writeHeader(hc huma.Context, r response) {
	hc.SetHeader("Content-Type", "text/plain; charset=utf-8")
	hc.SetHeader("Content-Length", strconv.FormatInt(r.length(), 10))
	hc.SetHeader("Content-Security-Policy", "sandbox; default-src 'none'")
	hc.SetHeader("Content-Disposition", mime.FormatMediaType("inline", map[string]string{"filename": outputname.Download(v.index.name)}))
	hc.SetHeader("Accept-Ranges", "bytes")
	hc.SetHeader("Strongroom-Output-State", string(v.index.state(v.run)))
	for name, value := range r.header {
		hc.SetHeader(name, value)
	}
	hc.SetStatus(r.status)
}

// send sends the first segment and those after it. It sends nothing if first is nil.
func send(w io.Writer, first *opened, after *opener) (sent int64, err error) {
	if first == nil {
		return 0, nil
	}
	buffer := buffers.Get().(*[bufferSize]byte)
	defer buffers.Put(buffer)
	for current := *first; ; current = after.next() {
		if current.err != nil {
			return sent, current.err
		}
		n, err := copyAll(w, current.reader, buffer[:])
		sent += n
		if err == nil && n != current.segment.length {
			err = io.ErrUnexpectedEOF
		}
		if err != nil || !after.more() {
			return sent, err
		}
	}
}

// copyAll copies through buffer only. It hides the ReadFrom and WriteTo methods of
// its arguments, because io.CopyBuffer would use their own buffers instead.
func copyAll(w io.Writer, r io.ReadCloser, buffer []byte) (int64, error) {
	n, err := io.CopyBuffer(struct{ io.Writer }{w}, struct{ io.Reader }{r}, buffer)
	return n, errors.Join(err, r.Close())
}

// readError returns the client's error for a part that cannot be read. It also
// audits the end of the read, with no bytes sent.
func (v *view) readError(ctx context.Context, err error) error {
	v.recordEnd(ctx, 0, v.endReason(err))
	var public *api.Problem
	if errors.As(err, &public) {
		return err
	}
	if ctx.Err() != nil {
		return err
	}
	api.Logger(ctx).WarnContext(ctx, "read part from the bucket", "entry", v.entry, "error", err.Error())
	return v.bucketProblem(err)
}

// reasonUnavailable is the reason in the audit log of a read that the owner of the bucket
// does not allow any more.
const reasonUnavailable = "storage-unavailable"

// withdrawn reports whether err means that a customer no longer lets the platform read the
// customer's own bucket. In a bucket of the platform, the same error is the platform's fault.
func (v *view) withdrawn(err error) bool {
	return err != nil && bucket.IsForbidden(err) && v.session.Tenant.IsCustomers(v.bucket.BucketName())
}

// endReason returns the reason for the audit log that a read ended early, or "".
func (v *view) endReason(err error) string {
	if v.withdrawn(err) {
		return reasonUnavailable
	}
	return ""
}

// bucketProblem maps an error of the bucket to the problem that the client gets.
func (v *view) bucketProblem(err error) error {
	switch {
	case bucket.IsKeyLocked(err):
		return api.Refuse(http.StatusForbidden, api.KeyLockedText)
	case errors.Is(err, errOtherObject):
		return api.Refuse(http.StatusGone, "the bucket holds another object than the one that was stored")
	case bucket.IsMissing(err):
		return api.Refuse(http.StatusGone, "the bucket no longer holds this output")
	case v.withdrawn(err):
		return api.Refuse(http.StatusForbidden, api.StorageUnavailableText)
	case bucket.IsTransient(err):
		return api.Refuse(http.StatusServiceUnavailable, "the bucket is unavailable; try again").With("Retry-After", "1")
	}
	return err
}
