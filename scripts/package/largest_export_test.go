package main

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"cloud.google.com/go/firestore"

	"github.com/strongroom-dev/strongroom/emulator/cloudtest"
	"github.com/strongroom-dev/strongroom/shared/export"
	"github.com/strongroom-dev/strongroom/shared/exportjob"
	"github.com/strongroom-dev/strongroom/shared/tenant"
)

// largestExport names as many workspaces as a request may. All of them are the tenant's.
func largestExport(tn *cloudtest.Tenant) map[string]any {
	return map[string]any{"kinds": []string{"audit", "metadata", "inventory"}, "workspaces": []tenant.WorkspaceID{tn.Workspace}}
}

// ofExport sends requests for one export, which exists in a state.
func ofExport(persona, method, path string, state export.State) prepare {
	return func(t *testing.T, tn *cloudtest.Tenant) func(int) request {
		id := cloudtest.NewRun(t)
		if state != "" {
			storeExport(t, tn, export.ID(id), state)
		}
		path := strings.NewReplacer("EXPORT", id, "TENANT", string(tn.ID)).Replace(path)
		return atPath(persona, method, path, map[string]any{
			http.MethodPut: largestExport(tn), http.MethodPost: nil, http.MethodGet: nil,
		}[method], nothing)(t, tn)
	}
}

// storeExport stores an export with as many files as a page has.
func storeExport(t *testing.T, tn *cloudtest.Tenant, id export.ID, state export.State) {
	t.Helper()
	store(t, tn, func(db *firestore.Client, set func(*firestore.DocumentRef, any)) {
		home := exportjob.Home{DB: db, Tenant: tn.ID}
		e := export.New(id, export.Request{Kinds: []export.Kind{export.Metadata}}, tn.ExportsBucket, time.Now())
		e.State, e.Active = state, state.Active()
		set(home.Exports().Doc(string(id)), e)
		for n := range 101 {
			p := export.NewPart(export.RowsPart, export.RunsTable, export.Range{From: fmt.Sprint(n)})
			p.Finish(export.File{Name: "runs/" + strings.Repeat("f", 200) + fmt.Sprint(n), Size: 1 << 20, SHA256: make([]byte, 32)})
			set(home.Parts(id).Doc(p.ID), p)
		}
	})
}

// storeExports stores more exports than a page has.
func storeExports(t *testing.T, tn *cloudtest.Tenant) {
	t.Helper()
	store(t, tn, func(db *firestore.Client, set func(*firestore.DocumentRef, any)) {
		workspaces := make([]tenant.WorkspaceID, export.MaxWorkspaces)
		for n := range workspaces {
			workspaces[n] = tenant.WorkspaceID(strings.Repeat("w", 60) + fmt.Sprint(n))
		}
		for range 201 {
			e := export.New(export.ID(cloudtest.NewRun(t)), export.Request{Kinds: []export.Kind{export.Metadata}, Workspaces: workspaces}, tn.ExportsBucket, time.Now())
			e.State, e.Active = export.Done, false
			set(exportjob.Home{DB: db, Tenant: tn.ID}.Exports().Doc(string(e.ID)), e)
		}
	})
}

// storeSchedules stores as many schedules as there are requests.
func storeSchedules(t *testing.T, tn *cloudtest.Tenant) {
	t.Helper()
	store(t, tn, func(db *firestore.Client, set func(*firestore.DocumentRef, any)) {
		for n := range concurrentRequests {
			name := export.ScheduleName(fmt.Sprint("n", n))
			set(exportjob.Home{DB: db, Tenant: tn.ID}.Schedules().Doc(string(name)), export.Schedule{
				Name: name, Request: export.Request{Kinds: []export.Kind{export.Metadata}}, Every: export.Daily, TimeZone: "UTC",
				Begin: time.Now(), End: time.Now().Add(24 * time.Hour),
			})
		}
	})
}

// setSchedule sets one schedule again and again.
func setSchedule(t *testing.T, tn *cloudtest.Tenant) func(int) request {
	body := largestExport(tn)
	body["every"] = "daily"
	return atPath("admin", http.MethodPut, "/v1/export-schedules/nightly", body, nothing)(t, tn)
}

// largestParts are parts of exports of their own, with all sightings of a tenant.
func largestParts(t *testing.T, tn *cloudtest.Tenant) func(int) request {
	reported(t, tn)
	storeIssues(t, tn)
	part := export.NewPart(export.RowsPart, export.SightingsTable, export.Range{})
	ids := make([]export.ID, concurrentRequests)
	store(t, tn, func(db *firestore.Client, set func(*firestore.DocumentRef, any)) {
		home := exportjob.Home{DB: db, Tenant: tn.ID}
		for n := range ids {
			ids[n] = export.ID(cloudtest.NewRun(t))
			e := export.New(ids[n], export.Request{Kinds: []export.Kind{export.Metadata}}, tn.ExportsBucket, time.Now())
			e.State, e.ReadTime = export.Running, time.Now().Truncate(time.Microsecond)
			set(home.Exports().Doc(string(e.ID)), e)
			set(home.Parts(e.ID).Doc(part.ID), part)
		}
	})
	return func(n int) request {
		return message(t, "export-parts", fmt.Sprint(n), nil, map[string]string{"tenant": string(tn.ID), "export": string(ids[n]), "part": part.ID})
	}
}
