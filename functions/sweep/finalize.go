package sweep

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"

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

// maxConcurrentRuns bounds the runs of a page that are finalized at the same time.
const maxConcurrentRuns = 8

// finalizeRuns finalizes one page of ended runs. If a run fails, it continues with
// the others.
func (h *Handler) finalizeRuns(ctx context.Context, db *firestore.Client, docs []*firestore.DocumentSnapshot, result *Result) error {
	var group errgroup.Group // without a shared context: one error must not stop the other runs
	group.SetLimit(maxConcurrentRuns)
	var mu sync.Mutex
	var errs []error
	for _, doc := range docs {
		group.Go(func() error {
			final, missing, err := h.finalizeRun(ctx, db, doc.Ref)
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

// finalizeRun marks the expired grants that the run claims as missing, page by page.
// Then, if none of the run's grants is pending, it records their final states and
// marks the run. A grant can expire before
// its run ends and claims the part, so expired grants must be checked again here.
func (h *Handler) finalizeRun(ctx context.Context, db *firestore.Client, runRef *firestore.DocumentRef) (final bool, missing int, err error) {
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
	final, err = h.markGrantsFinal(ctx, db, runRef, grants)
	return final, missing, err
}

// markGrantsFinal marks the run, unless one of its grants is still pending. In the
// same transaction, the audit log records how the run's mints ended.
func (h *Handler) markGrantsFinal(ctx context.Context, db *firestore.Client, runRef *firestore.DocumentRef, grants firestore.Query) (final bool, err error) {
	err = db.RunTransaction(ctx, func(ctx context.Context, tx *firestore.Transaction) error {
		final = false
		pending, err := tx.Documents(grants.Where("state", "==", string(grant.Pending)).Limit(1)).GetAll()
		if err != nil || len(pending) > 0 {
			return err
		}
		counts, err := countStates(ctx, tx, grants)
		if err != nil {
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

// countStates returns the number of grants in each final state. A count reads one
// document for each 1,000 that it counts: firebase.google.com/docs/firestore/pricing.
func countStates(ctx context.Context, tx *firestore.Transaction, grants firestore.Query) (map[string]int64, error) {
	counts := map[string]int64{}
	for _, state := range []grant.State{grant.Stored, grant.Missing, grant.Expired, grant.Quarantined} {
		query := grants.Where("state", "==", string(state))
		result, err := query.NewAggregationQuery().WithCount("grants").Transaction(tx).Get(ctx)
		if err != nil {
			return nil, fmt.Errorf("count grants: %w", err)
		}
		counts[string(state)] = result["grants"].(*firestorepb.Value).GetIntegerValue()
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
