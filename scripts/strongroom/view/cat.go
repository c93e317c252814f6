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
	"github.com/strongroom-dev/strongroom/shared/run"
)

// Pauses between requests for new parts of an output.
const (
	firstPause = 250 * time.Millisecond
	maxPause   = 2 * time.Second
)

// ErrIncomplete means that the run has ended and parts of the output are
// missing. They may still arrive.
var ErrIncomplete = errors.New("the output is incomplete: the run has ended, but some parts are not stored")

// ErrLost means that the run's runner does not call any more.
var ErrLost = errors.New("the output is incomplete: the run is lost, because its runner no longer calls; if it does again, try again")

// Reader copies an output to Out, with as many requests as needed. After a
// broken connection, it continues at the same byte. Use a Reader for one call of
// Bytes, Lines or Follow.
type Reader struct {
	Client *api.Client
	Run    string
	Name   string
	Retry  retry.Policy
	Out    io.Writer

	Unclaimed bool // for Bytes: read the stored parts that the run's report does not claim

	at        int64  // offset of the next byte
	linesLeft int64  // lines to write; -1: no limit
	size      int64  // of the output, in the last response
	state     string // of the output, in the last response
	view      string // token of the view to read under; empty: no view is open
	begun     bool   // a range was read

	ahead []requested // what follows the chunk that is being copied, in order and without gaps
	late  int         // how many of them had not begun when they were needed, at most maxAhead-1
	step  int64       // bytes of the longest chunk under a view
}

// Bytes writes the stored bytes of a range. If the output is incomplete, it then
// returns ErrIncomplete.
func (r *Reader) Bytes(ctx context.Context, span api.Span) error {
	r.at, r.linesLeft = span.First, -1
	return r.finish(r.copyThrough(ctx, span.Last))
}

// Lines writes lines first to last, counted from 1 and inclusive. If last is 0,
// it writes to the end.
func (r *Reader) Lines(ctx context.Context, first, last int64) error {
	r.linesLeft = -1
	if last > 0 {
		r.linesLeft = last - first + 1
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
		return r.copyChunk(chunk)
	})
	if err == nil && r.linesLeft != 0 && (end < 0 || r.at <= end) && r.at < r.size {
		err = r.copyThrough(ctx, end)
	}
	return r.finish(err)
}

// Follow writes the output from its start, and what is added to it, until it is
// complete. While the run lasts, the output need not exist yet.
func (r *Reader) Follow(ctx context.Context) error {
	r.linesLeft = -1
	pause := firstPause
	for {
		output, state, err := r.look(ctx)
		if err != nil {
			return err
		}
		if output != nil && output.Size > r.at {
			if err := r.copyThrough(ctx, -1); err != nil {
				return err
			}
			pause = firstPause
			continue
		}
		if final, err := isFinal(output, state); final {
			return err
		}
		if err := sleep(ctx, pause); err != nil {
			return err
		}
		pause = min(2*pause, maxPause)
	}
}

// isFinal reports whether the output will not grow. The error says why it is not
// complete.
func isFinal(output *api.Output, state run.State) (bool, error) {
	switch {
	case output == nil && state == run.Running:
		return false, nil
	case state == run.Lost && (output == nil || output.State == api.Incomplete):
		return true, ErrLost
	case output == nil:
		return true, errors.New("the run has no output with this name")
	case output.State == api.Incomplete:
		return true, ErrIncomplete
	case output.State == api.Unclaimed:
		return true, errors.New("the run's report does not claim this output; to print what was stored under its name, use --unclaimed")
	}
	return output.State == api.Complete, nil
}

// look returns the output as it is now, or nil if it does not exist. Once it does, r asks
// for what is new in it only, and so its runner knows that somebody follows.
func (r *Reader) look(ctx context.Context) (*api.Output, run.State, error) {
	if r.view == "" {
		output, state, err := r.find(ctx)
		if err != nil || output == nil || output.State != api.Open && output.Size <= r.at {
			return output, state, err // there is nothing to read, now or later
		}
	}
	renewed, err := r.renew(ctx)
	if err != nil {
		return nil, "", err
	}
	output := &api.Output{Name: r.Name, Size: renewed.Size, State: renewed.State}
	if output.State == api.Incomplete { // the listing says whether the run is lost
		_, state, err := r.find(ctx)
		return output, state, err
	}
	return output, run.Running, nil
}

// find returns the output, or nil if it does not exist.
func (r *Reader) find(ctx context.Context) (found *api.Output, state run.State, err error) {
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
	return found, listing.Run.State, err
}

func sleep(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// copyThrough copies from r.at through byte last, or to the end if last is -1.
func (r *Reader) copyThrough(ctx context.Context, last int64) error {
	ctx, cancel := context.WithCancel(ctx)
	defer func() { cancel(); r.drop() }()
	for {
		err := r.Retry.Do(ctx, func(ctx context.Context) error {
			chunk, err := r.next(ctx, last)
			if err != nil {
				return err
			}
			r.requestAhead(ctx, chunk, last)
			return r.copyChunk(chunk)
		})
		if err != nil || r.linesLeft == 0 || r.at >= r.size || last >= 0 && r.at > last {
			return err
		}
	}
}

// read requests a range. The second range and all after it are read under a view, so that
// any number of them has one pair of audit entries.
func (r *Reader) read(ctx context.Context, span api.Span) (*api.Chunk, error) {
	switch {
	case r.Unclaimed:
		return r.Client.UnclaimedBytes(ctx, r.Run, r.Name, span)
	case !r.begun && r.view == "":
		return r.Client.Bytes(ctx, r.Run, r.Name, span)
	case r.view == "":
		opened, err := r.Client.OpenView(ctx, r.Run, r.Name)
		if err != nil {
			return nil, err
		}
		r.view = opened.Token
	}
	chunk, err := r.Client.BytesUnder(ctx, r.Run, r.Name, r.view, span)
	return chunk, r.forgetEnded(err)
}

// renew makes the view show what was stored after it was opened. Without a view, it opens
// one.
func (r *Reader) renew(ctx context.Context) (renewed api.View, err error) {
	err = r.Retry.Do(ctx, func(ctx context.Context) error {
		renewed, err = r.Client.RenewView(ctx, r.Run, r.Name, r.view)
		if err != nil {
			return r.forgetEnded(err)
		}
		r.view = renewed.Token
		return nil
	})
	return renewed, err
}

// forgetEnded forgets the view if err says that it has ended, as it does after 2 hours.
// The next attempt opens another one.
func (r *Reader) forgetEnded(err error) error {
	var problem *api.Problem
	if !errors.As(err, &problem) || problem.Code != viewEnded {
		return err
	}
	r.view = ""
	return &retry.Transient{Err: err}
}

// viewEnded is the code of the problem of a view that has ended.
const viewEnded = "view-ended"

// Close ends the view that r has opened. It is safe to call if r has opened none.
func (r *Reader) Close(ctx context.Context) error {
	if r.view == "" {
		return nil
	}
	token := r.view
	r.view = ""
	return r.Client.CloseView(ctx, r.Run, r.Name, token)
}

// copyChunk copies a chunk that must start at r.at. It returns no error if the
// connection breaks after some bytes, because the copy made progress.
func (r *Reader) copyChunk(chunk *api.Chunk) error {
	defer chunk.Body.Close()
	if chunk.First != r.at {
		return fmt.Errorf("read output: requested byte %d, received byte %d", r.at, chunk.First)
	}
	r.size, r.state, r.begun = chunk.Size, chunk.State, true
	before := r.at
	err := r.copyLines(io.LimitReader(chunk.Body, chunk.Last+1-chunk.First))
	if err == nil && r.linesLeft != 0 && r.at <= chunk.Last {
		err = &retry.Transient{Err: fmt.Errorf("read output: %w", io.ErrUnexpectedEOF)}
	}
	var broken *retry.Transient
	if errors.As(err, &broken) && r.at > before {
		return nil
	}
	return err
}

// copyLines copies body to its end or to the last requested line.
func (r *Reader) copyLines(body io.Reader) error {
	buffer := make([]byte, 256<<10)
	for r.linesLeft != 0 {
		n, err := body.Read(buffer)
		wanted := r.limitLines(buffer[:n])
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

// limitLines returns the start of data, with at most linesLeft lines, and
// subtracts them.
func (r *Reader) limitLines(data []byte) []byte {
	if r.linesLeft < 0 {
		return data
	}
	for at := 0; at < len(data); {
		newline := bytes.IndexByte(data[at:], '\n')
		if newline < 0 {
			break
		}
		at += newline + 1
		if r.linesLeft--; r.linesLeft == 0 {
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
