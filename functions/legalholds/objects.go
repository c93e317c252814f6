package legalholds

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync/atomic"

	"cloud.google.com/go/storage"
	"golang.org/x/sync/errgroup"
	"google.golang.org/api/iterator"

	"github.com/strongroom-dev/strongroom/shared/bucket"
	"github.com/strongroom-dev/strongroom/shared/tenant"
)

// buckets continues the pass until all buckets are done or the time is over.
func (j *job) buckets(ctx context.Context) error {
	for j.pass.Bucket != "" {
		if !j.now().Before(j.end) {
			j.result.More = true
			return nil
		}
		more, err := j.page(ctx)
		if err != nil {
			return fmt.Errorf("mark the objects of %s: %w", j.pass.Bucket, err)
		}
		if !more {
			names := j.names()
			i := slices.Index(names, j.pass.Bucket)
			j.pass.After = ""
			if j.pass.Bucket = ""; i+1 < len(names) {
				j.pass.Bucket = names[i+1]
			}
		}
		if j.pass.Bucket == "" {
			return nil // the caller saves it, when the documents are marked too
		}
		if err := j.save(ctx); err != nil {
			return err
		}
	}
	return nil
}

// page marks the next objects of the bucket.
func (j *job) page(ctx context.Context) (more bool, err error) {
	query := &storage.Query{StartOffset: j.pass.After, Projection: storage.ProjectionNoACL}
	if err := query.SetAttrSelection([]string{"Name", "TemporaryHold"}); err != nil {
		return false, fmt.Errorf("list objects: %w", err)
	}
	objects := j.storage.Bucket(j.pass.Bucket).Objects(ctx, query)
	objects.PageInfo().MaxSize = perPage
	var marked, released atomic.Int64
	group, marking := errgroup.WithContext(ctx)
	group.SetLimit(concurrent)
	for n := 0; ; n++ {
		attrs, err := objects.Next()
		if errors.Is(err, iterator.Done) {
			break
		}
		if err != nil {
			return false, errors.Join(fmt.Errorf("list objects: %w", err), group.Wait())
		}
		if n == perPage {
			more = true
			break
		}
		j.pass.After = attrs.Name // the next page begins with it again, because it may not be saved
		if want := j.covers(attrs.Name); want != attrs.TemporaryHold {
			group.Go(func() error { return j.set(marking, attrs.Name, want, &marked, &released) })
		}
	}
	err = group.Wait()
	j.result.Marked += int(marked.Load())
	j.result.Released += int(released.Load())
	return more, err
}

// covers reports whether a hold covers an object. An export has something of every workspace,
// so every hold covers it.
func (j *job) covers(name string) bool {
	if slices.Contains(j.tenant.Buckets(tenant.Exports), j.pass.Bucket) {
		return j.holds.Cover("")
	}
	return j.holds.CoverObject(name)
}

func (j *job) set(ctx context.Context, name string, hold bool, marked, released *atomic.Int64) error {
	_, err := j.storage.Bucket(j.pass.Bucket).Object(name).Update(ctx, storage.ObjectAttrsToUpdate{TemporaryHold: hold})
	switch {
	case err != nil && bucket.IsMissing(err):
		return nil // it was deleted before
	case err != nil:
		return fmt.Errorf("set the hold of an object: %w", err)
	case hold:
		marked.Add(1)
	default:
		released.Add(1)
	}
	return nil
}
