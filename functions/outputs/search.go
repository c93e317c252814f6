package outputs

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"regexp/syntax"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"github.com/strongroom-dev/strongroom/shared/access"
	"github.com/strongroom-dev/strongroom/shared/api"
	"github.com/strongroom-dev/strongroom/shared/outputname"
)

// Limits of one search request. The next request continues with the token.
const (
	maxSearched    = 64 << 20 // bytes
	maxMatches     = 10000
	maxSearchBytes = 4 << 20 // of the matches in the response
)

type searchRequest struct {
	Workspace string `path:"workspace" class:"operational"`
	Run       string `path:"run" class:"operational"`
	Output    string `path:"output" class:"operational"`
	Body      struct {
		View       string `json:"view" class:"operational" minLength:"1" maxLength:"4096" doc:"Token of a view of this output"`
		Text       string `json:"text,omitempty" class:"text" maxLength:"1024" doc:"Text to find; either this or pattern"`
		Pattern    string `json:"pattern,omitempty" class:"text" maxLength:"1024" doc:"RE2 pattern to find, within lines"`
		IgnoreCase bool   `json:"ignoreCase,omitempty" class:"operational"`
		Continue   string `json:"continue,omitempty" class:"operational" maxLength:"4096" doc:"The value continue of the previous response"`
	}
}

// searchPosition is where a search stopped.
type searchPosition struct {
	View   string `json:"i"`
	Offset int64  `json:"o"` // of the first byte that is not searched yet: the beginning of a line, or of a piece of one
	Line   int64  `json:"l"` // number of its line, from 1
}

// searchLine is one line of the response: a match, or, at the end, how far the search
// got.
type searchLine struct {
	Offset *int64  `json:"offset,omitempty" class:"operational"` // of the match's first byte
	Length *int64  `json:"length,omitempty" class:"operational"` // of the match in bytes
	Line   int64   `json:"line,omitempty" class:"operational"`   // number of its line, from 1
	Column int64   `json:"column,omitempty" class:"operational"` // of its first byte in the line or piece, from 1
	Text   string  `json:"text,omitempty" class:"output"`        // the line around the match
	End    *bool   `json:"end,omitempty" class:"operational"`    // the last line of the response: true if the whole output was searched
	To     *int64  `json:"searchedTo,omitempty" class:"operational"`
	Size   *int64  `json:"size,omitempty" class:"operational"`
	Next   *string `json:"continue,omitempty" class:"operational"`
}

type searchResponse struct {
	ContentType string             `header:"Content-Type" class:"operational"`
	Body        func(huma.Context) `class:"output"`
}

// search streams the matches in an output as lines of JSON.
func (h *Handler) search(ctx context.Context, in *searchRequest) (*searchResponse, error) {
	if err := outputname.Check(in.Output); err != nil {
		return nil, api.Refuse(http.StatusBadRequest, err.Error())
	}
	expression, err := compile(in.Body.Text, in.Body.Pattern, in.Body.IgnoreCase)
	if err != nil {
		return nil, api.Refuse(http.StatusUnprocessableEntity, err.Error())
	}
	v, err := h.under(ctx, in.Body.View, in.Run, in.Output, selection{})
	if err != nil {
		return nil, err
	}
	key := fmt.Sprintf("search %q %q %v %s", in.Body.Text, in.Body.Pattern, in.Body.IgnoreCase, v.index.under.ID)
	from, err := access.ParsePageToken[searchPosition](ctx, in.Body.Continue, key)
	if err != nil {
		return nil, err
	}
	s := &outputSearch{view: v, expression: expression, position: from, key: key}
	if s.position.Line == 0 {
		s.position.Line = 1
	}
	return s.stream(ctx)
}

// compile returns the expression of a search. Its errors are for the client.
func compile(text, pattern string, ignoreCase bool) (*regexp.Regexp, error) {
	if (text == "") == (pattern == "") {
		return nil, errors.New("set either text or pattern")
	}
	if text != "" {
		pattern = regexp.QuoteMeta(text)
	}
	if ignoreCase {
		pattern = "(?i)" + pattern
	}
	parsed, err := syntax.Parse(pattern, syntax.Perl)
	if err != nil {
		return nil, errors.New("pattern is not an RE2 pattern; see github.com/google/re2/wiki/Syntax")
	}
	if strings.Contains(text, "\n") {
		return nil, errors.New("text must not have a line break: a match is within one line")
	}
	expression, err := regexp.Compile(parsed.String())
	if err != nil {
		return nil, errors.New("pattern is too large; use a shorter one")
	}
	if expression.MatchString("") {
		return nil, errors.New("the pattern matches the empty text, so every line would match; make it match at least one character")
	}
	return expression, nil
}

// stream reserves the bytes of the search, opens the first segment, and then searches
// while it sends.
func (s *outputSearch) stream(ctx context.Context) (*searchResponse, error) {
	v := s.view
	limit := min(v.index.size(), s.position.Offset+maxSearched)
	if err := v.reserve(ctx, max(0, limit-s.position.Offset)); err != nil {
		return nil, err
	}
	source := &segmentReader{ahead: v.openAhead(ctx, v.index.segments(span{s.position.Offset, limit}), scanAhead)}
	if err := source.open(); err != nil {
		source.ahead.close()
		return nil, v.readError(ctx, err)
	}
	return &searchResponse{ContentType: "application/jsonl", Body: func(hc huma.Context) {
		defer source.Close()
		s.out = json.NewEncoder(hc.BodyWriter())
		err := s.run(source, limit)
		v.recordEnd(ctx, source.read, v.endReason(err))
		if err == nil {
			err = s.finish(ctx)
		}
		if err != nil {
			api.Logger(ctx).WarnContext(ctx, "search of an output aborted", "entry", v.entry, "bytes", source.read, "error", err.Error())
			api.Abort(hc.BodyWriter())
		}
	}}, nil
}

// finish writes the last line: how far the search got.
func (s *outputSearch) finish(ctx context.Context) error {
	size := s.view.index.size()
	end := s.position.Offset >= size
	line := searchLine{End: &end, To: &s.position.Offset, Size: &size}
	if !end {
		s.position.View = s.view.index.under.ID
		next := access.PageToken(ctx, s.position, s.key)
		line.Next = &next
	}
	return s.out.Encode(line)
}

// segmentReader reads segments of an output, one after the other.
type segmentReader struct {
	ahead   *opener
	current io.ReadCloser
	left    int64 // of the current segment
	read    int64
}

// open opens the next segment, if there is one.
func (r *segmentReader) open() error {
	if !r.ahead.more() {
		return nil
	}
	next := r.ahead.next()
	if next.err != nil {
		return next.err
	}
	r.current, r.left = next.reader, next.segment.length
	return nil
}

// Read implements io.Reader.
func (r *segmentReader) Read(b []byte) (int, error) {
	for r.left == 0 {
		if r.current == nil || !r.ahead.more() {
			return 0, io.EOF
		}
		if err := r.current.Close(); err != nil {
			return 0, err
		}
		if err := r.open(); err != nil {
			return 0, err
		}
	}
	n, err := r.current.Read(b)
	r.left, r.read = r.left-int64(n), r.read+int64(n)
	if errors.Is(err, io.EOF) {
		if err = nil; r.left > 0 {
			err = io.ErrUnexpectedEOF
		}
	}
	return n, err
}

// Close implements io.Closer.
func (r *segmentReader) Close() error {
	defer r.ahead.close()
	if r.current == nil {
		return nil
	}
	return r.current.Close()
}
