package exportcopy

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/strongroom-dev/strongroom/shared/manifest"
)

// defaultBatch is the default of Puller.MaxBatch.
const defaultBatch = 100_000

// batch is missing files that are fetched in one pass through the pages. The platform
// lists files in its own order.
type batch struct {
	pull    *pull
	wanted  map[string]entry // by name in the export
	empty   []entry          // need no URL
	targets map[string]*target
}

// entry is a file of an export that is missing in the copy.
type entry struct {
	file   manifest.File
	offset int64 // in the target
	target *target
}

// target is a file of the copy: a file of the export, or an assembled output.
type target struct {
	name    string
	isPart  bool
	entries int   // of the batch
	bytes   int64 // of these
	end     int64 // of the last of these

	mu      sync.Mutex
	missing int // of entries
}

func newBatch(p *pull) *batch {
	return &batch{pull: p, wanted: map[string]entry{}, targets: map[string]*target{}}
}

// fetchAll fetches the files that are missing in the copy.
func (p *pull) fetchAll(ctx context.Context, all files) error {
	if err := p.expect(all); err != nil {
		return err
	}
	next, stop := iter.Pull2(all)
	defer stop()
	for {
		b := newBatch(p)
		if err := b.fill(next); err != nil {
			return err
		}
		if len(b.targets) == 0 {
			return nil
		}
		if err := b.fetch(ctx); err != nil {
			return err
		}
	}
}

// expect adds the missing files to the progress.
func (p *pull) expect(all files) error {
	for f, err := range all {
		if err != nil {
			return err
		}
		has, err := p.has(f)
		if err != nil {
			return err
		}
		if !has {
			p.Expect(f.Size)
		}
		if f.Part != nil && f.SHA256 == "" {
			p.done.CRC32COnly++
		}
	}
	return nil
}

// has reports whether the copy has a file. A file has its name only after its bytes
// were checked.
func (p *pull) has(f manifest.File) (bool, error) {
	name, offset, err := place(f)
	if err != nil {
		return false, err
	}
	size, err := p.disk.size(name)
	if f.Part != nil {
		return size >= offset+f.Size, err
	}
	return size == f.Size, err
}

// fill adds the next missing files.
func (b *batch) fill(next func() (manifest.File, error, bool)) error {
	for len(b.wanted)+len(b.empty) < cmp.Or(b.pull.MaxBatch, defaultBatch) {
		f, err, ok := next()
		if err != nil || !ok {
			return err
		}
		has, err := b.pull.has(f)
		if err != nil {
			return err
		}
		if has {
			continue
		}
		if err := b.add(f); err != nil {
			return err
		}
	}
	return nil
}

// add adds a missing file. A file of the same name that has another size is continued
// or replaced.
func (b *batch) add(f manifest.File) error {
	name, offset, err := place(f)
	if err != nil {
		return err
	}
	t := b.targets[name]
	if t == nil {
		if err := b.pull.disk.reopen(name); err != nil {
			return err
		}
		t = &target{name: name, isPart: f.Part != nil}
		b.targets[name] = t
	}
	e := entry{file: f, offset: offset, target: t}
	if _, twice := b.wanted[f.Name]; twice || t.isPart != (f.Part != nil) || !t.isPart && t.entries > 0 {
		return fmt.Errorf("the manifest names %q twice", f.Name)
	}
	t.entries++
	t.missing++
	t.bytes += f.Size
	t.end = max(t.end, offset+f.Size)
	if f.Size == 0 {
		b.empty = append(b.empty, e)
	} else {
		b.wanted[f.Name] = e
	}
	return nil
}

// fetch fetches the files of the batch, several at a time.
func (b *batch) fetch(ctx context.Context) error {
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(b.pull.Parallel)
	for _, e := range b.empty {
		group.Go(func() error { return b.pull.fetch(ctx, e, signedURL{}) })
	}
	err := b.dispatch(ctx, group)
	return cmp.Or(group.Wait(), err) // the group's error is the cause of err
}

// dispatch goes through the pages until all files of the batch are being fetched.
func (b *batch) dispatch(ctx context.Context, group *errgroup.Group) error {
	pages := &b.pull.pages
	for start, moved := pages.token, false; len(b.wanted) > 0; moved = true {
		if moved {
			if pages.advance(); pages.token == start {
				break
			}
		}
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		page, err := pages.current(ctx)
		if err != nil {
			return err
		}
		for i, name := range page.names() {
			if e, ok := b.wanted[name]; ok {
				delete(b.wanted, name)
				group.Go(func() error { return b.pull.fetch(ctx, e, signedURL{page: page, index: i, name: name}) })
			}
		}
	}
	for name := range b.wanted {
		return fmt.Errorf("%w: %s, and %d more", ErrNotListed, name, len(b.wanted)-1)
	}
	return nil
}

// arrived notes that the copy has an entry, and completes the file if that was the
// last one.
func (p *pull) arrived(t *target) error {
	t.mu.Lock()
	t.missing--
	isLast := t.missing == 0
	t.mu.Unlock()
	if !isLast {
		return nil
	}
	if t.isPart {
		size, err := p.disk.size(manifest.Partial(t.name))
		if err != nil {
			return err
		}
		if size != t.end || t.bytes != t.end { // another batch has more parts of it
			p.unfinished.Store(true)
			return nil
		}
	}
	return p.disk.complete(t.name, t.end)
}

// finishOutputs completes outputs whose parts were in several batches. All files are
// there now.
func (p *pull) finishOutputs() error {
	if !p.unfinished.Load() {
		return nil
	}
	sizes := map[string]int64{}
	for f, err := range p.listed {
		if err != nil {
			return err
		}
		has, err := p.has(f)
		if err != nil {
			return err
		}
		if !has && f.Part != nil {
			sizes[f.Part.Path] = max(sizes[f.Part.Path], f.Part.Offset+f.Size)
		}
	}
	var errs []error
	for name, size := range sizes {
		errs = append(errs, p.disk.complete(name, size))
	}
	return errors.Join(errs...)
}
