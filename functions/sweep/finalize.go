package sweep

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"cloud.google.com/go/firestore"
	"cloud.google.com/go/firestore/apiv1/firestorepb"
	"golang.org/x/sync/errgroup"

	"github.com/strongroom-dev/strongroom/shared/auditlog"
	"github.com/strongroom-dev/strongroom/shared/grant"
	"github.com/strongroom-dev/strongroom/shared/records"
	"github.com/strongroom-dev/strongroom/shared/run"
	"github.com/strongroom-dev/strongroom/shared/tenant"
)

// openRuns finds the ended runs whose grants may not be final yet.
func openRuns(db *firestore.Client) firestore.Query {
	return db.CollectionGroup(records.RunsCollection).
		Where("state", "==", string(run.Ended)).Where("grantsFinal", "==", false).
		OrderBy("created", firestore.Asc)
}

// maxConcurrent bounds the runs of a page that are finalized at the same time, and the
// views that are ended.
const maxConcurrent = 32

// finalizeRuns finalizes one page of ended runs. If a run fails, it continues with
// the others.
func (h *Handler) finalizeRuns(ctx context.Context, db *firestore.Client, docs []*firestore.DocumentSnapshot, w *work) error {
	return eachDocument(docs, func(doc *firestore.DocumentSnapshot) error {
		final, missing, err := h.finalizeRun(ctx, db, doc)
		w.add(func(r *Result) {
			r.Missing += missing
			if final {
				r.Finalized++
			}
		})
		return err
	})
}

// eachDocument processes documents, several at the same time. An error does not stop the
// others.
func eachDocument(docs []*firestore.DocumentSnapshot, process func(*firestore.DocumentSnapshot) error) error {
	var group errgroup.Group // without a shared context, which an error would end
	group.SetLimit(maxConcurrent)
	errs := make([]error, len(docs))
	for i, doc := range docs {
		group.Go(func() error {
			if err := process(doc); err != nil {
				errs[i] = fmt.Errorf("%s: %w", doc.Ref.ID, err)
			}
			return nil
		})
	}
	_ = group.Wait() // every error is in errs
	return errors.Join(errs...)
}

// finalizeRun records the final states of a run's grants and marks the run, if none of its
// grants is pending. Before that, it marks the expired grants that the run claims as
// missing, page by page: a grant can expire before its run ends and claims the part.
func (h *Handler) finalizeRun(ctx context.Context, db *firestore.Client, doc *firestore.DocumentSnapshot) (final bool, missing int, err error) {
	r, err := records.DecodeRun(doc)
	if err != nil {
		return false, 0, err
	}
	runRef := doc.Ref
	grants := runRef.Parent.Parent.Collection(records.GrantsCollection).Where("run", "==", runRef.ID)
	final, err = h.markGrantsFinal(ctx, db, runRef, grants, &r)
	if !errors.Is(err, errMayBeMissing) {
		return final, 0, err
	}
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
	final, err = h.markGrantsFinal(ctx, db, runRef, grants, nil)
	return final, missing, err
}

// errMayBeMissing is the error of a run that may claim grants that are expired.
var errMayBeMissing = errors.New("expired grants may be missing")

// markGrantsFinal marks the run, unless one of its grants is still pending. In the
// same transaction, the audit log records how the run's mints ended. If claims is not nil, it
// is the run, and markGrantsFinal returns errMayBeMissing if the run may claim an expired grant.
func (h *Handler) markGrantsFinal(ctx context.Context, db *firestore.Client, runRef *firestore.DocumentRef, grants firestore.Query, claims *run.Run) (final bool, err error) {
	err = db.RunTransaction(ctx, func(ctx context.Context, tx *firestore.Transaction) error {
		final = false
		pending, err := tx.Documents(grants.Where("state", "==", string(grant.Pending)).Limit(1)).GetAll()
		if err == nil && len(pending) > 0 && claims != nil {
			return checkExpired(tx, grants, *claims)
		}
		if err != nil || len(pending) > 0 {
			return err
		}
		var counts map[string]int64
		var group errgroup.Group
		group.Go(func() (err error) {
			counts, err = countStates(ctx, tx, grants)
			return err
		})
		if claims != nil {
			group.Go(func() error { return checkExpired(tx, grants, *claims) })
		}
		if err := group.Wait(); err != nil {
			return err
		}
		final = true
		if err := h.recordFinal(ctx, tx, db, runRef, counts); err != nil {
			return err
		}
		return tx.Update(runRef, []firestore.Update{{Path: "grantsFinal", Value: true}})
	})
	return final && err == nil, err
}

// checkExpired returns errMayBeMissing if the run claims an expired grant, or has many.
func checkExpired(tx *firestore.Transaction, grants firestore.Query, r run.Run) error {
	docs, err := tx.Documents(grants.Where("state", "==", string(grant.Expired)).Select("output", "part").Limit(pageSize)).GetAll()
	if err != nil {
		return fmt.Errorf("find expired grants: %w", err)
	}
	for _, doc := range docs {
		g, err := records.Decode[grant.Grant](doc)
		if err != nil {
			return err
		}
		if g.Part <= r.End.Parts(g.Output) {
			return errMayBeMissing
		}
	}
	if len(docs) == pageSize {
		return errMayBeMissing
	}
	return nil
}

// countStates returns the number of grants in each final state. A count reads one
// document for each 1,000 that it counts: firebase.google.com/docs/firestore/pricing.
func countStates(ctx context.Context, tx *firestore.Transaction, grants firestore.Query) (map[string]int64, error) {
	states := []grant.State{grant.Stored, grant.Missing, grant.Expired, grant.Quarantined}
	counted := make([]int64, len(states))
	group, ctx := errgroup.WithContext(ctx)
	for i, state := range states {
		group.Go(func() error {
			query := grants.Where("state", "==", string(state))
			result, err := query.NewAggregationQuery().WithCount("grants").Transaction(tx).Get(ctx)
			if err != nil {
				return fmt.Errorf("count grants: %w", err)
			}
			counted[i] = result["grants"].(*firestorepb.Value).GetIntegerValue()
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	counts := map[string]int64{}
	for i, state := range states {
		counts[string(state)] = counted[i]
	}
	return counts, nil
}

// recordFinal writes the audit entry of a run's final uploads, unless it has none.
func (h *Handler) recordFinal(ctx context.Context, tx *firestore.Transaction, db *firestore.Client, runRef *firestore.DocumentRef, counts map[string]int64) error {
	if !slices.ContainsFunc(slices.Collect(maps.Values(counts)), func(n int64) bool { return n > 0 }) {
		return nil
	}
	workspace := runRef.Parent.Parent
	entry, err := h.audit.Prepare(ctx, db, auditlog.Entry{
		Tenant: tenant.ID(workspace.Parent.Parent.ID), Actor: auditlog.Actor{Subject: "sweep"}, Action: auditlog.FinalizeUploads,
		Outcome: auditlog.Done, Workspace: tenant.WorkspaceID(workspace.ID), Resource: "runs/" + runRef.ID, Counts: counts,
	})
	if err != nil {
		return err
	}
	return entry.Write(tx)
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
