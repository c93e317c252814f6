package api

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"

	"github.com/strongroom-dev/strongroom/shared/lazyregexp"
)

// States of an output.
const (
	Open       = "open"       // the run may still write parts
	Complete   = "complete"   // every part that the run reported is stored
	Incomplete = "incomplete" // the run has ended and parts are missing, or the run is lost
	Unclaimed  = "unclaimed"  // the run has ended and did not report the output
)

// Listing is a run and its outputs.
type Listing struct {
	Run     Run      `json:"run"`
	Outputs []Output `json:"outputs"`
}

// Output describes the readable part of one output.
type Output struct {
	Name        string `json:"name" doc:"identifies the output; outputs cat accepts it"`
	FileName    string `json:"fileName" doc:"for people: as the file was named on the runner"`
	ContentType string `json:"contentType"`
	State       string `json:"state" doc:"open, complete, incomplete or unclaimed"`
	Parts       int    `json:"parts" doc:"number that the run reported; 0 while it runs"`
	StoredParts int    `json:"storedParts" doc:"number stored without a gap, from part 1"`
	Size        int64  `json:"size" doc:"bytes in the stored parts"`
	Lines       *int64 `json:"lines,omitempty" doc:"absent if unknown"`
	LinesDiffer bool   `json:"linesDiffer" doc:"the run declared other numbers of lines than the platform counted"`

	UnclaimedParts int `json:"unclaimedParts" doc:"stored parts that the run did not report"`
}

// Outputs lists a run's outputs.
func (c *Client) Outputs(ctx context.Context, run string) (Listing, error) {
	var listing Listing
	err := c.call(ctx, request{what: "list outputs", method: http.MethodGet, path: c.runPath(run) + "/outputs"}, &listing)
	return listing, err
}

// Span is a range of bytes. Both ends are inclusive. Last is -1 for the end of
// the output.
type Span struct{ First, Last int64 }

func (s Span) header() string {
	if s.Last < 0 {
		return fmt.Sprintf("bytes=%d-", s.First)
	}
	return fmt.Sprintf("bytes=%d-%d", s.First, s.Last)
}

// Chunk is a piece of an output. The caller closes Body.
type Chunk struct {
	Body      io.ReadCloser
	First     int64  // offset of Body's first byte in the output
	Last      int64  // offset of Body's last byte; First-1 if Body is empty
	Size      int64  // bytes of the output that are stored
	Truncated bool   // the response has only some of the requested lines
	State     string // Open, Complete, Incomplete or Unclaimed

	next string // continue value of the next request; empty: the lines were found
}

// Bytes reads a range. The chunk may end before the range does. A range that
// begins at the end of the output returns an empty chunk.
func (c *Client) Bytes(ctx context.Context, run, name string, span Span) (*Chunk, error) {
	return c.bytes(ctx, request{path: c.outputPath(run, name)}, span)
}

// UnclaimedBytes is Bytes of the stored parts that the run's report does not claim.
func (c *Client) UnclaimedBytes(ctx context.Context, run, name string, span Span) (*Chunk, error) {
	return c.bytes(ctx, request{path: c.outputPath(run, name), query: url.Values{"unclaimed": {"true"}}}, span)
}

func (c *Client) bytes(ctx context.Context, r request, span Span) (*Chunk, error) {
	if r.header == nil {
		r.header = http.Header{}
	}
	r.header.Set("Range", span.header())
	chunk, err := c.read(ctx, r)
	var problem *Problem
	if !errors.As(err, &problem) || problem.Status != http.StatusRequestedRangeNotSatisfiable {
		return chunk, err
	}
	_, _, size, rangeErr := parseContentRange(problem.contentRange)
	if rangeErr != nil || size != span.First {
		return nil, err
	}
	return &Chunk{Body: http.NoBody, First: size, Last: size - 1, Size: size}, nil
}

// Lines reads lines first to last, counted from 1 and inclusive. If last is 0,
// it reads to the end. The chunk is Truncated if the lines do not fit into one
// response. The platform may need several requests to find the first line.
func (c *Client) Lines(ctx context.Context, run, name string, first, last int64) (*Chunk, error) {
	lines := fmt.Sprintf("%d-", first)
	if last > 0 {
		lines += strconv.FormatInt(last, 10)
	}
	query := url.Values{"lines": {lines}}
	for {
		chunk, err := c.read(ctx, request{path: c.outputPath(run, name), query: query})
		if err != nil || chunk.next == "" {
			return chunk, err
		}
		_ = chunk.Body.Close()
		query.Set("continue", chunk.next)
	}
}

func (c *Client) outputPath(run, name string) string {
	return c.runPath(run) + "/outputs/" + url.PathEscape(name)
}

func (c *Client) read(ctx context.Context, r request) (*Chunk, error) {
	r.what, r.method = "read output", http.MethodGet
	ctx, alive, cancel := watch(ctx)
	res, err := c.send(ctx, r, nil)
	if err != nil {
		cancel()
		return nil, err
	}
	chunk := &Chunk{
		Body:      &chunkBody{liveReader: liveReader{res.Body, alive}, body: res.Body, cancel: cancel, ctx: ctx, what: r.what},
		Truncated: res.Header.Get("Strongroom-Truncated") == "true",
		State:     res.Header.Get("Strongroom-Output-State"),
		next:      res.Header.Get("Strongroom-Continue"),
	}
	if chunk.First, chunk.Last, chunk.Size, err = parseContentRange(res.Header.Get("Content-Range")); err != nil {
		_ = chunk.Body.Close()
		return nil, fmt.Errorf("%s: %w", r.what, err)
	}
	return chunk, nil
}

// chunkBody is a response body whose transfer is watched for stalls.
type chunkBody struct {
	liveReader
	body   io.Closer
	cancel func()
	ctx    context.Context
	what   string // is attempted, for errors
}

// Read marks a broken connection as transient.
func (b *chunkBody) Read(p []byte) (int, error) {
	n, err := b.liveReader.Read(p)
	if err != nil && err != io.EOF {
		err = unreachable(b.ctx, b.what, err)
	}
	return n, err
}

func (b *chunkBody) Close() error {
	b.cancel()
	return b.body.Close()
}

var contentRange = lazyregexp.New(`^bytes (?:([0-9]{1,18})-([0-9]{1,18})|\*)/([0-9]{1,18})$`)

// parseContentRange reads `bytes a-b/size`, or `bytes */size` for an empty range.
func parseContentRange(value string) (first, last, size int64, err error) {
	match := contentRange.FindStringSubmatch(value)
	if match == nil {
		return 0, 0, 0, errors.New("the response has no valid Content-Range header")
	}
	size, _ = strconv.ParseInt(match[3], 10, 64)
	if match[1] == "" {
		return size, size - 1, size, nil
	}
	first, _ = strconv.ParseInt(match[1], 10, 64)
	last, _ = strconv.ParseInt(match[2], 10, 64)
	if first > last || last >= size {
		return 0, 0, 0, fmt.Errorf("the response has bytes %d to %d of %d", first, last, size)
	}
	return first, last, size, nil
}
