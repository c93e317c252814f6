package sweep

import (
	"context"

	"cloud.google.com/go/firestore"

	"github.com/strongroom-dev/strongroom/shared/grant"
	"github.com/strongroom-dev/strongroom/shared/run"
)

// settle looks at one page of ended runs: what had expired before its run
// claimed it is missing. It gives the number of runs that it settled.
func (h *Handler) settle(ctx context.Context, db *firestore.Client, result *Result) (int, error) {
	docs, err := db.CollectionGroup("runs").
		Where("state", "==", string(run.Ended)).Where("settled", "==", false).
		OrderBy("created", firestore.Asc).Limit(pageSize).Documents(ctx).GetAll()
	if err != nil {
		return 0, err
	}
	var settled int
	for _, doc := range docs {
		done, missing, err := settleRun(ctx, db, doc.Ref)
		if err != nil {
			return settled, err
		}
		result.Missing += missing
		if done {
			settled++
		}
	}
	result.Settled += settled
	return settled, nil
}

// settleRun moves the expired grants of a run's claims to missing, page by
// page. It is done when no grant is pending any more.
func settleRun(ctx context.Context, db *firestore.Client, ref *firestore.DocumentRef) (done bool, missing int, err error) {
	grants := ref.Parent.Parent.Collection(grant.Collection).Where("run", "==", ref.ID)
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
	err = db.RunTransaction(ctx, func(_ context.Context, tx *firestore.Transaction) error {
		pending, err := tx.Documents(grants.Where("state", "==", string(grant.Pending)).Limit(1)).GetAll()
		done = len(pending) == 0
		if err != nil || !done {
			return err
		}
		return tx.Update(ref, []firestore.Update{{Path: "settled", Value: true}})
	})
	return done, missing, err
}

// miss marks those of the expired grants that the run claims.
func miss(ctx context.Context, db *firestore.Client, ref *firestore.DocumentRef, expired []*firestore.DocumentSnapshot) (missing int, err error) {
	if len(expired) == 0 {
		return 0, nil
	}
	err = db.RunTransaction(ctx, func(_ context.Context, tx *firestore.Transaction) error {
		missing = 0
		r, err := run.Read(tx, ref)
		if err != nil {
			return err
		}
		fresh, err := tx.GetAll(refs(expired))
		if err != nil {
			return err
		}
		for _, doc := range fresh {
			g, err := grant.Decode(doc)
			if err != nil {
				return err
			}
			if g.State != grant.Expired || g.Part > r.End.Parts(g.Output) {
				continue
			}
			missing++
			if err := tx.Update(doc.Ref, []firestore.Update{{Path: "state", Value: grant.Missing}}); err != nil {
				return err
			}
		}
		return nil
	})
	return missing, err
}
