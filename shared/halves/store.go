package halves

import (
	"context"
	"errors"
	"fmt"
	"time"

	"cloud.google.com/go/firestore"
	"github.com/google/uuid"

	"github.com/strongroom-dev/strongroom/shared/auditlog"
	"github.com/strongroom-dev/strongroom/shared/consent"
	"github.com/strongroom-dev/strongroom/shared/noteverify"
)

// ErrSamePerson is the error of a half whose giver also gave the other one.
var ErrSamePerson = errors.New("the same person gave the other half")

// Store stores and withdraws halves. Only the function consents can use it: the consent
// key signs for no other account. It is safe for concurrent use.
type Store struct {
	Verifier *Verifier
	Audit    *auditlog.Log
	Now      func() time.Time
}

// Gift is a half that a person agrees to.
type Gift struct {
	Want
	Side    consent.Side
	By      consent.Person
	Expires time.Time
}

// Give signs and stores a half in place of the one before, and returns the consent. The
// entry is written in the same commit. If the same half is active already, Give changes
// and records nothing. It returns ErrSamePerson if the person gave the other half, and
// that half is not withdrawn and not past its end date.
func (s *Store) Give(ctx context.Context, db *firestore.Client, g Gift, entry auditlog.Entry) (Consent, error) {
	keys, half, note, err := s.sign(ctx, g)
	if err != nil {
		return Consent{}, err
	}
	entry.Objects = []string{"half/" + half.ID, "text/" + half.Text, "expires/" + half.Expires.Format(time.RFC3339)}
	prepared, err := s.Audit.Prepare(ctx, db, entry)
	if err != nil {
		return Consent{}, err
	}
	var result Consent
	err = prepared.Commit(ctx, db, func(tx *firestore.Transaction) (acts bool, err error) {
		if result, err = s.read(db, keys, tx.GetAll, g.Want); err != nil {
			return false, err
		}
		if repeated(result, g, half) {
			return result.Side(g.Side).ID == half.ID, nil // its own commit, whose reply was lost, is written again
		}
		if other := result.other(g.Side); other.By == g.By && other.ID != "" && other.End == nil && s.Now().Before(other.Expires) {
			return false, ErrSamePerson
		}
		if err := write(tx, db, result, g, half, note); err != nil {
			return false, err
		}
		*result.Side(g.Side) = Half{Half: half, State: half.State(s.Now(), g.Text.Version)}
		return true, nil
	})
	return result, err
}

// sign returns a new half of g with its signed note, and the keys that verify notes.
func (s *Store) sign(ctx context.Context, g Gift) ([]noteverify.Key, consent.Half, []byte, error) {
	keys, err := s.Verifier.Keys(ctx)
	if err != nil {
		return nil, consent.Half{}, nil, err
	}
	id, err := uuid.NewV7()
	if err != nil {
		return nil, consent.Half{}, nil, fmt.Errorf("create ID of half: %w", err)
	}
	half := consent.Half{
		ID: id.String(), Scope: g.Scope, Side: g.Side, By: g.By,
		Given: s.Now().UTC().Truncate(time.Microsecond), Expires: g.Expires.UTC().Truncate(time.Second), Text: g.Text.Version,
	}
	note, err := s.Verifier.sign(ctx, half)
	return keys, half, note, err
}

// repeated reports whether the consent already has the half that is given, whether it
// is the same one or one with the same content.
func repeated(c Consent, g Gift, half consent.Half) bool {
	now := c.Side(g.Side)
	return now.ID == half.ID || now.State == consent.Active && now.By == g.By && now.Expires.Equal(half.Expires) && now.Text == half.Text
}

func (c *Consent) other(s consent.Side) *Half {
	if s == consent.TenantSide {
		return &c.Platform
	}
	return &c.Tenant
}

// write writes a half, its text, and the end of the one that it replaces.
func write(tx *firestore.Transaction, db *firestore.Client, before Consent, g Gift, half consent.Half, note []byte) error {
	field := "tenantHalf"
	if g.Side == consent.PlatformSide {
		field = "platformHalf"
	}
	id, t := DocumentID(g.Scope), g.Scope.Tenant
	errs := []error{
		tx.Set(consentRef(db, g.Scope), map[string]any{
			"workspace": g.Scope.Workspace, "feature": g.Scope.Feature, "destination": g.Scope.Destination, field: note,
		}, firestore.MergeAll),
		tx.Set(halfRef(db, t, half.ID), given{Consent: id, Side: g.Side, Given: half.Given, Note: note}),
		tx.Set(textRef(db, t, g.Text.Version), storedText{Body: g.Text.Body}),
	}
	if old := before.Side(g.Side); old.ID != "" && old.End == nil {
		errs = append(errs, tx.Set(endRef(db, t, old.ID), End{At: half.Given, By: g.By, Reason: Replaced}))
	}
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("write consent: %w", err)
	}
	return nil
}

// Withdraw ends a side's half, and returns the consent. The entry is written in the same
// commit. If the side has no half that is not withdrawn, Withdraw changes and records
// nothing. The next send, in every process, finds the half withdrawn.
func (s *Store) Withdraw(ctx context.Context, db *firestore.Client, w Want, side consent.Side, by consent.Person, entry auditlog.Entry) (Consent, error) {
	keys, err := s.Verifier.Keys(ctx)
	if err != nil {
		return Consent{}, err
	}
	prepared, err := s.Audit.Prepare(ctx, db, entry)
	if err != nil {
		return Consent{}, err
	}
	var result Consent
	end := End{At: s.Now().UTC().Truncate(time.Microsecond), By: by, Reason: WithdrawnByParty}
	err = prepared.Commit(ctx, db, func(tx *firestore.Transaction) (acts bool, err error) {
		if result, err = s.read(db, keys, tx.GetAll, w); err != nil {
			return false, err
		}
		half := result.Side(side)
		if half.End != nil && half.End.At.Equal(end.At) && half.End.By == by {
			return true, nil // its own commit, whose reply was lost, is written again
		}
		if half.ID == "" || half.End != nil {
			return false, nil
		}
		half.State, half.End = consent.Withdrawn, &end
		return true, tx.Set(endRef(db, w.Scope.Tenant, half.ID), end)
	})
	return result, err
}

// read reads one consent.
func (s *Store) read(db *firestore.Client, keys []noteverify.Key, get GetAll, w Want) (Consent, error) {
	all, _, err := Reading{DB: db, Keys: keys, Now: s.Now()}.Consents(get, []Want{w})
	if err != nil {
		return Consent{}, err
	}
	return all[0], nil
}
