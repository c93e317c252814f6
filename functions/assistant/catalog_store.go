package assistant

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"time"

	"cloud.google.com/go/firestore"
	"github.com/google/uuid"

	"github.com/strongroom-dev/strongroom/shared/api"
	"github.com/strongroom-dev/strongroom/shared/auditlog"
	"github.com/strongroom-dev/strongroom/shared/catalog"
	"github.com/strongroom-dev/strongroom/shared/gcp"
)

// catalogCollection is where the catalogue rests, in the platform's database.
const catalogCollection = "catalogue"

// catalogEntry is a task as it rests at catalogue/{id}.
type catalogEntry struct {
	catalog.Task
	Edition string `firestore:"edition"` // of its source, that had it last; may be empty
}

// register says which catalogue there is. It lies at platform/catalogue.
type register struct {
	Version string    `firestore:"version"` // another one after every change; empty: there is no catalogue
	Tasks   int       `firestore:"tasks"`
	Changed time.Time `firestore:"changed"`
}

func registerRef(db *firestore.Client) *firestore.DocumentRef {
	return db.Collection("platform").Doc("catalogue")
}

func readRegister(doc *firestore.DocumentSnapshot) (r register, err error) {
	if doc.Exists() {
		err = doc.DataTo(&r)
	}
	if err != nil {
		return register{}, fmt.Errorf("read catalogue: %w", err)
	}
	return r, nil
}

// put is what is put into the catalogue at once.
type put struct {
	tasks   []catalog.Task
	edition string // empty: the tasks keep theirs
	at      time.Time
}

// commit writes those tasks that are new or other than before, marks those of
// another edition, and puts it on record, in one commit.
func (p put) commit(ctx context.Context, db *firestore.Client, entry auditlog.Prepared) (written int, err error) {
	all := refs(registerRef(db))
	for _, t := range p.tasks {
		all = append(all, db.Collection(catalogCollection).Doc(t.ID()))
	}
	version := uuid.NewString()
	err = gcp.Transact(ctx, db, func(_ context.Context, tx *firestore.Transaction) error {
		docs, err := tx.GetAll(all)
		if err != nil {
			return fmt.Errorf("read catalogue: %w", err)
		}
		c, err := p.compare(docs)
		if err != nil {
			return err
		}
		written = len(c.changed)
		if written > 0 {
			c.register.Version, c.register.Changed = version, p.at
		}
		return c.write(tx, db, entry)
	})
	return written, err
}

// change is what a put does to the catalogue.
type change struct {
	register register // the next one
	changed  []catalogEntry
	marked   []catalogEntry // of another edition, else as before
}

// compare finds the tasks that are new or other than they rest; docs are the
// register and then each task's.
func (p put) compare(docs []*firestore.DocumentSnapshot) (c change, err error) {
	if c.register, err = readRegister(docs[0]); err != nil {
		return change{}, err
	}
	for n, t := range p.tasks {
		var was catalogEntry
		if before := docs[n+1]; !before.Exists() {
			c.register.Tasks++
			c.changed = append(c.changed, catalogEntry{t, p.edition})
			continue
		} else if err := before.DataTo(&was); err != nil {
			return change{}, fmt.Errorf("read catalogue: %w", err)
		}
		now := catalogEntry{t, was.Edition}
		if p.edition != "" {
			now.Edition = p.edition
		}
		switch {
		case !same(was.Task, t):
			c.changed = append(c.changed, now)
		case was.Edition != now.Edition:
			c.marked = append(c.marked, now)
		}
	}
	if c.register.Tasks > maxCatalogTasks {
		return change{}, api.Refuse(http.StatusConflict, fmt.Sprintf("the catalogue has room for %d tasks; put fewer", maxCatalogTasks))
	}
	return c, nil
}

// same compares two tasks of one id.
func same(a, b catalog.Task) bool {
	return a.Documentation == b.Documentation && slices.Equal(a.Tags, b.Tags) && a.Kind == b.Kind &&
		a.DisplayName == b.DisplayName && a.SuiteDocumentation == b.SuiteDocumentation && slices.Equal(a.Supports, b.Supports)
}

func (c change) write(tx *firestore.Transaction, db *firestore.Client, entry auditlog.Prepared) error {
	writes := slices.Concat(c.changed, c.marked)
	if len(writes) == 0 {
		return nil
	}
	for _, e := range writes {
		if err := tx.Set(db.Collection(catalogCollection).Doc(e.ID()), e); err != nil {
			return fmt.Errorf("write catalogue: %w", err)
		}
	}
	if len(c.changed) > 0 {
		if err := tx.Set(registerRef(db), c.register); err != nil {
			return fmt.Errorf("write catalogue: %w", err)
		}
	}
	return entry.Write(tx)
}
