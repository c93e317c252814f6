package records

import (
	"context"
	"errors"
	"fmt"

	"cloud.google.com/go/firestore"
	"google.golang.org/api/iterator"

	"github.com/strongroom-dev/strongroom/shared/grant"
	"github.com/strongroom-dev/strongroom/shared/run"
	"github.com/strongroom-dev/strongroom/shared/tenant"
)

// GrantRef returns the reference of the grant of an object.
func GrantRef(db *firestore.Client, t tenant.ID, o grant.Object) *firestore.DocumentRef {
	return Workspace(db, t, o.Workspace).Collection(GrantsCollection).Doc(o.ID())
}

// GrantFilter selects some of a run's grants. The zero GrantFilter selects all.
type GrantFilter struct {
	Output string // only of this output
	After  string // only of outputs whose names sort after this one

	AfterPart int // only parts after this one; only with Output
	Limit     int // at most this many; 0: all
}

// GrantsOfRun calls each with the grants of a run, by output and part. If each
// returns an error, GrantsOfRun stops and returns it.
func GrantsOfRun(ctx context.Context, db *firestore.Client, t tenant.ID, w tenant.WorkspaceID, id run.ID, f GrantFilter, each func(grant.Grant) error) error {
	query := Workspace(db, t, w).Collection(GrantsCollection).Where("run", "==", string(id))
	if f.Output != "" {
		query = query.Where("output", "==", f.Output)
	}
	if f.AfterPart > 0 {
		query = query.Where("part", ">", f.AfterPart)
	}
	if f.After != "" {
		query = query.Where("output", ">", f.After)
	}
	query = query.OrderBy("output", firestore.Asc).OrderBy("part", firestore.Asc)
	if f.Limit > 0 {
		query = query.Limit(f.Limit)
	}
	docs := query.Documents(ctx)
	defer docs.Stop()
	for {
		doc, err := docs.Next()
		if errors.Is(err, iterator.Done) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("list grants: %w", err)
		}
		g, err := Decode[grant.Grant](doc)
		if err != nil {
			return err
		}
		if err := each(g); err != nil {
			return err
		}
	}
}
