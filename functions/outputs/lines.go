package outputs

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math"
)

// found is where lines are: their bytes, and the number of the last line.
type found struct {
	span
	last int64
	any  bool // some line of the range is there
}

// locate finds the bytes of lines. Parts whose newlines the runner counted are
// skipped; the others are read through.
func (v *view) locate(ctx context.Context, want lineRange) (found, error) {
	from, _, err := v.after(ctx, want.first-1)
	if err != nil || from >= v.index.size() {
		return found{}, err
	}
	last := want.last
	if last < 0 {
		last = math.MaxInt64
	}
	to, lines, err := v.after(ctx, last)
	if err != nil {
		return found{}, err
	}
	return found{span{from, to}, max(lines, want.first), true}, nil
}

// after gives the offset behind the n-th newline, or the end of the output,
// and the number of the line that ends there.
func (v *view) after(ctx context.Context, n int64) (offset, line int64, err error) {
	if n == 0 {
		return 0, 0, nil
	}
	var seen int64
	for _, p := range v.index.parts {
		if p.lines >= 0 && seen+p.lines < n {
			seen += p.lines
			continue
		}
		at, counted, err := v.scan(ctx, p, n-seen)
		if err != nil {
			return 0, 0, err
		}
		seen += counted
		if seen == n {
			return p.offset + at, n, nil
		}
	}
	return v.index.size(), seen + 1, nil
}

// scan reads p up to its n-th newline: the offset behind that one, or the
// part's size, and how many newlines came.
func (v *view) scan(ctx context.Context, p part, n int64) (offset, counted int64, err error) {
	reader, err := v.open(ctx, segment{part: p, length: p.size})
	if err != nil {
		return 0, 0, err
	}
	defer reader.Close()
	buffer := buffers.Get().(*[bufferSize]byte)
	defer buffers.Put(buffer)
	for {
		k, err := reader.Read(buffer[:])
		for rest := buffer[:k]; ; {
			i := bytes.IndexByte(rest, '\n')
			if i < 0 {
				offset += int64(len(rest))
				break
			}
			offset, counted, rest = offset+int64(i)+1, counted+1, rest[i+1:]
			if counted == n {
				return offset, counted, nil
			}
		}
		if errors.Is(err, io.EOF) {
			return offset, counted, nil
		}
		if err != nil {
			return 0, 0, fmt.Errorf("scan lines: %w", err)
		}
	}
}
