package main

import (
	"net/http"
	"strings"
	"testing"

	"golang.org/x/sync/errgroup"

	"github.com/strongroom-dev/strongroom/emulator/cloudtest"
	"github.com/strongroom-dev/strongroom/emulator/suite"
	"github.com/strongroom-dev/strongroom/shared/auditlog"
	"github.com/strongroom-dev/strongroom/shared/tenant"
)

// tiny has the routes whose bodies and responses are notes and keys, of a few KiB.
var tiny = map[string]bool{
	"GET /v1/tenants/{tenant}/audit/log/checkpoint":          true,
	"GET /v1/tenants/{tenant}/audit/log/cosigned-checkpoint": true,
	"POST /v1/tenants/{tenant}/audit/log/cosignatures":       true,
	"GET /v1/tenants/{tenant}/audit/log/keys":                true,
	"GET /v1/tenants/{tenant}/audit/log/policy":              true,
	"GET /v1/platform/audit/log/checkpoint":                  true,
	"GET /v1/platform/audit/log/keys":                        true,
	"GET /v1/platform/audit/log/policy":                      true,
}

func init() {
	for route, p := range map[string]prepare{
		"GET /v1/audit/entries":                             ofLog("auditor", "/v1/audit/entries?limit=1000"),
		"GET /v1/audit/entries/{entry}":                     ofLog("auditor", "/v1/audit/entries/ENTRY"),
		"GET /v1/audit/entries/{entry}/proof":               ofLog("auditor", "/v1/audit/entries/ENTRY/proof"),
		"GET /v1/workspaces/{workspace}/audit/entries":      ofLog("auditor", "/v1/workspaces/WORKSPACE/audit/entries?limit=1000"),
		"GET /v1/tenants/{tenant}/audit/log/tile/{tile...}": ofLog("auditor", "LOG/tile/entries/000"),
		"GET /v1/platform/audit/entries":                    ofLog("platform", "/v1/platform/audit/entries?limit=1000"),
		"GET /v1/platform/audit/entries/{entry}":            ofLog("platform", "/v1/platform/audit/entries/ENTRY"),
		"GET /v1/platform/audit/entries/{entry}/proof":      ofLog("platform", "/v1/platform/audit/entries/ENTRY/proof"),
		"GET /v1/platform/audit/log/tile/{tile...}":         ofLog("platform", "LOG/tile/entries/000"),
	} {
		largest[route] = p
	}
}

// ofLog reads a path of a log with a page of the largest entries, which is published.
func ofLog(persona, path string) prepare {
	return func(t *testing.T, tn *cloudtest.Tenant) func(int) request {
		id := tn.ID
		if persona == "platform" {
			id = ""
		}
		entry := storeEntries(t, tn, id)
		path := strings.NewReplacer("ENTRY", entry, "WORKSPACE", string(tn.Workspace), "LOG", auditlog.LogPath(id)).Replace(path)
		token := tn.Token(t, persona)
		return func(int) request { return request{method: http.MethodGet, path: path, token: token} }
	}
}

// storeEntries records and publishes entries whose texts are as long as a token
// allows, and returns the ID of one of them.
func storeEntries(t *testing.T, tn *cloudtest.Tenant, id tenant.ID) (entry string) {
	t.Helper()
	key := auditlog.Config{AuditKeyName: "projects/" + suite.ProjectID + "/locations/" + suite.Location + "/keyRings/platform/cryptoKeys/audit"}
	log, err := auditlog.Open(t.Context(), key, tn.Cloud.Operator, tn.Cloud.Clock.Now)
	if err != nil {
		t.Fatal(err)
	}
	db, err := tn.Cloud.Operator.Default(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	e := auditlog.Entry{
		Tenant: id, Workspace: tn.Workspace, Action: auditlog.StartRun, Outcome: auditlog.Allowed, Resource: "runs/" + cloudtest.NewRun(t) + "/outputs/" + outputName(1),
		Actor: auditlog.Actor{Issuer: "https://" + strings.Repeat("i", 1000), Subject: strings.Repeat("s", 1000)},
	}
	if entry, err = log.Append(t.Context(), db, e); err != nil {
		t.Fatal(err)
	}
	var group errgroup.Group
	group.SetLimit(20)
	for range 1100 {
		group.Go(func() error {
			_, err := log.Append(t.Context(), db, e)
			return err
		})
	}
	if err := group.Wait(); err != nil {
		t.Fatal(err)
	}
	if err := tn.Cloud.Scheduler.RunNow(t.Context(), "audit-integrator"); err != nil {
		t.Fatal(err)
	}
	return entry
}
