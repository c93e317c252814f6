package suite

import (
	"context"
	"fmt"

	"cloud.google.com/go/firestore"

	"github.com/strongroom-dev/strongroom/shared/tenant"
)

// SharedModel is the platform's own endpoint of a language model.
var SharedModel = tenant.ModelEndpoint{
	ProjectID: "strongroom-models", Location: Location, Model: "gemini-3.5-flash", AbuseLoggingExempt: true, CacheDisabled: true,
}

// modelProject returns the resource of a model's project; empty: there is no model.
func modelProject(e tenant.ModelEndpoint) string {
	if !e.Exists() {
		return ""
	}
	return "projects/" + e.ProjectID
}

// SetModel sets a tenant's own language model, or none, as Terraform does.
// Functions that have cached the record see it after a minute.
func (c *Cloud) SetModel(ctx context.Context, id tenant.ID, e tenant.ModelEndpoint) (tenant.Record, error) {
	return c.updateRecord(ctx, id, firestore.Update{Path: "model", Value: e})
}

// SetLimits sets a tenant's limits, as Terraform does.
func (c *Cloud) SetLimits(ctx context.Context, id tenant.ID, l tenant.Limits) (tenant.Record, error) {
	return c.updateRecord(ctx, id, firestore.Update{Path: "limits", Value: l})
}

// SetRetention changes what of a tenant is deleted when, as Terraform would. It takes effect when
// the cached records have expired.
func (c *Cloud) SetRetention(ctx context.Context, id tenant.ID, r tenant.Retention) error {
	_, err := c.updateRecord(ctx, id, firestore.Update{Path: "retention", Value: r})
	return err
}

// SetQuotas changes the quotas of a tenant, as Terraform would. It takes effect when the
// cached records have expired.
func (c *Cloud) SetQuotas(ctx context.Context, id tenant.ID, own, ofWorkspaces tenant.Quotas) error {
	if _, err := c.updateRecord(ctx, id, firestore.Update{Path: "quotas", Value: own}); err != nil {
		return err
	}
	_, err := c.updateRecord(ctx, id, firestore.Update{Path: "workspaceQuotas", Value: ofWorkspaces})
	return err
}

// updateRecord changes a tenant's record and grants the roles on its resources.
func (c *Cloud) updateRecord(ctx context.Context, id tenant.ID, update firestore.Update) (record tenant.Record, err error) {
	db, err := c.Directory.Client(ctx)
	if err != nil {
		return record, err
	}
	ref := db.Collection("tenants").Doc(string(id))
	if _, err = ref.Update(ctx, []firestore.Update{update}); err != nil {
		return record, fmt.Errorf("change the record of a tenant: %w", err)
	}
	doc, err := ref.Get(ctx)
	if err != nil {
		return record, fmt.Errorf("read the record of a tenant: %w", err)
	}
	if err := doc.DataTo(&record); err != nil {
		return record, fmt.Errorf("read the record of a tenant: %w", err)
	}
	return record, c.grantTenantRoles(record)
}
