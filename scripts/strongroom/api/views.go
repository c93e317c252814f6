package api

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"

	"github.com/strongroom-dev/strongroom/scripts/strongroom/retry"
)

// View is one reading of an output, in any number of requests. The audit log has one
// entry when it opens and one when it ends.
type View struct {
	Token string `json:"view"`
	Size  int64  `json:"size"`
	State string `json:"state"`
}

// OpenView opens a view of an output. The caller closes it with CloseView.
func (c *Client) OpenView(ctx context.Context, run, name string) (View, error) {
	return c.view(ctx, run, name, struct{}{})
}

// RenewView returns the same view of an output, with what was stored since. It keeps its end.
func (c *Client) RenewView(ctx context.Context, run, name, token string) (View, error) {
	return c.view(ctx, run, name, map[string]string{"view": token})
}

func (c *Client) view(ctx context.Context, run, name string, in any) (v View, err error) {
	err = c.call(ctx, request{what: "open output", method: http.MethodPost, path: c.outputPath(run, name) + "/views", in: in}, &v)
	return v, err
}

// CloseView ends a view.
func (c *Client) CloseView(ctx context.Context, run, name, token string) error {
	in := map[string]string{"view": token}
	return c.call(ctx, request{what: "close output", method: http.MethodPost, path: c.outputPath(run, name) + "/views/close", in: in}, nil)
}

// BytesUnder is Bytes under a view.
func (c *Client) BytesUnder(ctx context.Context, run, name, token string, span Span) (*Chunk, error) {
	return c.bytes(ctx, request{path: c.outputPath(run, name), header: http.Header{"Strongroom-View": {token}}}, span)
}

// Search is what to find in an output: either a text, or an RE2 pattern within lines.
type Search struct {
	View       string `json:"view"`
	Text       string `json:"text,omitempty"`
	Pattern    string `json:"pattern,omitempty"`
	IgnoreCase bool   `json:"ignoreCase,omitempty"`
	Continue   string `json:"continue,omitempty"` // where the previous search stopped; empty: from the beginning
}

// Match is a place in an output that a search found.
type Match struct {
	Offset int64  `json:"offset"` // of its first byte
	Line   int64  `json:"line"`   // from 1
	Text   string `json:"text"`   // the line around it
}

// SearchOutput calls each with the matches that one request finds. It returns where to
// continue; empty if the whole output was searched.
func (c *Client) SearchOutput(ctx context.Context, run, name string, search Search, each func(Match) error) (next string, err error) {
	const what = "search output"
	body, err := Encode(search)
	if err != nil {
		return "", fmt.Errorf("%s: %w", what, err)
	}
	ctx, alive, cancel := watch(ctx)
	defer cancel()
	res, err := c.send(ctx, request{what: what, method: http.MethodPost, path: c.outputPath(run, name) + "/search", in: search}, body)
	if err != nil {
		return "", err
	}
	defer closeBody(res.Body)
	next, err = readMatches(&liveReader{res.Body, alive}, each)
	if errors.Is(err, errSearchEnd) {
		return "", &retry.Transient{Err: fmt.Errorf("%s: %w", what, err)}
	}
	return next, err
}

// errSearchEnd is the error of a search whose response ends before it says how far the search got.
var errSearchEnd = errors.New("the response ended early")

// maxMatchLine is the longest line of a response.
const maxMatchLine = 64 << 10

func readMatches(body io.Reader, each func(Match) error) (next string, err error) {
	lines := bufio.NewScanner(body)
	lines.Buffer(nil, maxMatchLine)
	for lines.Scan() {
		var line struct {
			Match
			End      *bool  `json:"end"`
			Continue string `json:"continue"`
		}
		if err := json.Unmarshal(lines.Bytes(), &line); err != nil {
			return "", errSearchEnd
		}
		if line.End != nil {
			return line.Continue, nil
		}
		if err := each(line.Match); err != nil {
			return "", err
		}
	}
	return "", errSearchEnd
}
