package tenants

import (
	"context"
	"fmt"
	"net/http"
	"path"
	"time"

	"cloud.google.com/go/kms/apiv1/kmspb"

	"github.com/strongroom-dev/strongroom/shared/api"
	"github.com/strongroom-dev/strongroom/shared/auditlog"
)

// The times of a confirmation: one admin alone confirms after aloneAfter, and nobody
// confirms after confirmWithin.
const (
	aloneAfter    = 24 * time.Hour
	confirmWithin = 7 * 24 * time.Hour
)

// destruction is a request to destroy the key, which waits for its confirmation.
type destruction struct {
	ID        string    `firestore:"id" class:"operational"`        // audit entry of the request
	By        string    `firestore:"by" class:"operational"`        // auditlog.ActorKey of who asked for it
	Issuer    string    `firestore:"issuer" class:"configuration"`  // of who asked for it
	AddedRule bool      `firestore:"addedRule" class:"operational"` // a rule of the API made who asked for it an admin
	Requested time.Time `firestore:"requested" class:"operational"`
}

// DestroyRequest asks for the destruction of the key, or confirms it.
type DestroyRequest struct {
	Body struct {
		Tenant      string `json:"tenant" class:"operational" maxLength:"63" example:"acme" doc:"ID of your tenant"`
		Destruction string `json:"destruction,omitempty" class:"operational" pattern:"^[0-9a-f-]{36}$" doc:"ID of the request that you confirm; without it, you make a request"`
	}
}

func (h *Handler) destroy(ctx context.Context, in *DestroyRequest) (*tenantResponse, error) {
	c, err := h.begin(ctx, auditlog.DestroyKey)
	if err != nil {
		return nil, err
	}
	if err := c.destroyable(ctx, in); err != nil {
		return nil, err
	}
	if in.Body.Destruction == "" {
		return c.request(ctx)
	}
	if err := c.confirmable(in.Body.Destruction); err != nil {
		return nil, err
	}
	return c.destroyVersions(ctx)
}

// destroyable rejects a request for another tenant, for a key that is in use, and under a
// legal hold.
func (c *keyChange) destroyable(ctx context.Context, in *DestroyRequest) error {
	if in.Body.Tenant != string(c.session.Tenant.ID) {
		return api.Refuse(http.StatusConflict, api.OtherTenantText)
	}
	if err := c.allowed(); err != nil {
		return err
	}
	if err := c.guard.RefuseUnderHold(ctx, c.session.Tenant.ID, ""); err != nil {
		return err
	}
	if c.record.Want == wantEnabled || c.record.state(c.before) != Revoked {
		return api.Refuse(http.StatusConflict, api.KeyNotRevokedText)
	}
	return nil
}

// request records a request, in place of one before. Nothing happens to the key.
func (c *keyChange) request(ctx context.Context) (*tenantResponse, error) {
	if c.record.Want == wantDestroyed {
		return c.show(c.before), nil // it is confirmed already
	}
	e := c.entry(auditlog.Allowed)
	e.Reason = "requested"
	id, err := c.guard.Audit.Append(ctx, c.session.DB, e)
	if err != nil {
		return nil, err
	}
	old := c.record
	c.record.Destruction = &destruction{
		ID: id, By: auditlog.ActorKey(e.Actor), Issuer: c.session.Principal.Issuer, Requested: c.before.at,
		AddedRule: c.session.Principal.AddedRule != "",
	}
	if err := c.save(ctx, old, c.record); err != nil {
		return nil, err
	}
	return c.show(c.before), nil
}

// confirmable rejects a confirmation that is stale or replayed, and one that the person who
// made the request may have made alone. Only one issuer can tell that two subjects are two
// persons, and only of those that Terraform has made admins: a rule of the API can be for a
// second account of the admin who has added it.
func (c *keyChange) confirmable(id string) error {
	d, now := c.record.Destruction, c.before.at
	switch {
	case d == nil || d.ID != id:
		return api.Refuse(http.StatusConflict, api.DestructionUnknownText)
	case now.Sub(d.Requested) > confirmWithin:
		return api.Refuse(http.StatusConflict, api.DestructionStaleText)
	case now.Sub(d.Requested) >= aloneAfter:
		return nil
	case d.By == auditlog.ActorKey(auditlog.By(c.session.Principal)):
		return api.Refuse(http.StatusConflict, api.DestructionAloneText)
	case d.Issuer != c.session.Principal.Issuer:
		return api.Refuse(http.StatusConflict, api.DestructionIssuerText)
	case d.AddedRule || c.session.Principal.AddedRule != "":
		return api.Refuse(http.StatusConflict, api.DestructionAddedText)
	}
	return nil
}

// destroyVersions schedules the destruction of each version that is left.
func (c *keyChange) destroyVersions(ctx context.Context) (*tenantResponse, error) {
	err := c.announce(ctx, func(r *keyRecord) { r.Want, r.Destruction = wantDestroyed, nil })
	if err != nil {
		return nil, err
	}
	for _, v := range c.before.inState(kmspb.CryptoKeyVersion_ENABLED, kmspb.CryptoKeyVersion_DISABLED) {
		if _, err := c.kms.DestroyCryptoKeyVersion(ctx, &kmspb.DestroyCryptoKeyVersionRequest{Name: v.GetName()}); err != nil {
			return nil, fmt.Errorf("schedule the destruction of version %s: %w", path.Base(v.GetName()), err)
		}
	}
	return c.finish(ctx)
}

// restoreVersions cancels the destruction of each version that is not destroyed yet, and
// returns the key as it is then.
func (c *keyChange) restoreVersions(ctx context.Context) (measurement, error) {
	scheduled := c.before.inState(kmspb.CryptoKeyVersion_DESTROY_SCHEDULED)
	for _, v := range scheduled {
		if _, err := c.kms.RestoreCryptoKeyVersion(ctx, &kmspb.RestoreCryptoKeyVersionRequest{Name: v.GetName()}); err != nil {
			return c.before, fmt.Errorf("restore version %s: %w", path.Base(v.GetName()), err)
		}
	}
	if len(scheduled) == 0 {
		return c.before, nil
	}
	return c.measure(ctx, c.session.Tenant.KeyName, c.record.Probes)
}
