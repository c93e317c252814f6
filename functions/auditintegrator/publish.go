package auditintegrator

import (
	"context"
	"errors"
	"fmt"
	"strings"

	formats "github.com/transparency-dev/formats/log"
	"golang.org/x/sync/errgroup"

	"github.com/strongroom-dev/strongroom/shared/auditlog"
	"github.com/strongroom-dev/strongroom/shared/bucket"
	"github.com/strongroom-dev/strongroom/shared/tilelog"
)

// maxWrites is how many objects are created at once.
const maxWrites = 8

// object is an object of the audit bucket that is to be created.
type object struct {
	name string
	data []byte
}

// publish appends entries to the published tree, creates the objects that become
// full, and the checkpoint, and then makes the new tree the published one. It
// reports whether it did; another integrator may have been faster.
func (h *Handler) publish(ctx context.Context, l log, state auditlog.Tree, entries []auditlog.Stored) (bool, error) {
	tree, err := tilelog.Restore(uint64(state.Size), state.Edge)
	if err != nil {
		return false, fmt.Errorf("restore the tree: %w", err)
	}
	objects, err := h.grow(ctx, l, tree, entries)
	if err != nil {
		return false, err
	}
	if err := create(ctx, l, objects); err != nil {
		return false, err
	}
	checkpoint, err := h.checkpoint(ctx, l, tree)
	if err != nil {
		return false, err
	}
	return auditlog.Publish(ctx, l.db, l.tenant, auditlog.Tree{
		Size: int64(tree.Size()), Edge: tree.Edge(), Checkpoint: checkpoint, Published: h.deps.Now(),
	})
}

// grow appends entries to the tree and returns the bundles and tiles that become
// full. If a bundle of the published tree becomes full, its first entries are
// read from the database.
func (h *Handler) grow(ctx context.Context, l log, tree *tilelog.Tree, entries []auditlog.Stored) ([]object, error) {
	begin := int64(tree.Size()) / tilelog.TileWidth * tilelog.TileWidth
	var bundle []byte
	var err error
	if end := int64(tree.Size()) + int64(len(entries)); begin < int64(tree.Size()) && end-begin >= tilelog.TileWidth {
		if bundle, err = h.bundleOf(ctx, l, begin, int64(tree.Size())); err != nil {
			return nil, err
		}
	}
	var objects []object
	for _, e := range entries {
		if err := tree.Append(e.Leaf); err != nil {
			return nil, err
		}
		if bundle, err = tilelog.AppendEntry(bundle, e.Leaf); err != nil {
			return nil, err
		}
		if tree.Size()%tilelog.TileWidth == 0 {
			full := tilelog.Resource{Entries: true, Index: tree.Size()/tilelog.TileWidth - 1, Width: tilelog.TileWidth}
			objects = append(objects, object{full.Path(), bundle})
			bundle = nil
		}
	}
	for _, tile := range tree.Completed() {
		full := tilelog.Resource{Level: tile.Level, Index: tile.Index, Width: tilelog.TileWidth}
		objects = append(objects, object{full.Path(), tile.Data})
	}
	return objects, nil
}

func (h *Handler) bundleOf(ctx context.Context, l log, begin, end int64) (bundle []byte, err error) {
	entries, err := h.audit.ReadEntries(ctx, l.db, l.tenant, begin, end)
	if err != nil {
		return nil, err
	}
	for _, e := range entries {
		if bundle, err = tilelog.AppendEntry(bundle, e.Leaf); err != nil {
			return nil, err
		}
	}
	return bundle, nil
}

// errFork is the error of a tile, bundle or checkpoint that exists with other
// contents: somebody else wrote to the bucket, or changed the database.
var errFork = errors.New("the audit bucket contradicts the database; the log is stopped")

func create(ctx context.Context, l log, objects []object) error {
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(maxWrites)
	for _, o := range objects {
		group.Go(func() error {
			return forked(bucket.Create(ctx, l.bucket.Object(o.name), "application/octet-stream", o.data))
		})
	}
	return group.Wait()
}

func forked(err error) error {
	if errors.Is(err, bucket.ErrDifferent) {
		return fmt.Errorf("%w: %w", errFork, err)
	}
	return err
}

// checkpoint signs the tree, creates checkpoint/SIZE, and returns the signed
// checkpoint with the time of its signature.
func (h *Handler) checkpoint(ctx context.Context, l log, tree *tilelog.Tree) ([]byte, error) {
	root := tree.Root()
	text := string(formats.Checkpoint{Origin: l.origin, Size: tree.Size(), Hash: root[:]}.Marshal())
	client, err := h.deps.Clients.KMS(ctx)
	if err != nil {
		return nil, err
	}
	signed, err := l.key.Sign(ctx, client, l.origin, text)
	if err != nil {
		return nil, err
	}
	name := fmt.Sprintf("checkpoint/%d", tree.Size())
	// A new version of the key signs the same text with other bytes.
	sameText := func(old []byte) bool { return strings.HasPrefix(string(old), text+"\n") }
	if err := bucket.CreateIf(ctx, l.bucket.Object(name), "text/plain; charset=utf-8", signed, sameText); err != nil {
		return nil, forked(err)
	}
	return l.key.Cosign(ctx, client, auditlog.CosignerName(l.origin), signed, h.deps.Now())
}
