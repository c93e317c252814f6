package model

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"

	"cloud.google.com/go/firestore"

	"github.com/strongroom-dev/strongroom/shared/auditlog"
	"github.com/strongroom-dev/strongroom/shared/consent"
	"github.com/strongroom-dev/strongroom/shared/gcp"
	"github.com/strongroom-dev/strongroom/shared/halves"
	"github.com/strongroom-dev/strongroom/shared/keys"
	"github.com/strongroom-dev/strongroom/shared/ledger"
	"github.com/strongroom-dev/strongroom/shared/noteverify"
	"github.com/strongroom-dev/strongroom/shared/tenant"
)

// begin checks the consents and writes the ledger's entry, in one transaction. The error
// is a *consent.Refusal, or internal. If the entry may have been written although begin
// fails, s.id is set, so that its end is recorded.
func (s *send) begin(ctx context.Context) error {
	g := s.gateway
	verifying, err := g.consentKeys(ctx, s.spec)
	if err != nil {
		return err
	}
	if err := g.ledger.Audit.Warm(ctx); err != nil {
		return err
	}
	entry, err := s.entry(ctx)
	if err != nil {
		return err
	}
	var wrote bool // an attempt has tried to commit the entry
	err = gcp.Transact(ctx, s.request.DB, func(ctx context.Context, tx *firestore.Transaction) error {
		s.checked = g.now()
		err := s.check(ctx, tx, entry, verifying)
		wrote = wrote || err == nil
		return err
	})
	if err == nil || wrote {
		s.id = entry.ID
	}
	if err == nil {
		auditlog.Receive(ctx, entry.ID)
	}
	return err
}

// consentKeys returns the keys that verify halves. Public data needs none.
func (g *Gateway) consentKeys(ctx context.Context, spec consent.Spec) ([]noteverify.Key, error) {
	if spec.Public {
		return nil, nil
	}
	return g.verifier.Keys(ctx)
}

// entry returns the ledger's entry, without consents.
func (s *send) entry(ctx context.Context) (ledger.Entry, error) {
	id, err := auditlog.NewID()
	if err != nil {
		return ledger.Entry{}, err
	}
	sum := sha256.Sum256(s.body)
	e := ledger.Entry{ID: id, Home: s.request.home(), Actor: s.request.Actor, Limits: ledger.LimitsOf(s.request.Tenant), Send: ledger.Send{
		Feature: s.spec.Feature, Destination: s.destination, Workspace: s.request.Workspace, Resource: s.request.Resource,
		ProjectID: s.endpoint.ProjectID, Location: s.endpoint.Location, Model: s.endpoint.Model,
		Omitted: s.encoded.Omitted, Bytes: int64(len(s.body)), SHA256: hex.EncodeToString(sum[:]),
		// A token has at least one byte, so a request has at most as many tokens as bytes.
		Reserved: int64(len(s.body)) + int64(s.spec.MaxOutputTokens),
	}}
	for _, f := range s.encoded.Fields {
		e.Send.Fields = append(e.Send.Fields, f.Name+" "+string(f.Class))
	}
	return e, s.seal(ctx, &e)
}

// seal seals the exact request, if the tenant wants to see it later.
func (s *send) seal(ctx context.Context, e *ledger.Entry) error {
	keep := s.request.Tenant.Limits.KeepModelRequests
	if s.spec.Public || keep <= 0 {
		return nil
	}
	tenantKeys, err := s.gateway.tenants.Of(ctx, s.request.Tenant, s.request.DB)
	if err != nil {
		return err
	}
	e.Send.StoredUntil = s.gateway.now().UTC().Add(keep)
	e.Sealed, err = tenantKeys.Seal(ctx, s.body, e.RequestPath())
	if errors.Is(err, keys.ErrKeyUnavailable) {
		return &consent.Refusal{Code: consent.CodeKeyLocked, Feature: s.spec.Feature}
	}
	return err
}

// check is the transaction: it finds the consent and writes the entry.
func (s *send) check(ctx context.Context, tx *firestore.Transaction, e ledger.Entry, verifying []noteverify.Key) error {
	reading := halves.Reading{DB: s.request.DB, Keys: verifying, Now: s.checked}
	consents, read, err := reading.Consents(tx.GetAll, s.wants(), e.Refs()...)
	if err != nil {
		return err
	}
	agreed, err := s.agreed(consents)
	if err != nil {
		return err
	}
	if agreed != nil {
		e.Send.TenantHalf, e.Send.StaffHalf = agreed.Tenant.ID, agreed.Platform.ID
	}
	before, recorded, err := ledger.Recorded(read)
	if err != nil {
		return err
	}
	if recorded { // by an attempt whose reply was lost
		if before.TenantHalf != e.Send.TenantHalf || before.StaffHalf != e.Send.StaffHalf {
			return fmt.Errorf("record a request to a model: its consent changed: %w", errWindow)
		}
		return nil
	}
	wait, err := s.gateway.ledger.Write(ctx, tx, e, read)
	if wait > 0 {
		return &consent.Refusal{Code: consent.CodeLimit, Feature: s.spec.Feature, RetryAfter: wait}
	}
	return err
}

// wants returns the consents that allow the send: that of its workspace, and that of the
// whole tenant.
func (s *send) wants() []halves.Want {
	if s.spec.Public {
		return nil
	}
	var wants []halves.Want
	workspaces := []tenant.WorkspaceID{""}
	if s.request.Workspace != "" {
		workspaces = append(workspaces, s.request.Workspace)
	}
	for _, w := range workspaces {
		scope := consent.Scope{Tenant: s.request.Tenant.ID, Workspace: w, Feature: s.spec.Feature, Destination: s.destination}
		wants = append(wants, halves.Want{Scope: scope, Text: s.gateway.config.Text(s.request.Tenant, scope)})
	}
	return wants
}

// agreed returns the consent that is in effect; nil: none is needed.
func (s *send) agreed(consents []halves.Consent) (*halves.Consent, error) {
	if s.spec.Public {
		return nil, nil
	}
	refused := &consent.Refusal{Code: consent.CodeNoConsent, Feature: s.spec.Feature}
	for i := range consents {
		c := &consents[i]
		if c.InEffect() {
			return c, nil
		}
		refused.SamePerson = refused.SamePerson || c.SamePerson()
	}
	// A half for a workspace is mentioned only if there is one: most consents are for all.
	nearest := &consents[0]
	for i := range consents[1:] {
		if c := &consents[i+1]; len(c.Missing()) < len(nearest.Missing()) {
			nearest = c
		}
	}
	refused.Missing = nearest.Missing()
	return nil, refused
}
