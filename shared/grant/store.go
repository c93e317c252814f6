package grant

import (
	"context"
	"errors"
	"fmt"

	"cloud.google.com/go/firestore"
	"google.golang.org/api/iterator"

	"github.com/strongroom-dev/strongroom/shared/run"
	"github.com/strongroom-dev/strongroom/shared/tenant"
)

// Collection is the name of the collection of grants, also as a group.
const Collection = "grants"

// Ref is where the grant of an object rests.
func Ref(db *firestore.Client, t tenant.ID, o Object) *firestore.DocumentRef {
	return run.Workspace(db, t, o.Workspace).Collection(Collection).Doc(o.ID())
}

// Decode reads a grant out of its document; of an absent one it gives the zero
// Grant.
func Decode(doc *firestore.DocumentSnapshot) (Grant, error) {
	if !doc.Exists() {
		return Grant{}, nil
	}
	var g Grant
	if err := doc.DataTo(&g); err != nil {
		return Grant{}, fmt.Errorf("read grant: %w", err)
	}
	return g, nil
}

// Filter narrows the grants of a run. The zero Filter is all of them.
type Filter struct {
	Output string // of this output only
	After  string // of outputs whose names sort after this one
}

// OfRun calls each with the grants of a run, by output and part. An error of
// each ends it and is returned.
func OfRun(ctx context.Context, db *firestore.Client, t tenant.ID, w tenant.WorkspaceID, id run.ID, f Filter, each func(Grant) error) error {
	query := run.Workspace(db, t, w).Collection(Collection).Where("run", "==", string(id))
	if f.Output != "" {
		query = query.Where("output", "==", f.Output)
	}
	if f.After != "" {
		query = query.Where("output", ">", f.After)
	}
	docs := query.OrderBy("output", firestore.Asc).OrderBy("part", firestore.Asc).Documents(ctx)
	defer docs.Stop()
	for {
		doc, err := docs.Next()
		if errors.Is(err, iterator.Done) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("list grants: %w", err)
		}
		g, err := Decode(doc)
		if err != nil {
			return err
		}
		if err := each(g); err != nil {
			return err
		}
	}
}
