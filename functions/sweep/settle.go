package sweep

import (
	"context"
	"errors"
	"fmt"

	"cloud.google.com/go/firestore"

	"github.com/strongroom-dev/strongroom/shared/grant"
	"github.com/strongroom-dev/strongroom/shared/records"
	"github.com/strongroom-dev/strongroom/shared/run"
)

// unsettled finds the ended runs that may have grants to decide.
func unsettled(db *firestore.Client) firestore.Query {
	return db.CollectionGroup(records.RunsCollection).
		Where("state", "==", string(run.Ended)).Where("grantsFinal", "==", false).
		OrderBy("created", firestore.Asc)
}

// settle looks at one page of ended runs: what had expired before its run
// claimed it is missing. A run that fails does not keep the others waiting.
func settle(ctx context.Context, db *firestore.Client, docs []*firestore.DocumentSnapshot, result *Result) error {
	var faults []error
	for _, doc := range docs {
		done, missing, err := settleRun(ctx, db, doc.Ref)
		if err != nil {
			faults = append(faults, fmt.Errorf("run %s: %w", doc.Ref.ID, err))
		}
		result.Missing += missing
		if done {
			result.Settled++
		}
	}
	return errors.Join(faults...)
}

// settleRun moves the expired grants of a run's claims to missing, page by
// page. It is done when no grant is pending any more.
func settleRun(ctx context.Context, db *firestore.Client, ref *firestore.DocumentRef) (done bool, missing int, err error) {
	grants := ref.Parent.Parent.Collection(records.GrantsCollection).Where("run", "==", ref.ID)
	page := grants.Where("state", "==", string(grant.Expired)).OrderBy(firestore.DocumentID, firestore.Asc).Limit(pageSize)
	for {
		docs, err := page.Documents(ctx).GetAll()
		if err != nil {
			return false, missing, err
		}
		n, err := miss(ctx, db, ref, docs)
		missing += n
		if err != nil {
			return false, missing, err
		}
		if len(docs) < pageSize {
			break
		}
		page = page.StartAfter(docs[len(docs)-1])
	}
	done, err = finish(ctx, db, ref, grants)
	return done, missing, err
}

// finish takes a run off the list, unless one of its grants is still pending.
func finish(ctx context.Context, db *firestore.Client, ref *firestore.DocumentRef, grants firestore.Query) (done bool, err error) {
	err = db.RunTransaction(ctx, func(_ context.Context, tx *firestore.Transaction) error {
		done = false
		pending, err := tx.Documents(grants.Where("state", "==", string(grant.Pending)).Limit(1)).GetAll()
		if err != nil || len(pending) > 0 {
			return err
		}
		done = true
		return tx.Update(ref, []firestore.Update{{Path: "grantsFinal", Value: true}})
	})
	return done && err == nil, err
}

// miss marks those of the expired grants that the run claims.
func miss(ctx context.Context, db *firestore.Client, ref *firestore.DocumentRef, expired []*firestore.DocumentSnapshot) (missing int, err error) {
	if len(expired) == 0 {
		return 0, nil
	}
	err = db.RunTransaction(ctx, func(_ context.Context, tx *firestore.Transaction) error {
		r, err := records.ReadRun(tx, ref)
		if err != nil {
			return err
		}
		fresh, err := tx.GetAll(refs(expired))
		if err != nil {
			return fmt.Errorf("read grants: %w", err)
		}
		states := make([]grant.State, len(fresh))
		for i, doc := range fresh {
			g, err := records.Decode[grant.Grant](doc)
			if err != nil {
				return err
			}
			if g.State == grant.Expired && g.Part <= r.End.Parts(g.Output) {
				states[i] = grant.Missing
			}
		}
		counts, err := move(tx, fresh, states)
		missing = counts[grant.Missing]
		return err
	})
	if err != nil {
		return 0, err
	}
	return missing, nil
}
