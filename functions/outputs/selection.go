package outputs

import (
	"errors"
	"strconv"
	"strings"
)

// maxResponse is the largest response body. The platform ends a streamed response
// at about 10 MB: cloud.google.com/functions/quotas.
const maxResponse = 8 << 20

// selection is the part of an output that a client requests. The zero selection is
// the whole output.
type selection struct {
	bytes *byteRange
	lines *lineRange
}

// byteRange is a single range of RFC 9110, section 14.1.2.
type byteRange struct {
	first  int64 // -1: the range is the last suffix bytes
	last   int64 // inclusive; -1: to the end
	suffix int64
}

// lineRange is a range of line numbers. Lines count from 1; both ends are inclusive.
type lineRange struct {
	first int64
	last  int64 // -1: to the end
}

var (
	errRange = errors.New("the Range header must be one range of bytes, such as bytes=0-8388607, bytes=8388608- or bytes=-1000")
	errLines = errors.New("lines must be a range of line numbers that starts at 1 or later, such as 1-200 or 100-")
	errBoth  = errors.New("use the Range header or the lines parameter, not both")
)

// parseSelection parses the Range header and the lines parameter. At least one of
// them must be empty.
func parseSelection(header, lines string) (selection, error) {
	switch {
	case header != "" && lines != "":
		return selection{}, errBoth
	case header != "":
		r, err := parseByteRange(header)
		return selection{bytes: r}, err
	case lines != "":
		r, err := parseLineRange(lines)
		return selection{lines: r}, err
	}
	return selection{}, nil
}

func parseByteRange(header string) (*byteRange, error) {
	spec, ok := strings.CutPrefix(header, "bytes=")
	first, last, dash := strings.Cut(spec, "-")
	if !ok || !dash {
		return nil, errRange
	}
	if first == "" {
		n, err := parseNumber(last)
		if err != nil || n == 0 {
			return nil, errRange
		}
		return &byteRange{first: -1, suffix: n}, nil
	}
	from, to, err := parseBounds(first, last)
	if err != nil {
		return nil, errRange
	}
	return &byteRange{first: from, last: to}, nil
}

func parseLineRange(s string) (*lineRange, error) {
	first, last, dash := strings.Cut(s, "-")
	if !dash {
		return nil, errLines
	}
	from, to, err := parseBounds(first, last)
	if err != nil || from == 0 {
		return nil, errLines
	}
	return &lineRange{from, to}, nil
}

// parseBounds parses both ends of a range. An empty last is -1.
func parseBounds(first, last string) (from, to int64, err error) {
	if from, err = parseNumber(first); err != nil || last == "" {
		return from, -1, err
	}
	to, err = parseNumber(last)
	if err == nil && to < from {
		err = errRange
	}
	return from, to, err
}

// parseNumber accepts 1 to 18 digits, with no sign and no space.
func parseNumber(s string) (int64, error) {
	if s == "" || len(s) > 18 || strings.Trim(s, "0123456789") != "" {
		return 0, errRange
	}
	return strconv.ParseInt(s, 10, 64)
}

// resolve returns the range within an output of size bytes. It reports false if the
// output has no byte in the range.
func (r byteRange) resolve(size int64) (span, bool) {
	if r.first < 0 {
		return span{max(0, size-r.suffix), size}, size > 0
	}
	to := size
	if r.last >= 0 {
		to = min(size, r.last+1)
	}
	return span{r.first, to}, r.first < size
}
