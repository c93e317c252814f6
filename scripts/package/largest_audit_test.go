package main

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/strongroom-dev/strongroom/emulator/cloudtest"
	"github.com/strongroom-dev/strongroom/emulator/suite"
	"github.com/strongroom-dev/strongroom/shared/auditlog"
	"github.com/strongroom-dev/strongroom/shared/tenant"
)

// storeLog publishes 255 of the largest entries in the tenant's log: a partial bundle.
func storeLog(t *testing.T, tn *cloudtest.Tenant) { appendLargest(t, tn, tn.ID) }

// storePlatformLog does so in the platform's log.
func storePlatformLog(t *testing.T, tn *cloudtest.Tenant) { appendLargest(t, tn, "") }

// appendLargest returns the ID of the last entry.
func appendLargest(t *testing.T, tn *cloudtest.Tenant, id tenant.ID) (entry string) {
	t.Helper()
	key := "projects/" + suite.ProjectID + "/locations/" + suite.Location + "/keyRings/platform/cryptoKeys/audit"
	log, err := auditlog.Open(t.Context(), auditlog.Config{AuditKeyName: key}, tn.Cloud.Operator, tn.Cloud.Clock.Now)
	if err != nil {
		t.Fatal(err)
	}
	db, err := tn.Cloud.Operator.Default(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	largest := auditlog.Entry{Tenant: id, Workspace: tn.Workspace, Action: auditlog.MintUpload}
	for n := range 100 {
		largest.Objects = append(largest.Objects, outputName(n)+"/99999")
	}
	for range 255 {
		if entry, err = log.Append(t.Context(), db, largest); err != nil {
			t.Fatal(err)
		}
	}
	if err := tn.Cloud.Scheduler.RunNow(t.Context(), "audit-integrator"); err != nil {
		t.Fatal(err)
	}
	return entry
}

// ofEntry reads one entry of the log that a persona may read.
func ofEntry(persona, path string) prepare {
	return func(t *testing.T, tn *cloudtest.Tenant) func(int) request {
		id := tn.ID
		if persona == "platform" {
			id = ""
		}
		path, token := fmt.Sprintf(path, appendLargest(t, tn, id)), tn.Token(t, persona)
		return func(int) request { return request{method: http.MethodGet, path: path, token: token} }
	}
}

// withoutToken reads what is public.
func withoutToken(path string) prepare {
	return func(*testing.T, *cloudtest.Tenant) func(int) request {
		return func(int) request { return request{method: http.MethodGet, path: path} }
	}
}

// inLog reads below the path of the tenant's log.
func inLog(path string) prepare {
	return func(t *testing.T, tn *cloudtest.Tenant) func(int) request {
		return atPath("auditor", http.MethodGet, auditlog.LogPath(tn.ID)+"/"+path, nil, storeLog)(t, tn)
	}
}

// cosigned registers as many witnesses as a tenant can have. It stores the
// cosignatures of all, and sends them in each request that has a body.
func cosigned(method, path string) prepare {
	return func(t *testing.T, tn *cloudtest.Tenant) func(int) request {
		var witnesses []cloudtest.Witness
		var keys []string
		for n := range tenant.MaxWitnesses {
			witnesses = append(witnesses, cloudtest.NewWitness(t, fmt.Sprint(n, strings.Repeat("w", 100))))
			keys = append(keys, witnesses[n].Key)
		}
		if err := tn.Cloud.SetWitnesses(t.Context(), tn.ID, keys...); err != nil {
			t.Fatal(err)
		}
		storeLog(t, tn)
		log := auditlog.LogPath(tn.ID) + "/"
		signed := tn.Do(t, "auditor", http.MethodGet, log+"checkpoint", nil).Want(t, http.StatusOK).Body
		for _, w := range witnesses {
			signed = w.Cosign(t, signed)
		}
		tn.Do(t, "auditor", http.MethodPost, log+"cosignatures", cloudtest.Text(signed)).Want(t, http.StatusOK)
		r := request{method: method, path: log + path, token: tn.Token(t, "auditor")}
		if method == http.MethodPost {
			r.body, r.header = signed, []string{"Content-Type", "text/plain"}
		}
		return func(int) request { return r }
	}
}
