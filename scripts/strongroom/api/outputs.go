package api

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
)

// States of an output.
const (
	Open       = "open"       // more may come
	Complete   = "complete"   // all that the run claims is stored
	Incomplete = "incomplete" // the run has ended, and parts are missing
)

// Listing is a run and its outputs.
type Listing struct {
	Run     Run      `json:"run"`
	Outputs []Output `json:"outputs"`
}

// Output is what can be read of one output.
type Output struct {
	Name        string `json:"name"`
	ContentType string `json:"contentType"`
	State       string `json:"state"`           // Open, Complete or Incomplete
	Parts       int    `json:"parts"`           // as the run claims; 0 while it runs
	StoredParts int    `json:"storedParts"`     // without a gap from part 1
	Size        int64  `json:"size"`            // bytes in StoredParts
	Lines       *int64 `json:"lines,omitempty"` // nil: not known
}

// Outputs lists a run's outputs.
func (c *Client) Outputs(ctx context.Context, run string) (Listing, error) {
	var listing Listing
	err := c.call(ctx, request{what: "list outputs", method: http.MethodGet, path: c.runPath(run) + "/outputs"}, &listing)
	return listing, err
}

// Span is a range of bytes, both ends inclusive. Last -1: to the end.
type Span struct{ First, Last int64 }

func (s Span) header() string {
	if s.Last < 0 {
		return fmt.Sprintf("bytes=%d-", s.First)
	}
	return fmt.Sprintf("bytes=%d-%d", s.First, s.Last)
}

// Chunk is a piece of an output. Close its Body.
type Chunk struct {
	Body      io.ReadCloser
	First     int64  // byte of the output with which Body begins
	Last      int64  // byte with which it ends; First-1 when it is empty
	Size      int64  // of the output, as far as it is stored
	Truncated bool   // there are more of the lines that were asked for
	State     string // Open, Complete or Incomplete
}

// Bytes reads a range; it may end before the range does. A range that begins at
// the end gives an empty chunk.
func (c *Client) Bytes(ctx context.Context, run, name string, span Span) (*Chunk, error) {
	chunk, err := c.read(ctx, request{path: c.outputPath(run, name), header: http.Header{"Range": {span.header()}}})
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

// Lines reads lines first to last, counted from 1 and inclusive; last 0: to the
// end. The chunk is Truncated when they are more than one response may hold.
func (c *Client) Lines(ctx context.Context, run, name string, first, last int64) (*Chunk, error) {
	lines := fmt.Sprintf("%d-", first)
	if last > 0 {
		lines += strconv.FormatInt(last, 10)
	}
	return c.read(ctx, request{path: c.outputPath(run, name), query: url.Values{"lines": {lines}}})
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
		Body:      &chunkBody{liveReader{res.Body, alive}, res.Body, cancel, ctx},
		Truncated: res.Header.Get("Strongroom-Truncated") == "true",
		State:     res.Header.Get("Strongroom-Output-State"),
	}
	if chunk.First, chunk.Last, chunk.Size, err = parseContentRange(res.Header.Get("Content-Range")); err != nil {
		_ = chunk.Body.Close()
		return nil, fmt.Errorf("%s: %w", r.what, err)
	}
	return chunk, nil
}

// chunkBody is a response's body whose transfer is watched.
type chunkBody struct {
	liveReader
	body   io.Closer
	cancel func()
	ctx    context.Context
}

// Read marks a broken connection as transient.
func (b *chunkBody) Read(p []byte) (int, error) {
	n, err := b.liveReader.Read(p)
	if err != nil && err != io.EOF {
		err = unreachable(b.ctx, "read output", err)
	}
	return n, err
}

func (b *chunkBody) Close() error {
	b.cancel()
	return b.body.Close()
}

var contentRange = regexp.MustCompile(`^bytes (?:([0-9]{1,18})-([0-9]{1,18})|\*)/([0-9]{1,18})$`)

// parseContentRange reads `bytes a-b/size`, or `bytes */size` for none of them.
func parseContentRange(value string) (first, last, size int64, err error) {
	match := contentRange.FindStringSubmatch(value)
	if match == nil {
		return 0, 0, 0, fmt.Errorf("the answer does not say which bytes it holds")
	}
	size, _ = strconv.ParseInt(match[3], 10, 64)
	if match[1] == "" {
		return size, size - 1, size, nil
	}
	first, _ = strconv.ParseInt(match[1], 10, 64)
	last, _ = strconv.ParseInt(match[2], 10, 64)
	if first > last || last >= size {
		return 0, 0, 0, fmt.Errorf("the answer holds bytes %d to %d of %d", first, last, size)
	}
	return first, last, size, nil
}
