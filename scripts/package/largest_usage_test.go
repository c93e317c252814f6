package main

import (
	"testing"
	"time"

	"cloud.google.com/go/firestore"

	"github.com/strongroom-dev/strongroom/emulator/cloudtest"
	"github.com/strongroom-dev/strongroom/shared/quota"
)

const (
	firstDay, lastDay = "2026-01-01", "2026-04-02"
	mostDays          = 92 // from the first day to the last one
)

// daysOfUsage stores the counts of every day that one request may ask for.
func daysOfUsage(t *testing.T, tn *cloudtest.Tenant) {
	t.Helper()
	begin, err := time.Parse(time.DateOnly, firstDay)
	if err != nil {
		t.Fatal(err)
	}
	store(t, tn, func(db *firestore.Client, set func(*firestore.DocumentRef, any)) {
		days := db.Collection("tenants").Doc(string(tn.ID)).Collection(quota.UsageCollection)
		for n := range mostDays {
			day := begin.AddDate(0, 0, n)
			most := quota.Count{Used: 1 << 60, Leased: 1 << 60}
			set(days.Doc(day.Format(time.DateOnly)), quota.Usage{
				Begin: day, Bytes: most, Parts: most, Runs: most, Samples: most, Sightings: most,
				Exports: most, ModelSends: most, Requests: most,
			})
		}
	})
}
