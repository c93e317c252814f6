package keys

import (
	"context"
	"errors"
	"fmt"
	"time"

	"cloud.google.com/go/firestore"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/strongroom-dev/strongroom/shared/dataclass"
	"github.com/strongroom-dev/strongroom/shared/gcp"
)

// epochOverlap is how long processes may still seal under the previous epoch after
// a new one starts: MaxAge because they cache the key, and as long again for what
// they have sealed and not yet written.
const epochOverlap = 2 * MaxAge

// resealPage is how many documents one commit reads and writes. A sealed value has
// at most a little more than half a MiB, and a commit at most 10 MiB:
// cloud.google.com/firestore/quotas.
const resealPage = 16

// Field is a sealed field of the documents of a collection group, in every
// workspace of a tenant.
type Field struct{ Group, Name string }

// Progress is the result of one call of Reseal. It is valid even if Reseal also
// returns an error.
type Progress struct {
	Resealed   int      // values that were sealed again; a commit whose reply was lost is not counted
	Unreadable []string // paths within the database of values that no key opens
	Done       bool     // every value except the unreadable ones is under the newest key
	Waiting    bool     // other processes may not know the newest key yet; call again later
}

// cursor is the position of Reseal for one field.
type cursor struct {
	Epoch uint32 `firestore:"epoch" class:"operational"` // that values are sealed under
	After string `firestore:"after" class:"operational"` // path of the last processed document, within the database
	Done  bool   `firestore:"done" class:"operational"`
}

var _ = dataclass.Stored[cursor]("tenants/{tenant}/reseals/{field}")

// Reseal decrypts the values that were sealed under an older data key, and seals
// them under the newest one. It processes at most the given number of pages, of 16
// documents each.
//
//   - It continues where the last call stopped, so it may be stopped at any time.
//     Two calls at once are safe.
//   - It stores its position once per call, because Firestore sustains about one
//     write per second for one document.
//   - It reports an unreadable value once, or again if the position could not be
//     stored.
//
// Documents that return under an old key, for example from a backup, are resealed
// when the next epoch starts. To reseal them at once, delete the cursor.
func (t *Tenant) Reseal(ctx context.Context, field Field, pages int) (p Progress, err error) {
	newest, err := t.keys.newest(ctx, epochLifetime)
	if err != nil {
		return p, err
	}
	at := t.cursors.Doc(field.Group + "." + field.Name)
	c, err := readCursor(ctx, at)
	if err != nil {
		return p, err
	}
	if c.Epoch != newest.epoch {
		c = cursor{Epoch: newest.epoch, Done: newest.epoch == 1}
	}
	p.Done = c.Done
	p.Waiting = !c.Done && t.keys.store.config.Now().Sub(newest.created) < epochOverlap
	if p.Done || p.Waiting {
		return p, nil
	}
	start := c
	for i := 0; i < pages && !c.Done && err == nil; i++ {
		err = t.resealPage(ctx, field, &c, &p)
	}
	if c != start {
		err = errors.Join(err, writeCursor(ctx, at, c))
	}
	p.Done = c.Done && err == nil
	return p, err
}

func readCursor(ctx context.Context, at *firestore.DocumentRef) (cursor, error) {
	doc, err := at.Get(ctx)
	if status.Code(err) == codes.NotFound {
		return cursor{}, nil
	}
	if err != nil {
		return cursor{}, fmt.Errorf("read reseal cursor: %w", err)
	}
	var c cursor
	if err := doc.DataTo(&c); err != nil {
		return cursor{}, fmt.Errorf("read reseal cursor: %w", err)
	}
	return c, nil
}

func writeCursor(ctx context.Context, at *firestore.DocumentRef, c cursor) error {
	if _, err := at.Set(ctx, c); err != nil {
		return fmt.Errorf("write reseal cursor: %w", err)
	}
	return nil
}

// resealPage processes the page after c, and advances c.
func (t *Tenant) resealPage(ctx context.Context, field Field, c *cursor, p *Progress) error {
	docs, err := t.page(field, c.After).Documents(ctx).GetAll()
	if err != nil {
		return fmt.Errorf("list sealed values: %w", err)
	}
	var refs []*firestore.DocumentRef
	for _, doc := range docs {
		if olderThan(c.Epoch, doc, field.Name) != nil {
			refs = append(refs, doc.Ref)
		}
	}
	resealed, unreadable, err := t.resealDocuments(ctx, refs, field.Name, c.Epoch)
	if err != nil {
		return fmt.Errorf("reseal: %w", err)
	}
	p.Resealed, p.Unreadable = p.Resealed+resealed, append(p.Unreadable, unreadable...)
	if len(docs) > 0 {
		c.After = RelativePath(docs[len(docs)-1].Ref)
	}
	c.Done = len(docs) < resealPage
	return nil
}

// page returns the query for the tenant's documents with the field, ordered by path.
// Paths sort by segment, and no tenant ID has a "!", so the range ends with the
// tenant's last document.
func (t *Tenant) page(field Field, after string) firestore.Query {
	tenants := t.db.Collection("tenants")
	query := t.db.CollectionGroup(field.Group).Select(field.Name).
		OrderBy(firestore.DocumentID, firestore.Asc).EndBefore(tenants.Doc(string(t.id) + "!")).Limit(resealPage)
	if after == "" {
		return query.StartAfter(tenants.Doc(string(t.id)))
	}
	return query.StartAfter(t.db.Doc(after))
}

// olderThan returns the value of a document's field if it was sealed before epoch,
// and otherwise nil.
func olderThan(epoch uint32, doc *firestore.DocumentSnapshot, name string) []byte {
	sealed, _ := doc.Data()[name].([]byte)
	if of, ok := epochOf(sealed); !ok || of >= epoch {
		return nil
	}
	return sealed
}

// resealDocuments reseals one field of a page's documents in one commit. It skips
// documents that another process has resealed, and values that no key opens, so
// that they do not block the others.
func (t *Tenant) resealDocuments(ctx context.Context, refs []*firestore.DocumentRef, name string, epoch uint32) (resealed int, unreadable []string, err error) {
	if len(refs) == 0 {
		return 0, nil, nil
	}
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	err = gcp.Transact(ctx, t.db, func(ctx context.Context, tx *firestore.Transaction) error {
		resealed, unreadable = 0, nil
		docs, err := tx.GetAll(refs)
		if err != nil {
			return fmt.Errorf("read sealed values: %w", err)
		}
		for _, doc := range docs {
			sealed := olderThan(epoch, doc, name)
			if sealed == nil {
				continue
			}
			switch sealed, err = t.reencrypt(ctx, sealed, RelativePath(doc.Ref)); {
			case errors.Is(err, ErrSealed):
				unreadable = append(unreadable, RelativePath(doc.Ref))
				continue
			case err != nil:
				return err
			}
			if err := tx.Update(doc.Ref, []firestore.Update{{Path: name, Value: sealed}}); err != nil {
				return err
			}
			resealed++
		}
		return nil
	})
	return resealed, unreadable, err
}

// reencrypt opens a value of the document at path, and seals it under the newest key.
func (t *Tenant) reencrypt(ctx context.Context, sealed []byte, path string) ([]byte, error) {
	plain, err := t.Open(ctx, sealed, []byte(path))
	if err != nil {
		return nil, err
	}
	return t.Seal(ctx, plain, []byte(path))
}
