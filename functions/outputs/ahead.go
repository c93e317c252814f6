package outputs

import (
	"context"

	"cloud.google.com/go/storage"
)

// Limits of the segments that are opened before they are read. A request that streams
// reads all of them; one that searches lines may stop early, so it opens fewer.
const (
	streamAhead   = 64
	scanAhead     = 8
	maxAheadBytes = 1 << 20 // of all of them together; more only for a single one
)

// opener opens segments in their order, some of them before they are asked for, because
// each costs a call to the bucket. It is not safe for concurrent use.
type opener struct {
	view   *view
	ctx    context.Context // of the request, until close
	cancel context.CancelFunc

	limit   int       // of segments that are open and not read yet
	left    []segment // not opened yet
	opening []opening // in order
	ahead   int64     // bytes of opening
}

// opening is a segment that is being opened.
type opening struct {
	segment segment
	opened  chan opened // of capacity 1
}

// opened is a segment with its reader, which the caller of next closes.
type opened struct {
	segment segment
	reader  *storage.Reader
	err     error
}

// openAhead returns the opener of segments. The caller closes it, which also breaks the
// readers that it has returned.
func (v *view) openAhead(ctx context.Context, segments []segment, limit int) *opener {
	ctx, cancel := context.WithCancel(ctx)
	return &opener{view: v, ctx: ctx, cancel: cancel, limit: limit, left: segments}
}

// more reports whether there is a next segment.
func (o *opener) more() bool { return len(o.left) > 0 || len(o.opening) > 0 }

// next returns the next segment. It waits until the segment is open.
func (o *opener) next() opened {
	o.begin()
	first := o.opening[0]
	o.opening = o.opening[1:]
	o.ahead -= first.segment.length
	o.begin()
	return <-first.opened
}

// begin begins to open as many segments as the limits allow, and one at least.
func (o *opener) begin() {
	for len(o.left) > 0 && len(o.opening) < o.limit && (len(o.opening) == 0 || o.ahead+o.left[0].length <= maxAheadBytes) {
		next := opening{o.left[0], make(chan opened, 1)}
		o.left, o.opening, o.ahead = o.left[1:], append(o.opening, next), o.ahead+next.segment.length
		go func() {
			reader, err := o.view.open(o.ctx, next.segment)
			next.opened <- opened{next.segment, reader, err}
		}()
	}
}

// close closes what was opened and is not needed.
func (o *opener) close() {
	o.cancel()
	for _, unread := range o.opening {
		if got := <-unread.opened; got.reader != nil {
			_ = got.reader.Close()
		}
	}
	o.left, o.opening = nil, nil
}
