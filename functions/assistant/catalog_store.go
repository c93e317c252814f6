package assistant

import (
	"fmt"
	"net/http"
	"slices"

	"cloud.google.com/go/firestore"

	"github.com/strongroom-dev/strongroom/shared/api"
	"github.com/strongroom-dev/strongroom/shared/auditlog"
	"github.com/strongroom-dev/strongroom/shared/catalog"
)

// catalogCollection is where the catalogue rests, in the platform's database.
const catalogCollection = "catalogue"

// change is what a put does to the catalogue.
type change struct {
	edition edition // the next one, but for its version and time
	changed []catalog.Task
}

// compare finds the tasks that are new or other than they rest; docs are the
// edition and then each task's.
func compare(docs []*firestore.DocumentSnapshot, tasks []catalog.Task) (change, error) {
	var c change
	if docs[0].Exists() {
		if err := docs[0].DataTo(&c.edition); err != nil {
			return change{}, fmt.Errorf("read catalogue: %w", err)
		}
	}
	for n, t := range tasks {
		before := docs[n+1]
		if !before.Exists() {
			c.edition.Tasks++
			c.changed = append(c.changed, t)
			continue
		}
		var was catalog.Task
		if err := before.DataTo(&was); err != nil {
			return change{}, fmt.Errorf("read catalogue: %w", err)
		}
		if was.Documentation != t.Documentation || !slices.Equal(was.Tags, t.Tags) {
			c.changed = append(c.changed, t)
		}
	}
	if c.edition.Tasks > maxCatalogTasks {
		return change{}, api.Refuse(http.StatusConflict, fmt.Sprintf("the catalogue has room for %d tasks; put fewer", maxCatalogTasks))
	}
	return c, nil
}

func (c change) write(tx *firestore.Transaction, db *firestore.Client, entry auditlog.Prepared) error {
	for _, t := range c.changed {
		if err := tx.Set(db.Collection(catalogCollection).Doc(t.ID()), t); err != nil {
			return fmt.Errorf("write catalogue: %w", err)
		}
	}
	if err := tx.Set(editionRef(db), c.edition); err != nil {
		return fmt.Errorf("write catalogue: %w", err)
	}
	return entry.Write(tx)
}
