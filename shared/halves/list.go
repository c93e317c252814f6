package halves

import (
	"context"
	"fmt"
	"slices"

	"cloud.google.com/go/firestore"

	"github.com/strongroom-dev/strongroom/shared/consent"
	"github.com/strongroom-dev/strongroom/shared/tenant"
)

// The most consents, and halves of one consent's history, that are read.
const (
	MaxListed  = 500
	MaxHistory = 100
)

// Scopes lists the scopes of a tenant for which a half was ever given, at most MaxListed,
// sorted.
func Scopes(ctx context.Context, db *firestore.Client, t tenant.ID) ([]consent.Scope, error) {
	docs, err := tenantRef(db, t).Collection("consents").Select().Limit(MaxListed).Documents(ctx).GetAll()
	if err != nil {
		return nil, fmt.Errorf("list consents: %w", err)
	}
	scopes := make([]consent.Scope, len(docs))
	for i, doc := range docs {
		scopes[i] = parseDocumentID(t, doc.Ref.ID)
	}
	return scopes, nil
}

// Read reads consents of a tenant, in the order of wants.
func (s *Store) Read(ctx context.Context, db *firestore.Client, wants []Want) ([]Consent, error) {
	keys, err := s.Verifier.Keys(ctx)
	if err != nil {
		return nil, err
	}
	get := func(refs []*firestore.DocumentRef) ([]*firestore.DocumentSnapshot, error) {
		return db.GetAll(ctx, refs)
	}
	all, _, err := Reading{DB: db, Keys: keys, Now: s.Now()}.Consents(get, wants)
	return all, err
}

// History lists every half of a consent that was given, the newest first, at most
// MaxHistory.
func (s *Store) History(ctx context.Context, db *firestore.Client, w Want) ([]Half, error) {
	keys, err := s.Verifier.Keys(ctx)
	if err != nil {
		return nil, err
	}
	docs, err := tenantRef(db, w.Scope.Tenant).Collection("consentHalves").Where("consent", "==", DocumentID(w.Scope)).
		OrderBy("given", firestore.Desc).Limit(MaxHistory).Documents(ctx).GetAll()
	if err != nil {
		return nil, fmt.Errorf("list the halves of a consent: %w", err)
	}
	r := Reading{DB: db, Keys: keys, Now: s.Now()}
	// Each half is read like a consent that has only this half.
	all := make([]Consent, len(docs))
	for i, doc := range docs {
		var stored given
		if err := doc.DataTo(&stored); err != nil {
			return nil, fmt.Errorf("read the half %s: %w", doc.Ref.ID, err)
		}
		all[i] = Consent{Scope: w.Scope, Text: w.Text}
		*all[i].Side(stored.Side) = r.verify(stored.Note, w, stored.Side)
	}
	err = r.applyEnds(func(refs []*firestore.DocumentRef) ([]*firestore.DocumentSnapshot, error) {
		return db.GetAll(ctx, refs)
	}, all)
	history := make([]Half, 0, len(all))
	for _, c := range all {
		for _, side := range consent.Sides {
			if h := c.Side(side); h.State != "" {
				history = append(history, *h)
			}
		}
	}
	return slices.Clip(history), err
}

// ReadText reads a text that was agreed to. It returns false if none exists with this
// version.
func ReadText(ctx context.Context, db *firestore.Client, t tenant.ID, version string) (consent.Text, bool, error) {
	docs, err := db.GetAll(ctx, []*firestore.DocumentRef{textRef(db, t, version)})
	if err != nil {
		return consent.Text{}, false, fmt.Errorf("read the text of a consent: %w", err)
	}
	if !docs[0].Exists() {
		return consent.Text{}, false, nil
	}
	var stored storedText
	if err := docs[0].DataTo(&stored); err != nil || consent.Version(stored.Body) != version {
		return consent.Text{}, false, fmt.Errorf("read the text of a consent: it is not the text %s", version)
	}
	return consent.Text{Version: version, Body: stored.Body}, true, nil
}
