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
const maxConcurrent = pageSize

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
	page := inState(grants, grant.Expired).OrderBy(firestore.DocumentID, firestore.Asc).Limit(pageSize)
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
		counts, err := countFinal(ctx, tx, grants, claims)
		if err != nil || counts == nil {
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

// countFinal returns the number of grants in each state, or nil if one is pending. If claims
// is not nil, it is the run, and countFinal returns errMayBeMissing if the run may claim an
// expired grant. Most runs have only stored grants, which two calls find out.
func countFinal(ctx context.Context, tx *firestore.Transaction, grants firestore.Query, claims *run.Run) (map[string]int64, error) {
	stored, err := count(ctx, tx, inState(grants, grant.Stored))
	if err != nil {
		return nil, err
	}
	all, err := count(ctx, tx, grants)
	if err != nil {
		return nil, err
	}
	var pending, missing, expired int64
	if all > stored {
		pending, missing, expired, err = countNotStored(ctx, tx, grants, claims)
	}
	if err != nil || pending > 0 {
		return nil, err
	}
	return map[string]int64{
		string(grant.Stored): stored, string(grant.Missing): missing, string(grant.Expired): expired,
		string(grant.Quarantined): all - stored - missing - expired,
	}, nil
}

// countNotStored counts grants, at the same time. A count reads one document for each 1,000
// that it counts: firebase.google.com/docs/firestore/pricing.
func countNotStored(ctx context.Context, tx *firestore.Transaction, grants firestore.Query, claims *run.Run) (pending, missing, expired int64, err error) {
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() (err error) {
		pending, err = count(ctx, tx, inState(grants, grant.Pending))
		return err
	})
	group.Go(func() (err error) {
		missing, err = count(ctx, tx, inState(grants, grant.Missing))
		return err
	})
	group.Go(func() (err error) {
		if claims == nil {
			expired, err = count(ctx, tx, inState(grants, grant.Expired))
			return err
		}
		expired, err = countUnclaimed(tx, grants, *claims)
		return err
	})
	err = group.Wait()
	return pending, missing, expired, err
}

// countUnclaimed counts the expired grants. It returns errMayBeMissing if the run claims one
// of them, or if they are many.
func countUnclaimed(tx *firestore.Transaction, grants firestore.Query, r run.Run) (int64, error) {
	docs, err := tx.Documents(inState(grants, grant.Expired).Select("output", "part").Limit(pageSize)).GetAll()
	if err != nil {
		return 0, fmt.Errorf("find expired grants: %w", err)
	}
	for _, doc := range docs {
		g, err := records.Decode[grant.Grant](doc)
		if err != nil {
			return 0, err
		}
		if g.Part <= r.End.Parts(g.Output) {
			return 0, errMayBeMissing
		}
	}
	if len(docs) == pageSize {
		return 0, errMayBeMissing
	}
	return int64(len(docs)), nil
}

func inState(grants firestore.Query, state grant.State) firestore.Query {
	return grants.Where("state", "==", string(state))
}

// count counts the documents that a query finds.
func count(ctx context.Context, tx *firestore.Transaction, query firestore.Query) (int64, error) {
	result, err := query.NewAggregationQuery().WithCount("grants").Transaction(tx).Get(ctx)
	if err != nil {
		return 0, fmt.Errorf("count grants: %w", err)
	}
	return result["grants"].(*firestorepb.Value).GetIntegerValue(), nil
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
