// Package upload brings the parts of one run to the bucket, several at once,
// each exactly once.
package upload

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/strongroom-dev/strongroom/scripts/strongroom/api"
	"github.com/strongroom-dev/strongroom/scripts/strongroom/retry"
	"github.com/strongroom-dev/strongroom/scripts/strongroom/spool"
)

// Config is what an Uploader needs.
type Config struct {
	Client   *api.Client
	Run      string
	Start    api.Start              // recorded before anything else
	Parallel int                    // uploads at once; less than 1: 1
	Retry    retry.Policy           // of each step
	Stored   func(spool.Part) error // called, concurrently, for each part that the platform keeps
	Moved    func(bytes int64)      // called as bytes are sent; negative when they must be sent again; may be nil
}

// Uploader takes parts as they become final. It is safe for concurrent use.
type Uploader struct {
	config Config
	done   chan error

	mu      sync.Mutex
	waiting []spool.Part
	ended   bool
	wake    chan struct{} // holds one signal
}

// Begin starts to upload. It goes on until Wait, a permanent error, or the end
// of ctx.
func Begin(ctx context.Context, config Config) *Uploader {
	if config.Moved == nil {
		config.Moved = func(int64) {}
	}
	config.Parallel = max(config.Parallel, 1)
	u := &Uploader{config: config, done: make(chan error, 1), wake: make(chan struct{}, 1)}
	go func() { u.done <- u.run(ctx) }()
	return u
}

// Add hands over a part. It does not wait for anything.
func (u *Uploader) Add(p spool.Part) {
	u.change(func() { u.waiting = append(u.waiting, p) })
}

// Wait says that there are no more parts, and waits until all are kept by the
// platform, or gives the error that stopped the upload. Call it once.
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
	start := func(ctx context.Context) error { return u.config.Client.Start(ctx, u.config.Run, u.config.Start) }
	if err := u.config.Retry.Do(ctx, start); err != nil {
		return err
	}
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(u.config.Parallel)
	for {
		batch, err := u.next(ctx)
		if err == nil && len(batch) > 0 {
			err = u.send(ctx, group, batch)
		}
		if err != nil || len(batch) == 0 {
			return first(group.Wait(), err)
		}
	}
}

// first prefers the error that stopped the group to that which the stop caused.
func first(stopped, err error) error {
	if stopped != nil {
		return stopped
	}
	return err
}

// next waits for parts, and takes as many as may be minted at once; none when
// there will be no more.
func (u *Uploader) next(ctx context.Context) ([]spool.Part, error) {
	for {
		batch, ended := u.take()
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

func (u *Uploader) take() ([]spool.Part, bool) {
	u.mu.Lock()
	defer u.mu.Unlock()
	n := min(len(u.waiting), api.MaxMint)
	batch := u.waiting[:n:n]
	u.waiting = u.waiting[n:]
	return batch, u.ended
}

// send mints for a batch and starts its uploads as there is room.
func (u *Uploader) send(ctx context.Context, group *errgroup.Group, batch []spool.Part) error {
	for len(batch) > 0 {
		targets, rest, err := u.mintBatch(ctx, batch)
		if err != nil {
			return err
		}
		for i, target := range targets {
			d := &delivery{uploader: u, part: rest[i], target: &target}
			group.Go(func() error { return d.run(ctx) })
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

// mintBatch gives targets for a batch; or none, and what remains of the batch
// when some of it turned out to be stored.
func (u *Uploader) mintBatch(ctx context.Context, batch []spool.Part) (targets []api.Target, rest []spool.Part, err error) {
	err = u.config.Retry.Do(ctx, func(ctx context.Context) error {
		targets, err = u.config.Client.Mint(ctx, u.config.Run, describe(batch))
		return err
	})
	var problem *api.Problem
	if !errors.As(err, &problem) || len(problem.Stored) == 0 {
		return targets, batch, err
	}
	rest, err = u.dropStored(batch, problem)
	return nil, rest, err
}

// dropStored takes those parts for done that the platform holds as they are
// here. One that it holds otherwise is a permanent error.
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
		return nil, problem // it speaks of other parts: asking again would not end
	}
	return rest, nil
}

func isStored(part spool.Part, stored []api.Stored) (bool, error) {
	for _, s := range stored {
		if s.Output != part.Output || s.Part != part.Number {
			continue
		}
		if s.Size != part.Size || s.CRC32C != api.Checksum(part.CRC32C) {
			return false, fmt.Errorf("%s part %d: this part was already stored with other content", part.Output, part.Number)
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
			Size: p.Size, CRC32C: api.Checksum(p.CRC32C), Lines: p.Lines,
		}
	}
	return parts
}

// open gives a part's bytes, counted as they are sent.
func (u *Uploader) open(part spool.Part) (*counted, error) {
	f, err := os.Open(part.Path)
	if err != nil {
		return nil, fmt.Errorf("the spool is damaged: %w", err)
	}
	return &counted{file: f, moved: u.config.Moved}, nil
}

// counted is a file that tells how much of it was read.
type counted struct {
	file  *os.File
	moved func(int64)

	mu    sync.Mutex
	total int64
	over  bool
}

func (c *counted) Read(p []byte) (int, error) {
	n, err := c.file.Read(p)
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.over {
		return 0, io.ErrClosedPipe
	}
	c.total += int64(n)
	c.moved(int64(n))
	return n, err
}

// close ends the attempt; bytes of one that failed do not count. The transport
// may still be reading.
func (c *counted) close(failed bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.over = true
	if failed {
		c.moved(-c.total)
	}
	_ = c.file.Close()
}
