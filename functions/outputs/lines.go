package outputs

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math"
)

// found is where lines are. The zero found is nowhere.
type found struct {
	span
	last int64 // number of the last line that the span holds some of
	cut  bool  // more of what was asked for lies behind the span
}

// locate finds the bytes of lines, as many as one response takes.
func (v *view) locate(ctx context.Context, want lineRange) (found, error) {
	from, err := v.behind(ctx, want.first-1)
	if err != nil || from >= v.index.size() {
		return found{}, err
	}
	count := int64(math.MaxInt64)
	if want.last >= 0 {
		count = want.last - want.first + 1
	}
	limit := min(v.index.size(), from+maxResponse)
	got, err := v.scan(ctx, span{from, limit}, count)
	if err != nil {
		return found{}, err
	}
	last := want.first + got.newlines - 1
	if got.midline {
		last++
	}
	return found{span{from, got.to}, last, got.newlines < count && limit < v.index.size()}, nil
}

// behind gives the offset behind the n-th newline, or the end of the output.
// Parts whose newlines the runner counted are skipped; the others are read
// through.
func (v *view) behind(ctx context.Context, n int64) (int64, error) {
	if n == 0 {
		return 0, nil
	}
	for _, p := range v.index.parts {
		if p.lines >= 0 && p.lines < n {
			n -= p.lines
			continue
		}
		got, err := v.scan(ctx, p.span(), n)
		if err != nil {
			return 0, err
		}
		if n -= got.newlines; n == 0 {
			return got.to, nil
		}
	}
	return v.index.size(), nil
}

// scanned is how far a scan came.
type scanned struct {
	to       int64 // offset behind the last byte
	newlines int64
	midline  bool // the last byte is no newline
}

// scan reads s up to its n-th newline, or its end.
func (v *view) scan(ctx context.Context, s span, n int64) (scanned, error) {
	buffer := buffers.Get().(*[bufferSize]byte)
	defer buffers.Put(buffer)
	got := scanned{to: s.from}
	for _, piece := range v.index.segments(s) {
		if err := v.scanPiece(ctx, piece, n, buffer[:], &got); err != nil || got.newlines == n {
			return got, err
		}
	}
	return got, nil
}

func (v *view) scanPiece(ctx context.Context, piece segment, n int64, buffer []byte, got *scanned) error {
	reader, err := v.open(ctx, piece)
	if err != nil {
		return err
	}
	defer reader.Close()
	for end := got.to + piece.length; got.to < end; {
		k, err := reader.Read(buffer)
		if got.count(buffer[:k], n); got.newlines == n {
			return nil
		}
		if errors.Is(err, io.EOF) && got.to < end {
			err = io.ErrUnexpectedEOF
		}
		if err != nil && !errors.Is(err, io.EOF) {
			return fmt.Errorf("scan lines: %w", err)
		}
	}
	return nil
}

// count goes on through data, up to the n-th newline.
func (s *scanned) count(data []byte, n int64) {
	for len(data) > 0 && s.newlines < n {
		i := bytes.IndexByte(data, '\n')
		if s.midline = i < 0; s.midline {
			s.to += int64(len(data))
			return
		}
		s.to, s.newlines, data = s.to+int64(i)+1, s.newlines+1, data[i+1:]
	}
}
