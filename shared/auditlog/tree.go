package auditlog

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"cloud.google.com/go/firestore"

	"github.com/strongroom-dev/strongroom/shared/dataclass"
	"github.com/strongroom-dev/strongroom/shared/gcp"
	"github.com/strongroom-dev/strongroom/shared/keys"
	"github.com/strongroom-dev/strongroom/shared/tenant"
)

// EntriesCollection is the name of the collection of entries, also as a group:
// tenants/{t}/audit, and platform/audit/audit for the platform's own log.
const EntriesCollection = "audit"

// TreesCollection is the name of the collection of tree states, also as a group.
const TreesCollection = "auditTrees"

// Tree is the state of a log's Merkle tree, in one document next to the entries.
// An entry first receives its index, in a transaction. Its tiles follow, and
// then the checkpoint. So the order of the entries never depends on which
// process writes the tiles, and two processes write the same bytes.
type Tree struct {
	Assigned   int64     `firestore:"assigned" class:"operational"`   // entries that have an index: 0 to Assigned-1
	Size       int64     `firestore:"size" class:"operational"`       // entries of the published tree, at most Assigned
	Edge       [][]byte  `firestore:"edge" class:"operational"`       // partial tiles of the published tree, by level
	Checkpoint []byte    `firestore:"checkpoint" class:"operational"` // signed note of the published tree; empty: nothing is published
	Published  time.Time `firestore:"published" class:"operational"`  // when the checkpoint was signed
	Behind     bool      `firestore:"behind" class:"operational"`     // Size is less than Assigned
	Expired    int64     `firestore:"expired" class:"operational"`    // documents of entries with a smaller index may be gone; full bundles have them
}

var (
	_ = dataclass.Stored[Tree]("tenants/{tenant}/auditTrees/tree")
	_ = dataclass.Stored[Tree]("platform/audit/auditTrees/tree")
)

// Stored is an entry as the tree has it.
type Stored struct {
	ID    string
	Index int64     // -1: none yet
	Time  time.Time // of the entry
	Leaf  []byte    // canonical bytes
}

// Entry decodes the leaf.
func (s Stored) Entry() (Entry, error) {
	var e Entry
	if err := json.Unmarshal(s.Leaf, &e); err != nil {
		return Entry{}, fmt.Errorf("decode audit entry: %w", err)
	}
	return e, nil
}

// TreeRef returns the reference of a log's tree. An empty tenant is the
// platform's own log.
func TreeRef(db *firestore.Client, t tenant.ID) *firestore.DocumentRef {
	return collection(db, t).Parent.Collection(TreesCollection).Doc("tree")
}

// ReadTree reads the state of a log's tree; of a log without one, the zero Tree.
func ReadTree(ctx context.Context, db *firestore.Client, t tenant.ID) (Tree, error) {
	docs, err := db.GetAll(ctx, []*firestore.DocumentRef{TreeRef(db, t)})
	if err != nil {
		return Tree{}, fmt.Errorf("read audit tree: %w", err)
	}
	return decodeTree(docs[0])
}

func decodeTree(doc *firestore.DocumentSnapshot) (Tree, error) {
	var tree Tree
	if !doc.Exists() {
		return tree, nil
	}
	if err := doc.DataTo(&tree); err != nil {
		return Tree{}, fmt.Errorf("read audit tree: %w", err)
	}
	return tree, nil
}

// Assignment is what AssignIndexes did.
type Assignment struct {
	Tree       Tree     // the state after it
	Entries    []Stored // those that received an index, in its order
	Unreadable []string // IDs of entries that cannot be opened; they have no index
	More       bool     // more entries may be pending
}

// AssignIndexes gives up to limit pending entries of a log the next indexes, in
// the order of their times and then of their IDs, in one transaction. An entry
// that cannot be opened is set aside, so that it does not hold up the others.
// An entry keeps its first index even if it becomes pending again.
func (r *Reader) AssignIndexes(ctx context.Context, db *firestore.Client, t tenant.ID, limit int) (a Assignment, err error) {
	pending := collection(db, t).Where("pending", "==", true).
		OrderBy("time", firestore.Asc).OrderBy(firestore.DocumentID, firestore.Asc).Limit(limit)
	err = gcp.Transact(ctx, db, func(ctx context.Context, tx *firestore.Transaction) error {
		a = Assignment{}
		docs, err := tx.GetAll([]*firestore.DocumentRef{TreeRef(db, t)})
		if err != nil {
			return fmt.Errorf("read audit tree: %w", err)
		}
		if a.Tree, err = decodeTree(docs[0]); err != nil {
			return err
		}
		entries, err := tx.Documents(pending).GetAll()
		if err != nil {
			return fmt.Errorf("read pending audit entries: %w", err)
		}
		a.More = len(entries) == limit
		return r.assign(ctx, db, t, tx, entries, &a)
	})
	return a, err
}

// assign writes the indexes of entries, and the tree's state.
func (r *Reader) assign(ctx context.Context, db *firestore.Client, t tenant.ID, tx *firestore.Transaction, entries []*firestore.DocumentSnapshot, a *Assignment) error {
	for _, doc := range entries {
		stored, err := r.openLeaf(ctx, doc)
		update := []firestore.Update{{Path: "pending", Value: false}}
		switch {
		case errors.Is(err, keys.ErrSealed) || errors.Is(err, errNotAnEntry):
			a.Unreadable = append(a.Unreadable, doc.Ref.ID)
			update = append(update, firestore.Update{Path: "unreadable", Value: true})
		case err != nil:
			return err
		case stored.Index < 0:
			stored.Index = a.Tree.Assigned
			a.Tree.Assigned++
			a.Entries = append(a.Entries, stored)
			update = append(update, firestore.Update{Path: "index", Value: stored.Index})
		}
		if err := tx.Update(doc.Ref, update); err != nil {
			return fmt.Errorf("assign index: %w", err)
		}
	}
	if len(a.Entries) == 0 {
		return nil
	}
	err := tx.Set(TreeRef(db, t), map[string]any{"assigned": a.Tree.Assigned, "behind": true}, firestore.MergeAll)
	if err != nil {
		return fmt.Errorf("assign indexes: %w", err)
	}
	return nil
}

// Publish records that a tree's tiles and checkpoint exist. It does nothing if
// the published tree is not smaller than next any more. It reports whether next
// is now the published tree.
func Publish(ctx context.Context, db *firestore.Client, t tenant.ID, next Tree) (published bool, err error) {
	err = gcp.Transact(ctx, db, func(_ context.Context, tx *firestore.Transaction) error {
		docs, err := tx.GetAll([]*firestore.DocumentRef{TreeRef(db, t)})
		if err != nil {
			return fmt.Errorf("read audit tree: %w", err)
		}
		tree, err := decodeTree(docs[0])
		if err != nil {
			return err
		}
		if published = tree.Size < next.Size || tree.Size == next.Size && tree.Published.Before(next.Published); !published {
			return nil
		}
		err = tx.Set(docs[0].Ref, map[string]any{
			"size": next.Size, "edge": next.Edge, "checkpoint": next.Checkpoint, "published": next.Published,
			"behind": next.Size < tree.Assigned,
		}, firestore.MergeAll)
		if err != nil {
			return fmt.Errorf("publish audit tree: %w", err)
		}
		return nil
	})
	return published, err
}

// ErrMissingEntry is the error of an index that no stored entry has, although
// the log has given it away.
var ErrMissingEntry = errors.New("an entry of the audit log is missing in the database")

// ReadOld is ReadEntries for entries whose documents may have expired: old has them.
func (r *Reader) ReadOld(ctx context.Context, db *firestore.Client, t tenant.ID, old *Bundles, begin, end int64) (entries []Stored, err error) {
	for ; begin < min(end, old.end); begin++ {
		stored, err := old.at(ctx, begin)
		if err != nil {
			return nil, err
		}
		entries = append(entries, stored)
	}
	if begin == end {
		return entries, nil
	}
	rest, err := r.ReadEntries(ctx, db, t, begin, end)
	return append(entries, rest...), err
}

// ReadEntries reads the entries of the indexes from begin to before end, which
// must all have been assigned, and whose documents have not expired.
func (r *Reader) ReadEntries(ctx context.Context, db *firestore.Client, t tenant.ID, begin, end int64) ([]Stored, error) {
	docs, err := collection(db, t).Where("index", ">=", begin).Where("index", "<", end).
		OrderBy("index", firestore.Asc).Documents(ctx).GetAll()
	if err != nil {
		return nil, fmt.Errorf("read audit entries: %w", err)
	}
	entries := make([]Stored, len(docs))
	for i, doc := range docs {
		if entries[i], err = r.openLeaf(ctx, doc); err != nil {
			return nil, err
		}
		if entries[i].Index != begin+int64(i) {
			return nil, ErrMissingEntry
		}
	}
	if int64(len(entries)) != end-begin {
		return nil, ErrMissingEntry
	}
	return entries, nil
}

// errNotAnEntry is the error of a document that is not of the form of an entry.
var errNotAnEntry = errors.New("read audit entry: the document is malformed")

func (r *Reader) openLeaf(ctx context.Context, doc *firestore.DocumentSnapshot) (Stored, error) {
	var d document
	if err := doc.DataTo(&d); err != nil {
		return Stored{}, errNotAnEntry
	}
	leaf, err := r.opener.Open(ctx, d.Leaf, []byte(keys.RelativePath(doc.Ref)))
	if err != nil {
		return Stored{}, fmt.Errorf("open audit entry: %w", err)
	}
	stored := Stored{ID: doc.Ref.ID, Index: -1, Time: d.Time, Leaf: leaf}
	if d.Index != nil {
		stored.Index = *d.Index
	}
	return stored, nil
}
