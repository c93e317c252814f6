package sweep

import (
	"context"
	"fmt"
	"time"

	"cloud.google.com/go/firestore"

	"github.com/strongroom-dev/strongroom/shared/api"
	"github.com/strongroom-dev/strongroom/shared/grant"
	"github.com/strongroom-dev/strongroom/shared/records"
)

// overdueGrants finds the pending grants that have expired.
func (h *Handler) overdueGrants(db *firestore.Client) firestore.Query {
	return db.CollectionGroup(records.GrantsCollection).
		Where("state", "==", string(grant.Pending)).Where("expires", "<", h.deps.Now()).
		OrderBy("expires", firestore.Asc)
}

// expireGrants sets the final states of one page of overdue grants, and returns how many
// grants got which state.
func (h *Handler) expireGrants(ctx context.Context, db *firestore.Client, docs []*firestore.DocumentSnapshot) (counts map[grant.State]int, err error) {
	err = db.RunTransaction(ctx, func(_ context.Context, tx *firestore.Transaction) error {
		current, runs, err := readGrants(tx, docs)
		if err != nil {
			return err
		}
		counts, err = setStates(tx, current, h.finalStates(ctx, current, runs))
		return err
	})
	if err != nil {
		return nil, err
	}
	return counts, nil
}

// readGrants reads grants as they are now, and their runs by their paths, in one call.
func readGrants(tx *firestore.Transaction, docs []*firestore.DocumentSnapshot) (grants []*firestore.DocumentSnapshot, runs map[string]*firestore.DocumentSnapshot, err error) {
	all, asked := refs(docs), map[string]bool{}
	for _, doc := range docs {
		id, _ := doc.DataAt("run") // a grant that cannot be read has none, and is logged
		if text, ok := id.(string); ok && text != "" && !asked[runOf(doc.Ref, text).Path] {
			asked[runOf(doc.Ref, text).Path] = true
			all = append(all, runOf(doc.Ref, text))
		}
	}
	found, err := tx.GetAll(all)
	if err != nil {
		return nil, nil, fmt.Errorf("read grants and their runs: %w", err)
	}
	runs = map[string]*firestore.DocumentSnapshot{}
	for _, doc := range found[len(docs):] {
		runs[doc.Ref.Path] = doc
	}
	return found[:len(docs)], runs, nil
}

func runOf(grantRef *firestore.DocumentRef, id string) *firestore.DocumentRef {
	return grantRef.Parent.Parent.Collection(records.RunsCollection).Doc(id)
}

// finalStates returns the final state of each grant, or "" for a grant that does not
// change. One unreadable document does not stop the others.
func (h *Handler) finalStates(ctx context.Context, grants []*firestore.DocumentSnapshot, runs map[string]*firestore.DocumentSnapshot) []grant.State {
	states, now := make([]grant.State, len(grants)), h.deps.Now()
	for i, doc := range grants {
		g, err := records.Decode[grant.Grant](doc)
		if err == nil {
			states[i], err = finalState(g, now, runs[runOf(doc.Ref, string(g.Run)).Path])
		}
		if err != nil {
			api.Logger(ctx).ErrorContext(ctx, "grant cannot be read", "document", doc.Ref.Path, "error", err.Error())
		}
	}
	return states
}

// finalState returns the final state of an overdue grant of a run, or "" if the grant was
// renewed or got its final state since the query.
func finalState(g grant.Grant, now time.Time, runDoc *firestore.DocumentSnapshot) (grant.State, error) {
	if g.State != grant.Pending || now.Before(g.Expires) {
		return "", nil
	}
	if runDoc == nil {
		return "", nil // its run is not known: the next sweep decides
	}
	if !runDoc.Exists() {
		return grant.Expired, nil
	}
	r, err := records.DecodeRun(runDoc)
	if err != nil {
		return "", err
	}
	if g.Part <= r.End.Parts(g.Output) {
		return grant.Missing, nil
	}
	return grant.Expired, nil
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

func refs(docs []*firestore.DocumentSnapshot) []*firestore.DocumentRef {
	all := make([]*firestore.DocumentRef, len(docs))
	for i, doc := range docs {
		all[i] = doc.Ref
	}
	return all
}
