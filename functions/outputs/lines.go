package outputs

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math"
)

// Limits of the search for a line in one request. Only what the platform counted
// itself is an index, because a runner can declare a wrong number of lines and so
// hide some. Parts that nobody has counted are read through, and their counts are
// stored, so that the next request continues after them.
const (
	maxScanned      = 64 << 20 // bytes before the first requested line
	maxScannedParts = 200
)

// lineSpan is the bytes of a range of lines. The zero lineSpan has no bytes.
type lineSpan struct {
	span
	last      int64 // number of the last line that the span contains, at least in part
	truncated bool  // the range continues after the span
	next      int   // number of the part at which the search continues; 0: the search has ended
}

// findLines returns the span of a range of lines, up to the size of one response.
func (v *view) findLines(ctx context.Context, lines lineRange) (lineSpan, error) {
	from, next, err := v.offsetAfterLine(ctx, lines.first-1)
	if err != nil || next > 0 || from >= v.index.size() {
		return lineSpan{next: next}, err
	}
	count := int64(math.MaxInt64)
	if lines.last >= 0 {
		count = lines.last - lines.first + 1
	}
	limit := min(v.index.size(), from+maxResponse)
	result, err := v.scan(ctx, v.index.segments(span{from, limit}), from, count)
	if err != nil {
		return lineSpan{}, err
	}
	last := lines.first + result.newlines - 1
	if result.midline {
		last++
	}
	return lineSpan{
		span:      span{from, result.to},
		last:      last,
		truncated: result.newlines < count && limit < v.index.size(),
	}, nil
}

// offsetAfterLine returns the offset after the n-th newline, or the size of the
// output if it has fewer. It skips parts whose newlines the platform counted, and
// reads through the other parts. If they are too many for one request, next is the
// number of the part to continue at.
func (v *view) offsetAfterLine(ctx context.Context, n int64) (offset int64, next int, err error) {
	if n == 0 {
		return 0, 0, nil
	}
	for i := 0; i < len(v.index.parts); {
		p := v.index.parts[i]
		if p.lines >= 0 && p.lines < n {
			n -= p.lines
			i++
			continue
		}
		segments := v.uncounted(v.index.parts[i:])
		if len(segments) == 0 {
			return 0, p.number, nil
		}
		result, err := v.scan(ctx, segments, p.offset, n)
		if err != nil {
			return 0, 0, err
		}
		if n -= result.newlines; n == 0 {
			return result.to, 0, nil
		}
		i += len(segments)
	}
	return v.index.size(), 0, nil
}

// uncounted returns the first of some parts, and those after it whose newlines nobody has
// counted, as many as this request may still read through.
func (v *view) uncounted(parts []part) (segments []segment) {
	bytes := v.scanned
	for _, p := range parts {
		counted := len(segments) > 0 && p.lines >= 0
		tooMany := bytes > 0 && (bytes+p.size > maxScanned || len(v.counts)+len(segments) >= maxScannedParts)
		if counted || tooMany {
			break
		}
		segments, bytes = append(segments, segment{p, 0, p.size}), bytes+p.size
	}
	return segments
}

// scanResult is the progress of a scan for newlines.
type scanResult struct {
	to       int64 // offset after the last byte scanned
	newlines int64
	midline  bool // the last byte scanned is not a newline
}

// scan reads segments, of which the first begins at the offset from, up to their
// n-th newline, or to their end.
func (v *view) scan(ctx context.Context, segments []segment, from, n int64) (scanResult, error) {
	buffer := buffers.Get().(*[bufferSize]byte)
	defer buffers.Put(buffer)
	result := scanResult{to: from}
	ahead := v.openAhead(ctx, segments, scanAhead)
	defer ahead.close()
	for ahead.more() {
		before := result
		next := ahead.next()
		err := next.err
		if err == nil {
			err = scanSegment(next.reader, next.segment, n, buffer[:], &result)
		}
		v.scanned += result.to - before.to
		if err != nil {
			return result, err
		}
		if result.to-before.to == next.segment.part.size {
			v.noteCount(next.segment.part, result.newlines-before.newlines)
		}
		if result.newlines == n {
			break
		}
	}
	return result, nil
}

func scanSegment(reader io.ReadCloser, s segment, n int64, buffer []byte, result *scanResult) error {
	defer reader.Close()
	for end := result.to + s.length; result.to < end; {
		k, err := reader.Read(buffer)
		if result.count(buffer[:k], n); result.newlines == n {
			return nil
		}
		if errors.Is(err, io.EOF) && result.to < end {
			err = io.ErrUnexpectedEOF
		}
		if err != nil && !errors.Is(err, io.EOF) {
			return fmt.Errorf("scan lines: %w", err)
		}
	}
	return nil
}

// count continues the scan through data, up to the n-th newline.
func (r *scanResult) count(data []byte, n int64) {
	for len(data) > 0 && r.newlines < n {
		i := bytes.IndexByte(data, '\n')
		if r.midline = i < 0; r.midline {
			r.to += int64(len(data))
			return
		}
		r.to, r.newlines, data = r.to+int64(i)+1, r.newlines+1, data[i+1:]
	}
}
