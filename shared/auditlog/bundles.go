package auditlog

import (
	"context"
	"errors"
	"fmt"
	"sort"
	"time"

	"cloud.google.com/go/firestore"
	"cloud.google.com/go/storage"
	"github.com/google/uuid"

	"github.com/strongroom-dev/strongroom/shared/bucket"
	"github.com/strongroom-dev/strongroom/shared/tenant"
	"github.com/strongroom-dev/strongroom/shared/tilelog"
)

// ErrBundle is the error of an audit bucket that does not give out a bundle.
var ErrBundle = errors.New("read old audit entries")

// ErrTooManyEntries is the error of an ID of which too many expired entries have the time. Whoever
// copies the log can find it there.
var ErrTooManyEntries = errors.New("too many audit entries are as old as this one to look for it")

// BundleMemory is the memory in bytes that reading bundles needs at most: 256 entries of up to 20 KiB
// as they are read, and those before, which may not be collected yet.
const BundleMemory = 10 << 20

// Bundles has the entries of a log whose documents may have expired: the full bundles in its audit
// bucket. The tree says where they end. It keeps the last bundle that it has read. It is
// not safe for concurrent use; the zero Bundles has no entries.
type Bundles struct {
	from *storage.BucketHandle
	end  int64 // Tree.Expired

	index   int64 // of the bundle in entries
	entries []Stored
}

// NewBundles returns the bundles of a log with this tree in a bucket. It reads nothing.
func NewBundles(from *storage.BucketHandle, tree Tree) *Bundles {
	return &Bundles{from: from, end: tree.Expired}
}

// Empty reports whether no document has expired: nothing is read from the bucket.
func (b *Bundles) Empty() bool { return b.end == 0 }

// has reports whether the document of the entry of an index may have expired.
func (b *Bundles) has(index int64) bool { return index < b.end }

// at returns the entry of an index.
func (b *Bundles) at(ctx context.Context, index int64) (Stored, error) {
	entries, err := b.read(ctx, index/tilelog.TileWidth)
	if err != nil {
		return Stored{}, err
	}
	return entries[index%tilelog.TileWidth], nil
}

// read returns the 256 entries of a bundle.
func (b *Bundles) read(ctx context.Context, n int64) ([]Stored, error) {
	if b.entries != nil && b.index == n {
		return b.entries, nil
	}
	path := tilelog.Resource{Entries: true, Index: uint64(n), Width: tilelog.TileWidth}.Path()
	data, err := bucket.Read(ctx, b.from.Object(path), tilelog.TileWidth*(2+tilelog.MaxEntrySize))
	if bucket.IsMissing(err) {
		return nil, fmt.Errorf("%w, and in the audit bucket: %w", ErrMissingEntry, err)
	}
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrBundle, err)
	}
	leaves, err := tilelog.Entries(data)
	if err != nil {
		return nil, err
	}
	if len(leaves) != tilelog.TileWidth {
		return nil, fmt.Errorf("%w: a full bundle has %d entries", ErrMissingEntry, len(leaves))
	}
	entries := make([]Stored, len(leaves))
	for i, leaf := range leaves {
		entries[i] = Stored{Index: n*tilelog.TileWidth + int64(i), Leaf: leaf}
		e, err := entries[i].Entry()
		if err != nil {
			return nil, err
		}
		entries[i].ID, entries[i].Time = e.ID, e.Time
	}
	b.index, b.entries = n, entries
	return entries, nil
}

const (
	// maxExamined is how many old entries a list examines for one page, if few match.
	maxExamined = 8 * tilelog.TileWidth

	// maxSearched is how many bundles are read to find an entry by its ID.
	maxSearched = 32
)

// list adds the entries of a range that match a filter to a listing.
func (b *Bundles) list(ctx context.Context, f Filter, part Range, limit int, listing *Listing) error {
	for examined := 0; part.Begin < part.End; examined++ {
		if len(listing.Entries) >= limit || examined == maxExamined || listing.size >= maxListingBytes {
			listing.More = true
			return nil
		}
		index := part.Begin
		if part.Newest {
			index = part.End - 1
		}
		part = part.from(index)
		stored, err := b.at(ctx, index)
		if err != nil {
			return err
		}
		e, err := stored.Entry()
		if err != nil {
			return err
		}
		listing.Last = index
		if f.matches(e) {
			stored.Leaf = append([]byte(nil), stored.Leaf...) // not the whole bundle
			listing.Entries = append(listing.Entries, stored)
			listing.size += len(stored.Leaf)
		}
	}
	return nil
}

// matches reports whether an entry has all that the filter says.
func (f Filter) matches(e Entry) bool {
	for _, equal := range []struct{ want, is string }{
		{f.ActorKey, ActorKey(e.Actor)}, {string(f.Action), string(e.Action)}, {string(f.Outcome), string(e.Outcome)},
		{string(f.Workspace), string(e.Workspace)}, {f.Resource, e.Resource}, {f.Run, runOf(e.Resource)},
	} {
		if equal.want != "" && equal.want != equal.is {
			return false
		}
	}
	return f.matchesTime(e.Time)
}

// Find returns the entry with an ID. IDs begin with the time of the entry, or, by AppendHourly, of its
// hour. So Find looks at bundles of about that time, the nearest first. It returns ErrNoEntry if
// they do not have it, and ErrTooManyEntries if it gave up.
func (b *Bundles) Find(ctx context.Context, id string) (Stored, error) {
	u, err := uuid.Parse(id)
	if err != nil {
		return Stored{}, ErrNoEntry
	}
	at := time.Unix(u.Time().UnixTime())
	var failed error
	count := int(b.end / tilelog.TileWidth)
	after := sort.Search(count, func(n int) bool {
		if failed != nil {
			return true
		}
		entries, err := b.read(ctx, int64(n))
		failed = err
		return failed != nil || !entries[tilelog.TileWidth-1].Time.Before(at)
	})
	if failed != nil {
		return Stored{}, failed
	}
	low, high := after-1, after // the next bundle in each direction
	for range maxSearched / 2 {
		if high < count {
			stored, entries, err := b.lookIn(ctx, high, id)
			if !errors.Is(err, ErrNoEntry) {
				return stored, err
			}
			if high++; entries[0].Time.After(at.Add(time.Hour + maxLateness)) {
				high = count
			}
		}
		if low >= 0 {
			stored, entries, err := b.lookIn(ctx, low, id)
			if !errors.Is(err, ErrNoEntry) {
				return stored, err
			}
			if low--; entries[tilelog.TileWidth-1].Time.Before(at.Add(-maxLateness)) {
				low = -1
			}
		}
		if low < 0 && high >= count {
			return Stored{}, ErrNoEntry
		}
	}
	return Stored{}, ErrTooManyEntries
}

// lookIn returns the entry with an ID in a bundle, or ErrNoEntry and all its entries.
func (b *Bundles) lookIn(ctx context.Context, n int, id string) (Stored, []Stored, error) {
	entries, err := b.read(ctx, int64(n))
	if err != nil {
		return Stored{}, nil, err
	}
	for _, s := range entries {
		if s.ID == id {
			return s, nil, nil
		}
	}
	return Stored{}, entries, ErrNoEntry
}

// Age is what decides whether the document of an entry expires.
type Age struct {
	Time       time.Time // of the entry
	Index      int64     // -1: none yet
	ExpireTime time.Time // Firestore deletes the document some time after that; zero: never
}

// AgeOf returns the age of an entry's document. It needs the fields time, index and expireTime.
func AgeOf(doc *firestore.DocumentSnapshot) (Age, error) {
	var d document
	if err := doc.DataTo(&d); err != nil {
		return Age{}, errNotAnEntry
	}
	a := Age{Time: d.Time, Index: -1, ExpireTime: d.ExpireTime}
	if d.Index != nil {
		a.Index = *d.Index
	}
	return a, nil
}

// Expirable returns the index before which the documents of a log may expire: full bundles
// of the published tree have all entries before it.
func (t Tree) Expirable() int64 { return t.Size - t.Size%tilelog.TileWidth }

// MarkExpired records in tx that the documents of entries up to an index may be gone. A log never
// takes this back: the bundles stay. It reads, so call it before tx writes anything.
func MarkExpired(tx *firestore.Transaction, db *firestore.Client, t tenant.ID, index int64) error {
	docs, err := tx.GetAll([]*firestore.DocumentRef{TreeRef(db, t)})
	if err != nil {
		return fmt.Errorf("read audit tree: %w", err)
	}
	tree, err := decodeTree(docs[0])
	if err != nil || index < tree.Expired {
		return err
	}
	if index >= tree.Expirable() {
		return fmt.Errorf("mark audit entries: no full bundle has entry %d", index)
	}
	end := (index/tilelog.TileWidth + 1) * tilelog.TileWidth
	if err := tx.Set(docs[0].Ref, map[string]any{"expired": end}, firestore.MergeAll); err != nil {
		return fmt.Errorf("mark audit entries: %w", err)
	}
	return nil
}
