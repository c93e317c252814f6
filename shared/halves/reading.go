package halves

import (
	"fmt"
	"time"

	"cloud.google.com/go/firestore"

	"github.com/strongroom-dev/strongroom/shared/consent"
	"github.com/strongroom-dev/strongroom/shared/noteverify"
)

// Half is a half with its state now. Half is zero if the side never gave one.
type Half struct {
	consent.Half
	State consent.State
	End   *End // nil: it has not ended before its end date
}

// Consent is a consent with the state of its halves at the time of a reading.
type Consent struct {
	Scope    consent.Scope
	Text     consent.Text // what is agreed to now
	Tenant   Half
	Platform Half
}

// Side returns the half of one side.
func (c *Consent) Side(s consent.Side) *Half {
	if s == consent.TenantSide {
		return &c.Tenant
	}
	return &c.Platform
}

// SamePerson reports whether one person gave both halves.
func (c *Consent) SamePerson() bool {
	return c.Tenant.ID != "" && c.Platform.ID != "" && c.Tenant.By == c.Platform.By
}

// InEffect reports whether both halves are active, and of two persons.
func (c *Consent) InEffect() bool {
	return c.Tenant.State == consent.Active && c.Platform.State == consent.Active && !c.SamePerson()
}

// Missing lists the halves that are not active.
func (c *Consent) Missing() []consent.MissingHalf {
	var missing []consent.MissingHalf
	for _, side := range consent.Sides {
		if h := c.Side(side); h.State != consent.Active {
			missing = append(missing, consent.MissingHalf{Destination: c.Scope.Destination, Side: side, State: h.State})
		}
	}
	return missing
}

// Want is a consent to read, with the text that must have been agreed to.
type Want struct {
	Scope consent.Scope
	Text  consent.Text
}

// GetAll reads documents, in a transaction or outside.
type GetAll func([]*firestore.DocumentRef) ([]*firestore.DocumentSnapshot, error)

// Reading reads consents as of a time. All are of one tenant.
type Reading struct {
	DB   *firestore.Client
	Keys []noteverify.Key // of Verifier.Keys
	Now  time.Time
}

// Consents reads consents, in the order of wants. It makes two calls of get. The first
// one also reads more, which it returns.
func (r Reading) Consents(get GetAll, wants []Want, more ...*firestore.DocumentRef) ([]Consent, []*firestore.DocumentSnapshot, error) {
	refs := make([]*firestore.DocumentRef, 0, len(wants)+len(more))
	for _, w := range wants {
		refs = append(refs, consentRef(r.DB, w.Scope))
	}
	docs, err := get(append(refs, more...))
	if err != nil {
		return nil, nil, fmt.Errorf("read consents: %w", err)
	}
	all := make([]Consent, len(wants))
	for i, w := range wants {
		if all[i], err = r.decode(docs[i], w); err != nil {
			return nil, nil, err
		}
	}
	return all, docs[len(wants):], r.applyEnds(get, all)
}

func (r Reading) decode(doc *firestore.DocumentSnapshot, w Want) (Consent, error) {
	c := Consent{Scope: w.Scope, Text: w.Text, Tenant: Half{State: consent.None}, Platform: Half{State: consent.None}}
	if !doc.Exists() {
		return c, nil
	}
	var stored newest
	if err := doc.DataTo(&stored); err != nil {
		return c, fmt.Errorf("read consent %s: %w", doc.Ref.ID, err)
	}
	for _, side := range consent.Sides {
		*c.Side(side) = r.verify(stored.note(side), w, side)
	}
	return c, nil
}

// verify returns the half of a note that is for this place, or an invalid one.
func (r Reading) verify(note []byte, w Want, side consent.Side) Half {
	if len(note) == 0 {
		return Half{State: consent.None}
	}
	half, ok := open(note, r.Keys)
	if !ok || half.Scope != w.Scope || half.Side != side || half.ID == "" || half.Expires.Sub(half.Given) > consent.MaxDuration {
		return Half{State: consent.Invalid}
	}
	return Half{Half: half, State: half.State(r.Now, w.Text.Version)}
}

// applyEnds finds out which halves were withdrawn.
func (r Reading) applyEnds(get GetAll, all []Consent) error {
	var refs []*firestore.DocumentRef
	var found []*Half
	for i := range all {
		for _, side := range consent.Sides {
			if h := all[i].Side(side); h.ID != "" {
				refs, found = append(refs, endRef(r.DB, all[i].Scope.Tenant, h.ID)), append(found, h)
			}
		}
	}
	if len(refs) == 0 {
		return nil
	}
	docs, err := get(refs)
	if err != nil {
		return fmt.Errorf("read the ends of consents: %w", err)
	}
	for i, doc := range docs {
		if !doc.Exists() {
			continue
		}
		end := End{}
		_ = doc.DataTo(&end) // that it exists is enough: see the package's documentation
		found[i].State, found[i].End = consent.Withdrawn, &end
	}
	return nil
}
