package view

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/strongroom-dev/strongroom/scripts/strongroom/api"
	"github.com/strongroom-dev/strongroom/scripts/strongroom/retry"
)

// Pauses between looks at an output that grows.
const (
	firstPause = 250 * time.Millisecond
	maxPause   = 2 * time.Second
)

// ErrIncomplete says that the run has ended and parts of the output are missing;
// they may still arrive.
var ErrIncomplete = errors.New("the output is incomplete: the run has ended, and parts of it are not stored")

// Reader writes an output, in as many responses as it takes, and goes on where
// a broken connection left off. Use it for one call of Bytes, Lines or Follow.
type Reader struct {
	Client *api.Client
	Run    string
	Name   string
	Retry  retry.Policy
	Out    io.Writer

	at    int64  // next byte of the output
	left  int64  // newlines still to be written; -1: any number
	size  int64  // of the output, as last told
	state string // of the output, as last told
}

// Bytes writes a range, as far as it is stored, or ErrIncomplete after that.
func (r *Reader) Bytes(ctx context.Context, span api.Span) error {
	r.at, r.left = span.First, -1
	return r.finish(r.through(ctx, span.Last))
}

// Lines writes lines first to last, counted from 1 and inclusive; last 0: to
// the end.
func (r *Reader) Lines(ctx context.Context, first, last int64) error {
	r.left = -1
	if last > 0 {
		r.left = last - first + 1
	}
	end := int64(-1)
	err := r.Retry.Do(ctx, func(ctx context.Context) error {
		chunk, err := r.Client.Lines(ctx, r.Run, r.Name, first, last)
		if err != nil {
			return err
		}
		if !chunk.Truncated {
			end = chunk.Last
		}
		r.at = chunk.First
		return r.copy(chunk)
	})
	if err == nil && r.left != 0 && (end < 0 || r.at <= end) && r.at < r.size {
		err = r.through(ctx, end)
	}
	return r.finish(err)
}

// Follow writes the output from its beginning, and what is added to it until it
// is complete. An output that does not exist yet may come while the run lasts.
func (r *Reader) Follow(ctx context.Context) error {
	r.left = -1
	pause := firstPause
	for {
		output, running, err := r.look(ctx)
		if err != nil {
			return err
		}
		if output != nil && output.Size > r.at {
			if err := r.through(ctx, -1); err != nil {
				return err
			}
			pause = firstPause
			continue
		}
		if over, err := settled(output, running); over {
			return err
		}
		if err := sleep(ctx, pause); err != nil {
			return err
		}
		pause = min(2*pause, maxPause)
	}
}

// settled reports whether nothing more will come.
func settled(output *api.Output, running bool) (bool, error) {
	switch {
	case output == nil && running:
		return false, nil
	case output == nil:
		return true, errors.New("the run has no such output")
	case output.State == api.Incomplete:
		return true, ErrIncomplete
	}
	return output.State == api.Complete, nil
}

func (r *Reader) look(ctx context.Context) (found *api.Output, running bool, err error) {
	var listing api.Listing
	err = r.Retry.Do(ctx, func(ctx context.Context) error {
		listing, err = r.Client.Outputs(ctx, r.Run)
		return err
	})
	for i := range listing.Outputs {
		if listing.Outputs[i].Name == r.Name {
			found = &listing.Outputs[i]
		}
	}
	return found, listing.Run.State == "running", err
}

func sleep(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// through writes from r.at to byte last, or to the end if that is -1.
func (r *Reader) through(ctx context.Context, last int64) error {
	for {
		err := r.Retry.Do(ctx, func(ctx context.Context) error {
			chunk, err := r.Client.Bytes(ctx, r.Run, r.Name, api.Span{First: r.at, Last: last})
			if err != nil {
				return err
			}
			return r.copy(chunk)
		})
		if err != nil || r.left == 0 || r.at >= r.size || last >= 0 && r.at > last {
			return err
		}
	}
}

// copy writes a chunk that must begin at r.at. If the connection breaks after
// some of it, that is progress, and no error.
func (r *Reader) copy(chunk *api.Chunk) error {
	defer chunk.Body.Close()
	if chunk.First != r.at {
		return fmt.Errorf("read output: asked for byte %d, was given byte %d", r.at, chunk.First)
	}
	r.size, r.state = chunk.Size, chunk.State
	before := r.at
	err := r.pour(io.LimitReader(chunk.Body, chunk.Last+1-chunk.First))
	if err == nil && r.left != 0 && r.at <= chunk.Last {
		err = &retry.Transient{Err: fmt.Errorf("read output: %w", io.ErrUnexpectedEOF)}
	}
	var broken *retry.Transient
	if errors.As(err, &broken) && r.at > before {
		return nil
	}
	return err
}

// pour writes body until its end or the last line that is wanted.
func (r *Reader) pour(body io.Reader) error {
	buffer := make([]byte, 64<<10)
	for r.left != 0 {
		n, err := body.Read(buffer)
		wanted := r.take(buffer[:n])
		if _, err := r.Out.Write(wanted); err != nil {
			return fmt.Errorf("write output: %w", err)
		}
		r.at += int64(len(wanted))
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// take gives the beginning of data that holds no more lines than are left.
func (r *Reader) take(data []byte) []byte {
	if r.left < 0 {
		return data
	}
	for at := 0; at < len(data); {
		newline := bytes.IndexByte(data[at:], '\n')
		if newline < 0 {
			break
		}
		at += newline + 1
		if r.left--; r.left == 0 {
			return data[:at]
		}
	}
	return data
}

func (r *Reader) finish(err error) error {
	if err == nil && r.state == api.Incomplete {
		return ErrIncomplete
	}
	return err
}
