package sweep

import (
	"context"
	"errors"
	"fmt"

	"cloud.google.com/go/firestore"

	"github.com/strongroom-dev/strongroom/shared/api"
	"github.com/strongroom-dev/strongroom/shared/grant"
	"github.com/strongroom-dev/strongroom/shared/records"
	"github.com/strongroom-dev/strongroom/shared/run"
)

// overdue finds the pending grants whose time has passed.
func (h *Handler) overdue(db *firestore.Client) firestore.Query {
	return db.CollectionGroup(records.GrantsCollection).
		Where("state", "==", string(grant.Pending)).Where("expires", "<", h.deps.Now()).
		OrderBy("expires", firestore.Asc)
}

// expire decides one page of overdue grants.
func (h *Handler) expire(ctx context.Context, db *firestore.Client, docs []*firestore.DocumentSnapshot, result *Result) error {
	var counts map[grant.State]int
	err := db.RunTransaction(ctx, func(_ context.Context, tx *firestore.Transaction) error {
		fresh, err := tx.GetAll(refs(docs))
		if err != nil {
			return fmt.Errorf("read grants: %w", err)
		}
		states, err := h.decideAll(ctx, tx, fresh)
		if err != nil {
			return err
		}
		counts, err = move(tx, fresh, states)
		return err
	})
	if err != nil {
		return err
	}
	result.Expired += counts[grant.Expired]
	result.Missing += counts[grant.Missing]
	return nil
}

// decideAll says what each grant becomes; nothing where it stays.
func (h *Handler) decideAll(ctx context.Context, tx *firestore.Transaction, docs []*firestore.DocumentSnapshot) ([]grant.State, error) {
	claims := claims{tx: tx, known: map[string]run.Run{}}
	states := make([]grant.State, len(docs))
	for i, doc := range docs {
		g, err := records.Decode[grant.Grant](doc)
		if err != nil { // one broken document must not stop all the others
			api.Logger(ctx).ErrorContext(ctx, "a grant cannot be read", "document", doc.Ref.Path, "error", err.Error())
			continue
		}
		if states[i], err = h.decide(doc.Ref, g, claims); err != nil {
			return nil, err
		}
	}
	return states, nil
}

// decide is what an overdue grant becomes; nothing if it was decided, or
// renewed, since it was found.
func (h *Handler) decide(ref *firestore.DocumentRef, g grant.Grant, claims claims) (grant.State, error) {
	if g.State != grant.Pending || h.deps.Now().Before(g.Expires) {
		return "", nil
	}
	claimed, err := claims.has(ref, g)
	if claimed {
		return grant.Missing, err
	}
	return grant.Expired, err
}

// move writes the states that there are, and counts them.
func move(tx *firestore.Transaction, docs []*firestore.DocumentSnapshot, states []grant.State) (map[grant.State]int, error) {
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

// claims reads each run of a page once.
type claims struct {
	tx    *firestore.Transaction
	known map[string]run.Run
}

// has reports whether the grant's run claims its part.
func (c claims) has(ref *firestore.DocumentRef, g grant.Grant) (bool, error) {
	at := ref.Parent.Parent.Collection(records.RunsCollection).Doc(string(g.Run))
	r, ok := c.known[at.Path]
	if !ok {
		var err error
		if r, err = records.ReadRun(c.tx, at); err != nil && !errors.Is(err, records.ErrRunNotFound) {
			return false, err
		}
		c.known[at.Path] = r
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
