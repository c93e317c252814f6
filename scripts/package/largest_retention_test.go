package main

import (
	"net/http"
	"testing"
	"time"

	"cloud.google.com/go/firestore"

	"github.com/strongroom-dev/strongroom/emulator/cloudtest"
	"github.com/strongroom-dev/strongroom/shared/records"
	"github.com/strongroom-dev/strongroom/shared/retention"
)

// dueRuns asks for the largest page of runs that are due, with deletions in every day.
func dueRuns(t *testing.T, tn *cloudtest.Tenant) func(int) request {
	t.Helper()
	now := tn.Cloud.Clock.Now().UTC().Truncate(24 * time.Hour)
	store(t, tn, func(db *firestore.Client, set func(*firestore.DocumentRef, any)) {
		for n := -30; n < 10; n++ {
			day := now.AddDate(0, 0, n)
			set(db.Collection("tenants").Doc(string(tn.ID)).Collection("retentionDays").Doc(day.Format(time.DateOnly)),
				retention.Day{Begin: day, Runs: 1 << 60, Samples: 1 << 60, Issues: 1 << 60, Exports: 1 << 60})
		}
		for range 201 {
			set(records.Workspace(db, tn.ID, tn.Workspace).Collection(records.RunsCollection).Doc(cloudtest.NewRun(t)), map[string]any{retention.Field: now})
		}
	})
	r := request{method: http.MethodGet, path: "/v1/tenant/retention?pageSize=200&workspace=" + string(tn.Workspace), token: tn.Token(t, "auditor")}
	return func(int) request { return r }
}
