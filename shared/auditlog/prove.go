package auditlog

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"time"

	"cloud.google.com/go/firestore"
	"cloud.google.com/go/storage"
	formats "github.com/transparency-dev/formats/log"
	"github.com/transparency-dev/formats/proof"
	"golang.org/x/mod/sumdb/tlog"
	"google.golang.org/api/iterator"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/strongroom-dev/strongroom/shared/bucket"
	"github.com/strongroom-dev/strongroom/shared/tenant"
	"github.com/strongroom-dev/strongroom/shared/tilelog"
)

// ErrNotPublished is the error of an entry that is not in the published tree yet.
var ErrNotPublished = errors.New("the audit entry is not in the published tree yet")

// ReadTreeAt reads the state of a log's tree as it was at a time; of a log without
// one, the zero Tree.
func ReadTreeAt(ctx context.Context, db *firestore.Client, t tenant.ID, at time.Time) (Tree, error) {
	doc, err := TreeRef(db, t).WithReadOptions(firestore.ReadTime(at)).Get(ctx)
	if status.Code(err) == codes.NotFound {
		return Tree{}, nil
	}
	if err != nil {
		return Tree{}, fmt.Errorf("read audit tree: %w", err)
	}
	return decodeTree(doc)
}

// EntriesAt iterates over the entries of the indexes from begin to before end, as
// they were at a time. It fails with ErrMissingEntry if one is missing. old has those whose
// documents may have expired at that time.
func (r *Reader) EntriesAt(ctx context.Context, db *firestore.Client, t tenant.ID, old *Bundles, begin, end int64, at time.Time) iter.Seq2[Stored, error] {
	return func(yield func(Stored, error) bool) {
		begin := begin
		for ; begin < min(end, old.end); begin++ {
			stored, err := old.at(ctx, begin)
			if !yield(stored, err) || err != nil {
				return
			}
		}
		if begin >= end {
			return
		}
		query := collection(db, t).Where("index", ">=", begin).Where("index", "<", end).OrderBy("index", firestore.Asc)
		docs := query.WithReadOptions(firestore.ReadTime(at)).Documents(ctx)
		defer docs.Stop()
		for next := begin; next < end; next++ {
			doc, err := docs.Next()
			if errors.Is(err, iterator.Done) {
				yield(Stored{}, ErrMissingEntry)
				return
			}
			var stored Stored
			if err == nil {
				stored, err = r.openLeaf(ctx, doc)
			}
			if err == nil && stored.Index != next {
				err = ErrMissingEntry
			}
			if !yield(stored, err) || err != nil {
				return
			}
		}
	}
}

// Proven is an entry with the proof that it is in the published tree.
type Proven struct {
	Leaf  []byte // canonical bytes of the entry
	Size  int64  // of the published tree
	Proof []byte // c2sp.org/tlog-proof, with the checkpoint of Size
}

// Prove proves that an entry is in the published tree of a tenant's log. tiles is the
// tenant's audit bucket. It returns ErrNotPublished if the entry is not in it yet.
func (r *Reader) Prove(ctx context.Context, db *firestore.Client, t tenant.ID, tiles *storage.BucketHandle, id string) (Proven, error) {
	doc, err := collection(db, t).Doc(id).Get(ctx)
	if err != nil {
		return Proven{}, fmt.Errorf("read audit entry: %w", err)
	}
	stored, err := r.openLeaf(ctx, doc)
	if err != nil {
		return Proven{}, err
	}
	state, err := ReadTree(ctx, db, t)
	if err != nil {
		return Proven{}, err
	}
	if stored.Index < 0 || stored.Index >= state.Size {
		return Proven{}, ErrNotPublished
	}
	hashes, err := prove(ctx, state, tiles, stored.Index)
	if err != nil {
		return Proven{}, err
	}
	p := proof.TLogProof{Index: uint64(stored.Index), Hashes: hashes, Checkpoint: state.Checkpoint}
	return Proven{Leaf: stored.Leaf, Size: state.Size, Proof: p.Marshal()}, nil
}

// prove returns the hashes that lead from an entry to the root of the published tree.
func prove(ctx context.Context, state Tree, tiles *storage.BucketHandle, index int64) ([][tlog.HashSize]byte, error) {
	return Inclusion(state, index, func(tile tilelog.Resource) ([]byte, error) {
		if tile.Width < tilelog.TileWidth {
			return state.Edge[tile.Level], nil // TileHashReader asks for partial tiles of this tree only
		}
		return bucket.Read(ctx, tiles.Object(tile.Path()), tilelog.TileWidth*tlog.HashSize)
	})
}

// Inclusion returns the hashes that lead from the entry of an index to the root of the
// published tree. Every tile that fetch returns is compared with the root.
func Inclusion(state Tree, index int64, fetch tilelog.Fetch) ([][tlog.HashSize]byte, error) {
	var checkpoint formats.Checkpoint
	if _, err := checkpoint.Unmarshal(state.Checkpoint); err != nil {
		return nil, fmt.Errorf("read the published checkpoint: %w", err)
	}
	root := tlog.Tree{N: state.Size, Hash: tlog.Hash(checkpoint.Hash)}
	record, err := tlog.ProveRecord(state.Size, index, tilelog.Hashes(root, fetch))
	if err != nil {
		return nil, fmt.Errorf("prove audit entry: %w", err)
	}
	hashes := make([][tlog.HashSize]byte, len(record))
	for i, h := range record {
		hashes[i] = h
	}
	return hashes, nil
}
