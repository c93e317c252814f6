package outputs

import (
	"errors"
	"strconv"
	"strings"
)

// maxResponse bounds a response. The platform ends a streamed one near 10 MB:
// cloud.google.com/functions/quotas.
const maxResponse = 8 << 20

// ask is what part of an output a client wants. The zero ask is all of it.
type ask struct {
	bytes *byteRange
	lines *lineRange
}

// byteRange is a single range of RFC 9110, section 14.1.2.
type byteRange struct {
	first  int64 // -1: the last `suffix` bytes
	last   int64 // inclusive; -1: to the end
	suffix int64
}

// lineRange counts lines from 1, both inclusive.
type lineRange struct {
	first int64
	last  int64 // -1: to the end
}

var (
	errRange = errors.New("the Range header takes one range of bytes, as bytes=0-8388607, bytes=8388608- or bytes=-1000")
	errLines = errors.New("lines takes a range of line numbers from 1, as 1-200 or 100-")
	errBoth  = errors.New("ask for a Range or for lines, not for both")
)

// parseAsk reads the Range header and the lines parameter; either may be empty.
func parseAsk(header, lines string) (ask, error) {
	switch {
	case header != "" && lines != "":
		return ask{}, errBoth
	case header != "":
		r, err := parseByteRange(header)
		return ask{bytes: r}, err
	case lines != "":
		r, err := parseLineRange(lines)
		return ask{lines: r}, err
	}
	return ask{}, nil
}

func parseByteRange(header string) (*byteRange, error) {
	spec, ok := strings.CutPrefix(header, "bytes=")
	first, last, dash := strings.Cut(spec, "-")
	if !ok || !dash {
		return nil, errRange
	}
	if first == "" {
		n, err := number(last)
		if err != nil || n == 0 {
			return nil, errRange
		}
		return &byteRange{first: -1, suffix: n}, nil
	}
	from, to, err := bounds(first, last)
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
	from, to, err := bounds(first, last)
	if err != nil || from == 0 {
		return nil, errLines
	}
	return &lineRange{from, to}, nil
}

// bounds reads both ends of a range; an empty last is -1.
func bounds(first, last string) (from, to int64, err error) {
	if from, err = number(first); err != nil || last == "" {
		return from, -1, err
	}
	to, err = number(last)
	if err == nil && to < from {
		err = errRange
	}
	return from, to, err
}

// number reads digits only: no sign, no space.
func number(s string) (int64, error) {
	if s == "" || len(s) > 18 || strings.Trim(s, "0123456789") != "" {
		return 0, errRange
	}
	return strconv.ParseInt(s, 10, 64)
}

// within resolves the range in an output of size bytes. It is false where
// nothing of the range is there.
func (r byteRange) within(size int64) (span, bool) {
	if r.first < 0 {
		return span{max(0, size-r.suffix), size}, size > 0
	}
	to := size
	if r.last >= 0 {
		to = min(size, r.last+1)
	}
	return span{r.first, to}, r.first < size
}
