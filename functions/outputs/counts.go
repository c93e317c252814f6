package outputs

import (
	"context"
	"errors"
	"fmt"

	"cloud.google.com/go/firestore"

	"github.com/strongroom-dev/strongroom/shared/api"
	"github.com/strongroom-dev/strongroom/shared/gcp"
	"github.com/strongroom-dev/strongroom/shared/grant"
	"github.com/strongroom-dev/strongroom/shared/records"
)

// countedLines is the number of newlines that a scan counted in a whole part.
type countedLines struct {
	part  int
	count grant.Counted
}

// noteCount notes the newlines of a part that was read through. saveCounts stores
// them. At most maxScannedParts are noted, so that one commit can store them.
func (v *view) noteCount(p part, lines int64) {
	if p.lines >= 0 || len(v.counts) >= maxScannedParts {
		return
	}
	for i := range v.index.parts {
		if v.index.parts[i].number == p.number {
			v.index.parts[i].lines = lines
		}
	}
	v.counts = append(v.counts, countedLines{p.number, grant.Counted{Generation: p.generation, Lines: lines}})
}

// saveCounts stores the counted newlines with the grants, and in the packed index if the
// parts are from it. The next request uses them as an index.
func (v *view) saveCounts(ctx context.Context) error {
	if len(v.counts) == 0 {
		return nil
	}
	if v.index.lines().differs {
		api.Logger(ctx).WarnContext(ctx, "runner declared other numbers of lines than its output has", "run", string(v.run.ID), "output", v.index.name)
	}
	var err error
	if v.index.under == nil && !v.packed {
		err = gcp.Write(ctx, v.session.DB, v.saveCountsInGrants)
	} else {
		err = gcp.Transact(ctx, v.session.DB, func(_ context.Context, tx *firestore.Transaction) error {
			updateIndex, err := v.saveCountsInIndex(tx)
			if err != nil {
				return err
			}
			return errors.Join(v.saveCountsInGrants(tx), updateIndex())
		})
	}
	if err != nil {
		return fmt.Errorf("store line counts: %w", err)
	}
	v.cacheCounts()
	return nil
}

func (v *view) saveCountsInGrants(tx *firestore.Transaction) error {
	for _, c := range v.counts {
		ref := records.GrantRef(v.session.DB, v.session.Tenant.ID, v.object(c.part))
		if err := tx.Update(ref, []firestore.Update{{Path: "counted", Value: c.count}}); err != nil {
			return err
		}
	}
	return nil
}

// object returns the object of a part of the output.
func (v *view) object(part int) grant.Object {
	return grant.Object{Workspace: v.session.Workspace, Run: v.run.ID, Output: v.index.name, Part: part}
}
