// Package upload uploads the parts of one run to the bucket, several at a time,
// each exactly once.
package upload

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/strongroom-dev/strongroom/scripts/strongroom/api"
	"github.com/strongroom-dev/strongroom/scripts/strongroom/retry"
	"github.com/strongroom-dev/strongroom/scripts/strongroom/spool"
)

// Config is what an Uploader needs.
type Config struct {
	Client   *api.Client
	Run      string
	Start    api.Start              // recorded before the first upload, after Correct
	Parallel int                    // maximum concurrent uploads; less than 1: 1
	Retry    retry.Policy           // for each step
	Stored   func(spool.Part) error // called concurrently, for each part that is stored
	Moved    func(bytes int64)      // called when bytes are sent; negative if they must be sent again; may be nil

	Followed func(time.Duration) // called when somebody follows the run, and for how long; may be nil

	Correct func(context.Context, api.Start) (api.Start, error) // returns the start by the platform's clock; nil: Start is recorded as it is

	Heartbeat time.Duration // interval of the calls that keep the run from being lost; zero: run.HeartbeatInterval
}

// Errors of one part.
var (
	errDifferent = errors.New("the part is already stored with different content")
	errDamaged   = errors.New("the spool is damaged")
)

// Uploader uploads parts as they become final. It is safe for concurrent use.
type Uploader struct {
	config Config
	done   chan error
	slots  chan struct{} // holds one value for each upload that is running

	mu      sync.Mutex
	waiting []spool.Part
	ended   bool
	wake    chan struct{} // holds one signal
	failed  []error       // for each part that was refused

	started chan struct{} // closed when the platform has recorded the start
}

// Start starts an uploader. It runs until Wait returns, a permanent error occurs or
// ctx ends. It sends heartbeats until ctx ends, because the report may be retried for
// long after the last upload.
func Start(ctx context.Context, config Config) *Uploader {
	if config.Moved == nil {
		config.Moved = func(int64) {}
	}
	if config.Followed == nil {
		config.Followed = func(time.Duration) {}
	}
	config.Parallel = max(config.Parallel, 1)
	u := &Uploader{config: config, done: make(chan error, 1), wake: make(chan struct{}, 1), started: make(chan struct{})}
	u.slots = make(chan struct{}, config.Parallel)
	go func() { u.done <- u.run(ctx) }()
	return u
}

// Add queues a part. It does not block.
func (u *Uploader) Add(p spool.Part) {
	u.change(func() { u.waiting = append(u.waiting, p) })
}

// Started is closed when the platform has recorded the run's start.
func (u *Uploader) Started() <-chan struct{} { return u.started }

// Wait waits until all queued parts are stored or refused. It returns the error
// that stopped the upload, or the refusals. Call it once, after the last Add.
func (u *Uploader) Wait() error {
	u.change(func() { u.ended = true })
	return <-u.done
}

func (u *Uploader) change(f func()) {
	u.mu.Lock()
	f()
	u.mu.Unlock()
	select {
	case u.wake <- struct{}{}:
	default:
	}
}

func (u *Uploader) run(ctx context.Context) error {
	if err := u.config.Retry.Do(ctx, u.recordStart); err != nil {
		return u.startError(err)
	}
	close(u.started)
	go u.sendHeartbeats(ctx)
	group, ctx := errgroup.WithContext(ctx)
	for {
		batch, err := u.next(ctx)
		if err == nil && len(batch) > 0 {
			err = u.send(ctx, group, batch)
		}
		if err != nil || len(batch) == 0 {
			return cmp.Or(group.Wait(), err, u.refused()) // the group's error is the cause of err
		}
	}
}

func (u *Uploader) recordStart(ctx context.Context) (err error) {
	start := u.config.Start
	if u.config.Correct != nil {
		if start, err = u.config.Correct(ctx, start); err != nil {
			return err
		}
	}
	_, err = u.config.Client.Start(ctx, u.config.Run, start)
	return err
}

// startError explains a conflict: the platform keeps the first start of each ID.
func (u *Uploader) startError(err error) error {
	var refused *api.RefusedError
	if errors.As(err, &refused) && refused.Status == http.StatusConflict {
		return fmt.Errorf("%w; the run ID %s is in use: use another one", err, u.config.Run)
	}
	return err
}

// refused returns the refusals of parts.
func (u *Uploader) refused() error {
	u.mu.Lock()
	defer u.mu.Unlock()
	return errors.Join(u.failed...)
}

// deliver uploads a part within the limit. A part that is refused does not stop
// the other parts. The part after it does not wait until this one is recorded as stored.
func (u *Uploader) deliver(ctx context.Context, group *errgroup.Group, part spool.Part, target *api.Target) {
	d := &delivery{uploader: u, part: part, target: target}
	u.slots <- struct{}{} // deliveries end soon after ctx does
	group.Go(func() error {
		err := u.config.Retry.Do(ctx, d.step)
		<-u.slots
		if err == nil {
			err = u.config.Stored(part)
		}
		if !isOfPart(err) {
			return err
		}
		u.mu.Lock()
		defer u.mu.Unlock()
		u.failed = append(u.failed, err)
		return nil
	})
}

// isOfPart reports whether other parts may be accepted although this one failed
// with err.
func isOfPart(err error) bool {
	var refused *api.RefusedError
	if errors.As(err, &refused) {
		return refused.Status != http.StatusUnauthorized && refused.Status != http.StatusForbidden && refused.Status != http.StatusNotFound
	}
	return errors.Is(err, errDifferent) || errors.Is(err, errDamaged)
}

// next waits for parts and returns as many as one call may mint. It returns none
// when there will be no more.
func (u *Uploader) next(ctx context.Context) ([]spool.Part, error) {
	for {
		batch, ended := u.dequeue()
		if len(batch) > 0 || ended {
			return batch, nil
		}
		select {
		case <-u.wake:
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
	}
}

func (u *Uploader) dequeue() ([]spool.Part, bool) {
	u.mu.Lock()
	defer u.mu.Unlock()
	n := min(len(u.waiting), api.MaxMint)
	batch := u.waiting[:n:n]
	u.waiting = u.waiting[n:]
	return batch, u.ended
}

// send mints targets for a batch and starts its uploads within the limit.
func (u *Uploader) send(ctx context.Context, group *errgroup.Group, batch []spool.Part) error {
	for len(batch) > 0 {
		targets, rest, err := u.mintBatch(ctx, batch)
		if isOfPart(err) {
			return u.sendEach(ctx, group, batch)
		}
		if err != nil {
			return err
		}
		for i, target := range targets {
			u.deliver(ctx, group, rest[i], &target)
			if ctx.Err() != nil {
				return context.Cause(ctx)
			}
		}
		if targets != nil {
			return nil
		}
		batch = rest
	}
	return nil
}

// sendEach mints the target of each part alone, because a part of the batch is
// refused.
func (u *Uploader) sendEach(ctx context.Context, group *errgroup.Group, batch []spool.Part) error {
	for _, part := range batch {
		u.deliver(ctx, group, part, nil)
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
	}
	return nil
}

// mintBatch returns targets for a batch. If some parts are already stored, it
// returns no targets and the remaining parts.
func (u *Uploader) mintBatch(ctx context.Context, batch []spool.Part) (targets []api.Target, rest []spool.Part, err error) {
	err = u.config.Retry.Do(ctx, func(ctx context.Context) error {
		targets, err = u.mint(ctx, batch)
		return err
	})
	var problem *api.Problem
	if !errors.As(err, &problem) || len(problem.Stored) == 0 {
		return targets, batch, err
	}
	rest, err = u.dropStored(batch, problem)
	return nil, rest, err
}

// mint mints targets for parts, and passes on that somebody follows the run.
func (u *Uploader) mint(ctx context.Context, parts []spool.Part) ([]api.Target, error) {
	targets, followed, err := u.config.Client.Mint(ctx, u.config.Run, describe(parts))
	if followed > 0 {
		u.config.Followed(followed)
	}
	return targets, err
}

// dropStored removes the parts that are already stored with the same content. A
// part that is stored with different content is a permanent error.
func (u *Uploader) dropStored(batch []spool.Part, problem *api.Problem) ([]spool.Part, error) {
	var rest []spool.Part
	for _, part := range batch {
		known, err := isStored(part, problem.Stored)
		if err != nil {
			return nil, err
		}
		if !known {
			rest = append(rest, part)
			continue
		}
		u.config.Moved(part.Size)
		if err := u.config.Stored(part); err != nil {
			return nil, err
		}
	}
	if len(rest) == len(batch) {
		return nil, problem // it names none of these parts, so a retry would loop
	}
	return rest, nil
}

func isStored(part spool.Part, stored []api.Stored) (bool, error) {
	for _, s := range stored {
		if s.Output != part.Output || s.Part != part.Number {
			continue
		}
		if s.Size != part.Size || s.CRC32C != api.Checksum(part.CRC32C) {
			return false, fmt.Errorf("%s part %d: %w", part.Output, part.Number, errDifferent)
		}
		return true, nil
	}
	return false, nil
}

func describe(batch []spool.Part) []api.Part {
	parts := make([]api.Part, len(batch))
	for i, p := range batch {
		parts[i] = api.Part{
			Output: p.Output, Number: p.Number, ContentType: p.ContentType,
			Size: p.Size, CRC32C: api.Checksum(p.CRC32C), SHA256: p.SHA256, Lines: p.Lines,
		}
	}
	return parts
}

// open opens a part for one attempt.
func (u *Uploader) open(part spool.Part) (*countingReader, error) {
	f, err := part.Open()
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errDamaged, err)
	}
	return &countingReader{part: f, moved: u.config.Moved}, nil
}

// countingReader reads a part and reports the bytes that were read.
type countingReader struct {
	part  io.ReadCloser
	moved func(int64)

	mu    sync.Mutex
	total int64
	ended bool
}

func (c *countingReader) Read(p []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.ended {
		return 0, io.ErrClosedPipe
	}
	n, err := c.part.Read(p) // with the lock: after close, the part's memory has another one
	c.total += int64(n)
	c.moved(int64(n))
	return n, err
}

// close ends the attempt, even if the transport is still reading. If the attempt
// failed, its bytes are subtracted.
func (c *countingReader) close(failed bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.ended = true
	if failed {
		c.moved(-c.total)
	}
	_ = c.part.Close()
}
