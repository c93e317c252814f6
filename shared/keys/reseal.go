package keys

import (
	"context"
	"errors"
	"fmt"
	"time"

	"cloud.google.com/go/firestore"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// settling is how long after a new epoch began nobody seals under the last one
// any more: what a process holds, and what it is about to write.
const settling = 2 * maxAge

// resealPage is how many documents are looked at at once; a sealed value may
// have half a MiB.
const resealPage = 16

// Field is a sealed field of the documents of a collection, in every workspace
// of a tenant.
type Field struct{ Group, Name string }

// cursor is how far Reseal has come with one field, at
// tenants/{t}/reseals/{group}.{name}.
type cursor struct {
	Epoch uint32 `firestore:"epoch"` // that values are brought to
	After string `firestore:"after"` // path of the last document done, within the database
	Done  bool   `firestore:"done"`
}

// Reseal seals anew, under the newest data key, what was sealed under an older
// one, in at most so many pages of documents. It goes on where the last call
// stopped, so it may be stopped at any time; two at once do no harm. Done
// means that all is under the newest key, but for what the errors named, once,
// as not to be opened (ErrSealed).
func (t *Tenant) Reseal(ctx context.Context, field Field, pages int) (done bool, err error) {
	newest, err := t.keys.newest(ctx, epochLifetime)
	if err != nil {
		return false, err
	}
	at := t.cursors.Doc(field.Group + "." + field.Name)
	c, err := readCursor(ctx, at)
	if err != nil {
		return false, err
	}
	if c.Epoch != newest.epoch {
		c = cursor{Epoch: newest.epoch, Done: newest.epoch == 1}
	}
	if !c.Done && t.keys.store.config.Now().Sub(newest.created) < settling {
		return false, nil
	}
	var faults []error
	for range pages {
		if c.Done {
			break
		}
		err := t.resealPage(ctx, field, &c)
		if err != nil && !errors.Is(err, ErrSealed) {
			return false, err
		}
		faults = append(faults, err)
		if _, err := at.Set(ctx, c); err != nil {
			return false, fmt.Errorf("keep the place: %w", err)
		}
	}
	return c.Done, errors.Join(faults...)
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

// resealPage does the page after c, and moves c on.
func (t *Tenant) resealPage(ctx context.Context, field Field, c *cursor) error {
	docs, err := t.page(field, c.After).Documents(ctx).GetAll()
	if err != nil {
		return fmt.Errorf("list what is sealed: %w", err)
	}
	var faults []error
	for _, doc := range docs {
		sealed, _ := doc.Data()[field.Name].([]byte)
		if epoch, ok := epochOf(sealed); !ok || epoch >= c.Epoch {
			continue
		}
		err := t.resealOne(ctx, doc.Ref, field.Name, c.Epoch)
		if err != nil && !errors.Is(err, ErrSealed) {
			return err
		}
		if err != nil { // it will never open; the others wait for nothing
			faults = append(faults, fmt.Errorf("seal %s anew: %w", RelativePath(doc.Ref), err))
		}
	}
	if len(docs) > 0 {
		c.After = RelativePath(docs[len(docs)-1].Ref)
	}
	c.Done = len(docs) < resealPage
	return errors.Join(faults...)
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

// resealOne seals one field anew, unless somebody else has.
func (t *Tenant) resealOne(ctx context.Context, ref *firestore.DocumentRef, name string, newest uint32) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	return t.db.RunTransaction(ctx, func(ctx context.Context, tx *firestore.Transaction) error {
		doc, err := tx.Get(ref)
		if status.Code(err) == codes.NotFound {
			return nil
		}
		if err != nil {
			return err
		}
		sealed, _ := doc.Data()[name].([]byte)
		if epoch, ok := epochOf(sealed); !ok || epoch >= newest {
			return nil
		}
		place := []byte(RelativePath(ref))
		plain, err := t.Open(ctx, sealed, place)
		if err != nil {
			return err
		}
		if sealed, err = t.Seal(ctx, plain, place); err != nil {
			return err
		}
		return tx.Update(ref, []firestore.Update{{Path: name, Value: sealed}})
	})
}
