package sweep

import (
	"context"
	"errors"
	"fmt"

	"cloud.google.com/go/firestore"

	"github.com/strongroom-dev/strongroom/shared/grant"
	"github.com/strongroom-dev/strongroom/shared/run"
)

// expire decides one page of pending grants whose time has passed. It gives
// the number of grants that it looked at.
func (h *Handler) expire(ctx context.Context, db *firestore.Client, result *Result) (int, error) {
	docs, err := db.CollectionGroup(grant.Collection).
		Where("state", "==", string(grant.Pending)).Where("expires", "<", h.deps.Now()).
		OrderBy("expires", firestore.Asc).Limit(pageSize).Documents(ctx).GetAll()
	if err != nil || len(docs) == 0 {
		return 0, err
	}
	var expired, missing int
	err = db.RunTransaction(ctx, func(_ context.Context, tx *firestore.Transaction) error {
		expired, missing = 0, 0
		fresh, err := tx.GetAll(refs(docs))
		if err != nil {
			return fmt.Errorf("read grants: %w", err)
		}
		claims := claims{tx: tx, known: map[string]run.Run{}}
		states := make([]grant.State, len(fresh))
		for i, doc := range fresh {
			if states[i], err = h.decide(doc, claims); err != nil {
				return err
			}
		}
		for i, doc := range fresh {
			switch states[i] {
			case "":
				continue
			case grant.Missing:
				missing++
			}
			expired++
			if err := tx.Update(doc.Ref, []firestore.Update{{Path: "state", Value: states[i]}}); err != nil {
				return err
			}
		}
		return nil
	})
	result.Expired += expired
	result.Missing += missing
	return len(docs), err
}

// decide is what an overdue grant becomes; nothing if it was decided, or
// renewed, since it was found.
func (h *Handler) decide(doc *firestore.DocumentSnapshot, claims claims) (grant.State, error) {
	g, err := grant.Decode(doc)
	if err != nil || g.State != grant.Pending || h.deps.Now().Before(g.Expires) {
		return "", err
	}
	claimed, err := claims.has(doc.Ref, g)
	if claimed {
		return grant.Missing, err
	}
	return grant.Expired, err
}

// claims reads each run of a page once.
type claims struct {
	tx    *firestore.Transaction
	known map[string]run.Run
}

// has reports whether the grant's run claims its part.
func (c claims) has(ref *firestore.DocumentRef, g grant.Grant) (bool, error) {
	at := ref.Parent.Parent.Collection("runs").Doc(string(g.Run))
	r, ok := c.known[at.Path]
	if !ok {
		var err error
		if r, err = run.Read(c.tx, at); err != nil && !errors.Is(err, run.ErrNotFound) {
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
