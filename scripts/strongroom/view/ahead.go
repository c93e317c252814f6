package view

import (
	"context"

	"github.com/strongroom-dev/strongroom/scripts/strongroom/api"
)

// maxAhead is how many responses may be requested while the one before them is copied. Each
// waits for calls in the cloud, in which a fast connection copies several responses. On a slow
// connection, one is enough, and others would wait until the cloud ends them. So each time
// that a response has not begun when it is needed, one more is requested ahead.
const maxAhead = 8

// requested is a response that was requested while another one is being copied.
type requested struct {
	span     api.Span
	response chan response // receives one
}

type response struct {
	chunk *api.Chunk
	err   error
}

// requestAhead requests what follows a chunk under a view, in ranges as long as the longest
// chunk so far. Only the responses begin: most of their bytes wait in the cloud until they
// are read.
func (r *Reader) requestAhead(ctx context.Context, chunk *api.Chunk, last int64) {
	if r.view == "" || r.linesLeft >= 0 {
		return
	}
	if last < 0 || last >= chunk.Size {
		last = chunk.Size - 1
	}
	r.step = max(r.step, chunk.Last+1-chunk.First)
	for len(r.ahead) <= r.late {
		first := chunk.Last + 1
		if n := len(r.ahead); n > 0 {
			first = r.ahead[n-1].span.Last + 1
		}
		if first > last {
			return
		}
		r.request(ctx, api.Span{First: first, Last: min(first+r.step-1, last)})
	}
}

func (r *Reader) request(ctx context.Context, span api.Span) {
	token, ahead := r.view, requested{span, make(chan response, 1)}
	r.ahead = append(r.ahead, ahead)
	go func() {
		chunk, err := r.Client.BytesUnder(ctx, r.Run, r.Name, token, span)
		ahead.response <- response{chunk, err}
	}()
}

// next returns the response that begins at r.at, if it was requested ahead. Otherwise it
// requests what is missing before the next one that was.
func (r *Reader) next(ctx context.Context, last int64) (*api.Chunk, error) {
	if len(r.ahead) > 0 && r.ahead[0].span.First == r.at {
		got := r.take()
		if got.err == nil {
			return got.chunk, nil
		}
	}
	if len(r.ahead) > 0 {
		last = r.ahead[0].span.First - 1
	}
	return r.read(ctx, api.Span{First: r.at, Last: last})
}

// take waits for the first response that was requested ahead.
func (r *Reader) take() response {
	ahead := r.ahead[0].response
	r.ahead = r.ahead[1:]
	select {
	case got := <-ahead:
		return got
	default:
		r.late = min(r.late+1, maxAhead-1)
		return <-ahead
	}
}

// drop forgets what was requested ahead. The context of the requests has ended.
func (r *Reader) drop() {
	for _, ahead := range r.ahead {
		if got := <-ahead.response; got.err == nil {
			_ = got.chunk.Body.Close() // nothing of it is needed
		}
	}
	r.ahead = nil
}
