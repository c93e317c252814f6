package sweep

import (
	"context"
	"errors"
	"fmt"
	"time"

	"cloud.google.com/go/firestore"

	"github.com/strongroom-dev/strongroom/shared/api"
	"github.com/strongroom-dev/strongroom/shared/grant"
	"github.com/strongroom-dev/strongroom/shared/records"
	"github.com/strongroom-dev/strongroom/shared/run"
)

// overdueGrants finds the pending grants that have expired.
func (h *Handler) overdueGrants(db *firestore.Client) firestore.Query {
	return db.CollectionGroup(records.GrantsCollection).
		Where("state", "==", string(grant.Pending)).Where("expires", "<", h.deps.Now()).
		OrderBy("expires", firestore.Asc)
}

// expireGrants sets the final states of one page of overdue grants.
func (h *Handler) expireGrants(ctx context.Context, db *firestore.Client, docs []*firestore.DocumentSnapshot, result *Result) error {
	var counts map[grant.State]int
	err := db.RunTransaction(ctx, func(_ context.Context, tx *firestore.Transaction) error {
		current, err := tx.GetAll(refs(docs))
		if err != nil {
			return fmt.Errorf("read grants: %w", err)
		}
		states, err := h.finalStates(ctx, tx, current)
		if err != nil {
			return err
		}
		counts, err = setStates(tx, current, states)
		return err
	})
	if err != nil {
		return err
	}
	result.Expired += counts[grant.Expired]
	result.Missing += counts[grant.Missing]
	return nil
}

// finalStates returns the final state of each grant, or "" for a grant that does not
// change.
func (h *Handler) finalStates(ctx context.Context, tx *firestore.Transaction, docs []*firestore.DocumentSnapshot) ([]grant.State, error) {
	claims := claimReader{tx: tx, runs: map[string]run.Run{}}
	states, now := make([]grant.State, len(docs)), h.deps.Now()
	for i, doc := range docs {
		g, err := records.Decode[grant.Grant](doc)
		if err != nil { // one unreadable document must not stop the others
			api.Logger(ctx).ErrorContext(ctx, "grant cannot be read", "document", doc.Ref.Path, "error", err.Error())
			continue
		}
		if states[i], err = finalState(doc.Ref, g, now, claims); err != nil {
			return nil, err
		}
	}
	return states, nil
}

// finalState returns the final state of an overdue grant, or "" if the grant was
// renewed or got its final state since the query.
func finalState(ref *firestore.DocumentRef, g grant.Grant, now time.Time, claims claimReader) (grant.State, error) {
	if g.State != grant.Pending || now.Before(g.Expires) {
		return "", nil
	}
	claimed, err := claims.isClaimed(ref, g)
	if claimed {
		return grant.Missing, err
	}
	return grant.Expired, err
}

// setStates writes each state that is not "", and returns how many grants got which
// state.
func setStates(tx *firestore.Transaction, docs []*firestore.DocumentSnapshot, states []grant.State) (map[grant.State]int, error) {
	counts := map[grant.State]int{}
	for i, doc := range docs {
		if states[i] == "" {
			continue
		}
		counts[states[i]]++
		if err := tx.Update(doc.Ref, []firestore.Update{{Path: "state", Value: states[i]}}); err != nil {
			return nil, err
		}
	}
	return counts, nil
}

// claimReader reads the claims of runs. It reads each run of a page only once.
type claimReader struct {
	tx   *firestore.Transaction
	runs map[string]run.Run // by document path; the zero Run if there is none
}

// isClaimed reports whether the run of the grant at grantRef claims its part.
func (c claimReader) isClaimed(grantRef *firestore.DocumentRef, g grant.Grant) (bool, error) {
	runRef := grantRef.Parent.Parent.Collection(records.RunsCollection).Doc(string(g.Run))
	r, ok := c.runs[runRef.Path]
	if !ok {
		var err error
		if r, err = records.ReadRun(c.tx, runRef); err != nil && !errors.Is(err, records.ErrRunNotFound) {
			return false, err
		}
		c.runs[runRef.Path] = r
	}
	return g.Part <= r.End.Parts(g.Output), nil
}

func refs(docs []*firestore.DocumentSnapshot) []*firestore.DocumentRef {
	all := make([]*firestore.DocumentRef, len(docs))
	for i, doc := range docs {
		all[i] = doc.Ref
	}
	return all
}
