package auditlog

import (
	"context"
	"errors"
	"fmt"
	"sort"
	"time"

	"cloud.google.com/go/firestore"
	"google.golang.org/api/iterator"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/strongroom-dev/strongroom/shared/tenant"
)

// ErrNoEntry is the error of an ID that no entry of the log has.
var ErrNoEntry = errors.New("no such audit entry")

// ReadEntry reads the entry with an ID. It returns ErrNoEntry if there is no such document: it
// may have expired, and Bundles.Find looks for it.
func (r *Reader) ReadEntry(ctx context.Context, db *firestore.Client, t tenant.ID, id string) (Stored, error) {
	doc, err := collection(db, t).Doc(id).Get(ctx)
	if status.Code(err) == codes.NotFound {
		return Stored{}, ErrNoEntry
	}
	if err != nil {
		return Stored{}, fmt.Errorf("read audit entry: %w", err)
	}
	return r.openLeaf(ctx, doc)
}

// Filter selects entries of a log. The zero Filter selects all. All its fields
// must match.
type Filter struct {
	From      time.Time // at this time or later; zero: any
	To        time.Time // before this time; zero: any
	ActorKey  string    // of ActorKey
	Action    Action
	Outcome   Outcome
	Workspace tenant.WorkspaceID
	Resource  string
	Run       string
}

// Range is a part of a log: the entries from Begin to before End. The list
// begins at its oldest entry, or at its newest.
type Range struct {
	Begin, End int64
	Newest     bool // newest first
}

// from returns the part of the range after an index in the order of the list.
func (r Range) from(after int64) Range {
	if r.Newest {
		r.End = min(r.End, after)
	} else {
		r.Begin = max(r.Begin, after+1)
	}
	return r
}

// Listing is a page of entries.
type Listing struct {
	Entries []Stored
	Last    int64 // index of the last entry that was examined; -1: none
	More    bool  // there are entries to examine after Last

	size int // of the entries, in bytes
}

// maxListingBytes is about how large the entries of a listing are, whatever the limit
// is. An entry has a few hundred bytes, and at most 20 KiB.
const maxListingBytes = 1 << 20

// List returns the entries of a range that match a filter. It begins after an
// index, in the order of the list; -1 begins at its first entry. It examines a
// bounded number of entries, so the listing can be shorter than limit, and even empty, although
// there are more.
//
// Firestore applies all fields of the filter but the times, which it cannot
// combine with the order of the indexes. So List narrows the range to the times
// first, in two binary searches, and then compares each entry's time. Entries whose documents
// may have expired are read from old, all of them.
func (r *Reader) List(ctx context.Context, db *firestore.Client, t tenant.ID, old *Bundles, f Filter, part Range, after int64, limit int) (Listing, error) {
	var err error
	if part, err = f.narrow(ctx, timesOf{db, t, old}, part, after); err != nil {
		return Listing{}, err
	}
	if after >= 0 {
		part = part.from(after)
	}
	expired, stored := part, part
	expired.End, stored.Begin = min(part.End, old.end), max(part.Begin, old.end)
	listing := Listing{Last: -1}
	if part.Newest {
		err = r.listDocuments(ctx, f.query(db, t, stored), f, stored, limit, &listing)
	}
	if err == nil && !listing.More {
		err = old.list(ctx, f, expired, limit, &listing)
	}
	if err == nil && !listing.More && !part.Newest {
		err = r.listDocuments(ctx, f.query(db, t, stored), f, stored, limit, &listing)
	}
	return listing, err
}

// listDocuments adds the entries of a range that match a filter to a listing. It examines as
// many as the listing still takes.
func (r *Reader) listDocuments(ctx context.Context, query firestore.Query, f Filter, part Range, limit int, listing *Listing) error {
	if part.Begin >= part.End {
		return nil
	}
	limit -= len(listing.Entries)
	docs := query.Limit(limit + 1).Documents(ctx)
	defer docs.Stop()
	for examined := 0; ; examined++ {
		doc, err := docs.Next()
		if errors.Is(err, iterator.Done) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("list audit entries: %w", err)
		}
		if examined == limit || listing.size >= maxListingBytes {
			listing.More = true
			return nil
		}
		stored, err := r.openLeaf(ctx, doc)
		if err != nil {
			return err
		}
		if err := listing.add(stored, f); err != nil {
			return err
		}
	}
}

// afterPrefix sorts after every character of an ID, so the IDs with a prefix are
// before the prefix and this character.
const afterPrefix = "g"

// ListPrefix returns at most limit entries whose IDs start with prefix, sorted by ID.
// They may have no index yet.
func (r *Reader) ListPrefix(ctx context.Context, db *firestore.Client, t tenant.ID, prefix string, limit int) (found []Stored, err error) {
	docs := collection(db, t).OrderBy(firestore.DocumentID, firestore.Asc).StartAt(prefix).EndBefore(prefix + afterPrefix).Limit(limit).Documents(ctx)
	defer docs.Stop()
	for size := 0; size < maxListingBytes; {
		doc, err := docs.Next()
		if errors.Is(err, iterator.Done) {
			break
		}
		if err != nil {
			return nil, fmt.Errorf("list audit entries by prefix: %w", err)
		}
		stored, err := r.openLeaf(ctx, doc)
		if err != nil {
			return nil, err
		}
		size += len(stored.Leaf)
		found = append(found, stored)
	}
	return found, nil
}

// add adds an entry that was examined.
func (l *Listing) add(s Stored, f Filter) error {
	l.Last = s.Index
	l.size += len(s.Leaf)
	if f.From.IsZero() && f.To.IsZero() {
		l.Entries = append(l.Entries, s)
		return nil
	}
	e, err := s.Entry()
	if err == nil && f.matchesTime(e.Time) {
		l.Entries = append(l.Entries, s)
	}
	return err
}

func (f Filter) query(db *firestore.Client, t tenant.ID, r Range) firestore.Query {
	q := collection(db, t).Where("index", ">=", r.Begin).Where("index", "<", r.End)
	for _, equal := range []struct{ field, value string }{
		{"actor", f.ActorKey}, {"action", string(f.Action)}, {"outcome", string(f.Outcome)}, {"workspace", string(f.Workspace)},
		{"resource", f.Resource}, {"run", f.Run},
	} {
		if equal.value != "" {
			q = q.Where(equal.field, "==", equal.value)
		}
	}
	if r.Newest {
		return q.OrderBy("index", firestore.Desc)
	}
	return q.OrderBy("index", firestore.Asc)
}

func (f Filter) matchesTime(at time.Time) bool {
	return !at.Before(f.From) && (f.To.IsZero() || at.Before(f.To))
}

// maxLateness is how much earlier than the time of a preceding entry the time of an
// entry can be. An entry gets its time before it is committed, and its index
// after. In between are the longest request (5 minutes) and the difference of
// two clocks.
const maxLateness = 15 * time.Minute

// narrow removes from both ends of the range entries that are out of the times.
// A page that continues the list needs no search at the end that it comes from.
func (f Filter) narrow(ctx context.Context, times timesOf, r Range, after int64) (Range, error) {
	continues := after >= 0
	if !f.From.IsZero() && (r.Newest || !continues) {
		begin, err := searchTime(ctx, times, r, f.From.Add(-maxLateness))
		if err != nil {
			return r, err
		}
		r.Begin = begin
	}
	if !f.To.IsZero() && (!r.Newest || !continues) {
		end, err := searchTime(ctx, times, r, f.To.Add(maxLateness))
		if err != nil {
			return r, err
		}
		r.End = end
	}
	return r, nil
}

// searchTime returns the index of an entry of the range that is not before a time,
// although the one before it is; or the range's end. It reads one entry for each
// halving.
func searchTime(ctx context.Context, times timesOf, r Range, at time.Time) (int64, error) {
	var failed error
	n := sort.Search(int(max(0, r.End-r.Begin)), func(i int) bool {
		if failed != nil {
			return true
		}
		time, err := times.of(ctx, r.Begin+int64(i))
		failed = err
		return !time.Before(at)
	})
	return r.Begin + int64(n), failed
}

// timesOf reads the times of entries.
type timesOf struct {
	db  *firestore.Client
	t   tenant.ID
	old *Bundles
}

func (r timesOf) of(ctx context.Context, index int64) (at time.Time, err error) {
	if r.old.has(index) {
		stored, err := r.old.at(ctx, index)
		return stored.Time, err
	}
	docs, err := collection(r.db, r.t).Where("index", "==", index).Select("time").Limit(1).Documents(ctx).GetAll()
	if err != nil {
		return at, fmt.Errorf("search audit entries: %w", err)
	}
	if len(docs) == 0 {
		return at, ErrMissingEntry
	}
	var d document
	if err := docs[0].DataTo(&d); err != nil {
		return at, errNotAnEntry
	}
	return d.Time, nil
}
