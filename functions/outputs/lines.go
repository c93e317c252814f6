package outputs

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math"
)

// lineSpan is the bytes of a range of lines. The zero lineSpan has no bytes.
type lineSpan struct {
	span
	last      int64 // number of the last line that the span contains, at least in part
	truncated bool  // the range continues after the span
}

// findLines returns the span of a range of lines, up to the size of one response.
func (v *view) findLines(ctx context.Context, lines lineRange) (lineSpan, error) {
	from, err := v.offsetAfterLine(ctx, lines.first-1)
	if err != nil || from >= v.index.size() {
		return lineSpan{}, err
	}
	count := int64(math.MaxInt64)
	if lines.last >= 0 {
		count = lines.last - lines.first + 1
	}
	limit := min(v.index.size(), from+maxResponse)
	result, err := v.scan(ctx, span{from, limit}, count)
	if err != nil {
		return lineSpan{}, err
	}
	last := lines.first + result.newlines - 1
	if result.midline {
		last++
	}
	return lineSpan{span{from, result.to}, last, result.newlines < count && limit < v.index.size()}, nil
}

// offsetAfterLine returns the offset after the n-th newline, or the size of the
// output if it has fewer. It skips parts whose newlines the runner counted, and
// reads through the other parts.
func (v *view) offsetAfterLine(ctx context.Context, n int64) (int64, error) {
	if n == 0 {
		return 0, nil
	}
	for _, p := range v.index.parts {
		if p.lines >= 0 && p.lines < n {
			n -= p.lines
			continue
		}
		result, err := v.scan(ctx, p.span(), n)
		if err != nil {
			return 0, err
		}
		if n -= result.newlines; n == 0 {
			return result.to, nil
		}
	}
	return v.index.size(), nil
}

// scanResult is the progress of a scan for newlines.
type scanResult struct {
	to       int64 // offset after the last byte scanned
	newlines int64
	midline  bool // the last byte scanned is not a newline
}

// scan reads s up to its n-th newline, or to its end.
func (v *view) scan(ctx context.Context, s span, n int64) (scanResult, error) {
	buffer := buffers.Get().(*[bufferSize]byte)
	defer buffers.Put(buffer)
	result := scanResult{to: s.from}
	for _, seg := range v.index.segments(s) {
		if err := v.scanSegment(ctx, seg, n, buffer[:], &result); err != nil || result.newlines == n {
			return result, err
		}
	}
	return result, nil
}

func (v *view) scanSegment(ctx context.Context, s segment, n int64, buffer []byte, result *scanResult) error {
	reader, err := v.open(ctx, s)
	if err != nil {
		return err
	}
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
