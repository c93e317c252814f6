package cloudtest

import (
	"net/http"
	"testing"
	"time"

	"github.com/strongroom-dev/strongroom/emulator/suite"
	"github.com/strongroom-dev/strongroom/shared/auditlog"
	"github.com/strongroom-dev/strongroom/shared/consent"
	"github.com/strongroom-dev/strongroom/shared/function"
	"github.com/strongroom-dev/strongroom/shared/gcp"
	"github.com/strongroom-dev/strongroom/shared/halves"
	"github.com/strongroom-dev/strongroom/shared/model"
	"github.com/strongroom-dev/strongroom/shared/tenant"
)

// GiveHalf submits one half of a consent, for 30 days and all workspaces: the persona admin
// has the tenant's side, and platform the platform's.
func (tn *Tenant) GiveHalf(t testing.TB, persona string, f consent.Feature, d consent.Destination) Response {
	t.Helper()
	expires := tn.Cloud.Clock.Now().Add(30 * 24 * time.Hour).UTC().Truncate(time.Second)
	return tn.Do(t, persona, http.MethodPut, tn.ConsentPath(persona, f, d), map[string]any{"expires": expires})
}

// ConsentPath returns the path of a consent, as a persona changes it.
func (tn *Tenant) ConsentPath(persona string, f consent.Feature, d consent.Destination) string {
	path := "/v1/consents/" + string(f) + "/" + string(d)
	if persona == string(tenant.Platform) {
		path = "/v1/tenants/" + string(tn.ID) + "/consents/" + string(f) + "/" + string(d)
	}
	return path
}

// Consent submits both halves.
func (tn *Tenant) Consent(t testing.TB, f consent.Feature, d consent.Destination) {
	t.Helper()
	for _, persona := range []string{"admin", "platform"} {
		tn.GiveHalf(t, persona, f, d).Want(t, http.StatusOK)
	}
}

// OwnModel adds a language model in a project of the tenant's own.
func (tn *Tenant) OwnModel(t testing.TB) tenant.ModelEndpoint {
	t.Helper()
	e := tenant.ModelEndpoint{ProjectID: "models-" + string(tn.ID), Location: suite.Location, Model: "gemini-3.5-pro", AbuseLoggingExempt: true}
	record, err := tn.Cloud.SetModel(t.Context(), tn.ID, e)
	if err != nil {
		t.Fatal(err)
	}
	tn.Record = record
	return e
}

// Gateway returns the gateway to language models of a process that runs a function,
// with its account. Clients replaces the clients of that account, and now the clock; the
// zero values keep them.
func (c *Cloud) Gateway(t testing.TB, name string, clients *gcp.Clients, now func() time.Time) *model.Gateway {
	t.Helper()
	_, config, err := function.Settings[struct {
		Audit   auditlog.Config
		Consent halves.Config
	}](c.FunctionEnviron(name))
	if err != nil {
		t.Fatal(err)
	}
	if clients == nil {
		clients = c.Clients(suite.FunctionAccount(name))
	}
	if now == nil {
		now = c.Clock.Now
	}
	audit, err := auditlog.Open(t.Context(), config.Audit, clients, now)
	if err != nil {
		t.Fatal(err)
	}
	g, err := model.New(t.Context(), config.Consent, model.Deps{Clients: clients, Audit: audit, Now: now, Log: c.Logger()})
	if err != nil {
		t.Fatal(err)
	}
	return g
}
