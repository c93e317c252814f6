package sweep

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"cloud.google.com/go/firestore"
	"golang.org/x/sync/errgroup"

	"github.com/strongroom-dev/strongroom/shared/grant"
	"github.com/strongroom-dev/strongroom/shared/records"
	"github.com/strongroom-dev/strongroom/shared/run"
)

// openRuns finds the ended runs whose grants may not be final yet.
func openRuns(db *firestore.Client) firestore.Query {
	return db.CollectionGroup(records.RunsCollection).
		Where("state", "==", string(run.Ended)).Where("grantsFinal", "==", false).
		OrderBy("created", firestore.Asc)
}

// maxConcurrentRuns bounds the runs of a page that are finalized at the same time.
const maxConcurrentRuns = 8

// finalizeRuns finalizes one page of ended runs. If a run fails, it continues with
// the others.
func finalizeRuns(ctx context.Context, db *firestore.Client, docs []*firestore.DocumentSnapshot, result *Result) error {
	var group errgroup.Group // without a shared context: one error must not stop the other runs
	group.SetLimit(maxConcurrentRuns)
	var mu sync.Mutex
	var errs []error
	for _, doc := range docs {
		group.Go(func() error {
			final, missing, err := finalizeRun(ctx, db, doc.Ref)
			mu.Lock()
			defer mu.Unlock()
			if err != nil {
				errs = append(errs, fmt.Errorf("run %s: %w", doc.Ref.ID, err))
			}
			result.Missing += missing
			if final {
				result.Finalized++
			}
			return nil
		})
	}
	_ = group.Wait() // every error is in errs
	return errors.Join(errs...)
}

// finalizeRun marks the expired grants that the run claims as missing, page by page,
// and then marks the run if none of its grants is pending. A grant can expire before
// its run ends and claims the part, so expired grants must be checked again here.
func finalizeRun(ctx context.Context, db *firestore.Client, runRef *firestore.DocumentRef) (final bool, missing int, err error) {
	grants := runRef.Parent.Parent.Collection(records.GrantsCollection).Where("run", "==", runRef.ID)
	page := grants.Where("state", "==", string(grant.Expired)).OrderBy(firestore.DocumentID, firestore.Asc).Limit(pageSize)
	for {
		docs, err := page.Documents(ctx).GetAll()
		if err != nil {
			return false, missing, err
		}
		n, err := markMissing(ctx, db, runRef, docs)
		missing += n
		if err != nil {
			return false, missing, err
		}
		if len(docs) < pageSize {
			break
		}
		page = page.StartAfter(docs[len(docs)-1])
	}
	final, err = markGrantsFinal(ctx, db, runRef, grants)
	return final, missing, err
}

// markGrantsFinal marks the run, unless one of its grants is still pending.
func markGrantsFinal(ctx context.Context, db *firestore.Client, runRef *firestore.DocumentRef, grants firestore.Query) (final bool, err error) {
	err = db.RunTransaction(ctx, func(_ context.Context, tx *firestore.Transaction) error {
		final = false
		pending, err := tx.Documents(grants.Where("state", "==", string(grant.Pending)).Limit(1)).GetAll()
		if err != nil || len(pending) > 0 {
			return err
		}
		final = true
		return tx.Update(runRef, []firestore.Update{{Path: "grantsFinal", Value: true}})
	})
	return final && err == nil, err
}

// markMissing marks the expired grants that the run claims as missing.
func markMissing(ctx context.Context, db *firestore.Client, runRef *firestore.DocumentRef, expired []*firestore.DocumentSnapshot) (missing int, err error) {
	if len(expired) == 0 {
		return 0, nil
	}
	err = db.RunTransaction(ctx, func(_ context.Context, tx *firestore.Transaction) error {
		r, err := records.ReadRun(tx, runRef)
		if err != nil {
			return err
		}
		docs, err := tx.GetAll(refs(expired))
		if err != nil {
			return fmt.Errorf("read grants: %w", err)
		}
		states := make([]grant.State, len(docs))
		for i, doc := range docs {
			g, err := records.Decode[grant.Grant](doc)
			if err != nil {
				return err
			}
			if g.State == grant.Expired && g.Part <= r.End.Parts(g.Output) {
				states[i] = grant.Missing
			}
		}
		counts, err := setStates(tx, docs, states)
		missing = counts[grant.Missing]
		return err
	})
	if err != nil {
		return 0, err
	}
	return missing, nil
}
