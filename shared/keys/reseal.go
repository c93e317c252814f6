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

// settling is how long after a new epoch began nobody seals under the last one
// any more: what a process holds, and what it is about to write.
const settling = 2 * maxAge

// resealPage is how many documents are read, and written by one commit: a sealed
// value may have half a MiB and a little more, a commit 10 MiB
// (cloud.google.com/firestore/quotas).
const resealPage = 16

// Field is a sealed field of the documents of a collection, in every workspace
// of a tenant.
type Field struct{ Group, Name string }

// Progress is what one call of Reseal did. It holds beside an error, too.
type Progress struct {
	Resealed int      // values sealed anew; a commit whose reply was lost is not counted
	Shut     []string // paths within the database of values that open under no key
	Done     bool     // all is under the newest key, but for what was shut
	Waiting  bool     // the newest key is so young that others may not know it: call again later
}

// cursor is how far Reseal has come with one field, at
// tenants/{t}/reseals/{group}.{name}.
type cursor struct {
	Epoch uint32 `firestore:"epoch" class:"operational"` // that values are brought to
	After string `firestore:"after" class:"operational"` // path of the last document done, within the database
	Done  bool   `firestore:"done" class:"operational"`
}

var _ = dataclass.Stored[cursor]("tenants/{tenant}/reseals/{field}")

// Reseal seals anew, under the newest data key, what was sealed under an older
// one, in at most so many pages of 16 documents. It goes on where the last call
// stopped, so it may be stopped at any time; two at once do no harm. It keeps its
// place once a call, since one document takes about one write a second. What is
// shut is told once, or again where the place could not be kept.
//
// Documents that come back under an old key, as from a backup, are brought along
// when the next epoch begins, or at once where the cursor is deleted.
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
	p.Waiting = !c.Done && t.keys.store.config.Now().Sub(newest.created) < settling
	if p.Done || p.Waiting {
		return p, nil
	}
	begun := c
	for i := 0; i < pages && !c.Done && err == nil; i++ {
		err = t.resealPage(ctx, field, &c, &p)
	}
	if c != begun {
		err = errors.Join(err, keepCursor(ctx, at, c))
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
		return cursor{}, fmt.Errorf("read the place: %w", err)
	}
	var c cursor
	if err := doc.DataTo(&c); err != nil {
		return cursor{}, fmt.Errorf("read the place: %w", err)
	}
	return c, nil
}

func keepCursor(ctx context.Context, at *firestore.DocumentRef, c cursor) error {
	if _, err := at.Set(ctx, c); err != nil {
		return fmt.Errorf("keep the place: %w", err)
	}
	return nil
}

// resealPage does the page after c, and moves c on.
func (t *Tenant) resealPage(ctx context.Context, field Field, c *cursor, p *Progress) error {
	docs, err := t.page(field, c.After).Documents(ctx).GetAll()
	if err != nil {
		return fmt.Errorf("list what is sealed: %w", err)
	}
	var refs []*firestore.DocumentRef
	for _, doc := range docs {
		if olderThan(c.Epoch, doc, field.Name) != nil {
			refs = append(refs, doc.Ref)
		}
	}
	resealed, shut, err := t.renew(ctx, refs, field.Name, c.Epoch)
	if err != nil {
		return fmt.Errorf("seal anew: %w", err)
	}
	p.Resealed, p.Shut = p.Resealed+resealed, append(p.Shut, shut...)
	if len(docs) > 0 {
		c.After = RelativePath(docs[len(docs)-1].Ref)
	}
	c.Done = len(docs) < resealPage
	return nil
}

// page finds the tenant's documents of a field's collection, by name. Names
// sort by their parts, and no tenant's has a "!".
func (t *Tenant) page(field Field, after string) firestore.Query {
	tenants := t.db.Collection("tenants")
	query := t.db.CollectionGroup(field.Group).Select(field.Name).
		OrderBy(firestore.DocumentID, firestore.Asc).EndBefore(tenants.Doc(string(t.id) + "!")).Limit(resealPage)
	if after == "" {
		return query.StartAfter(tenants.Doc(string(t.id)))
	}
	return query.StartAfter(t.db.Doc(after))
}

// olderThan is a document's value that was sealed before epoch; nil if it was
// not, or is none.
func olderThan(epoch uint32, doc *firestore.DocumentSnapshot, name string) []byte {
	sealed, _ := doc.Data()[name].([]byte)
	if of, ok := epochOf(sealed); !ok || of >= epoch {
		return nil
	}
	return sealed
}

// renew seals one field of a page's documents anew in one commit, but for those
// that somebody else has, and those that will never open: the others wait for
// nothing.
func (t *Tenant) renew(ctx context.Context, refs []*firestore.DocumentRef, name string, epoch uint32) (resealed int, shut []string, err error) {
	if len(refs) == 0 {
		return 0, nil, nil
	}
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	err = gcp.Transact(ctx, t.db, func(ctx context.Context, tx *firestore.Transaction) error {
		resealed, shut = 0, nil
		docs, err := tx.GetAll(refs)
		if err != nil {
			return fmt.Errorf("read what is sealed: %w", err)
		}
		for _, doc := range docs {
			sealed := olderThan(epoch, doc, name)
			if sealed == nil {
				continue
			}
			switch sealed, err = t.anew(ctx, sealed, RelativePath(doc.Ref)); {
			case errors.Is(err, ErrSealed):
				shut = append(shut, RelativePath(doc.Ref))
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
	return resealed, shut, err
}

// anew seals what opens at a place under the newest key.
func (t *Tenant) anew(ctx context.Context, sealed []byte, place string) ([]byte, error) {
	plain, err := t.Open(ctx, sealed, []byte(place))
	if err != nil {
		return nil, err
	}
	return t.Seal(ctx, plain, []byte(place))
}
