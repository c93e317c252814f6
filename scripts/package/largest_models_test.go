package main

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"cloud.google.com/go/firestore"

	"github.com/strongroom-dev/strongroom/emulator/cloudtest"
	"github.com/strongroom-dev/strongroom/shared/consent"
	"github.com/strongroom-dev/strongroom/shared/issue"
	"github.com/strongroom-dev/strongroom/shared/keys"
	"github.com/strongroom-dev/strongroom/shared/library"
	"github.com/strongroom-dev/strongroom/shared/records"
)

// explained is the issue of storeExplained.
var explained = issueID(1_000_000)

// storeForModels stores the largest workspace of a tenant that consents to all features,
// without a limit that the requests of this test reach.
func storeForModels(t *testing.T, tn *cloudtest.Tenant) {
	t.Helper()
	storeAssistant(t, tn)
	storeExplained(t, tn)
	tn.Do(t, "admin", http.MethodPut, "/v1/workspaces/"+string(tn.Workspace)+"/assistants/edgar", map[string]any{"name": "Edgar", "accessLevel": "read-write"}).Want(t, http.StatusOK)
	limits := tn.Limits
	limits.ModelSendsPerHour, limits.ModelTokensPerDay = 1_000_000, 1<<40
	if _, err := tn.Cloud.SetLimits(t.Context(), tn.ID, limits); err != nil {
		t.Fatal(err)
	}
	for _, spec := range consent.Features {
		if !spec.Public {
			tn.Consent(t, spec.Feature, consent.Shared)
		}
	}
}

// storeExplained stores an issue with the longest texts, whose next steps are the names of
// tasks in the catalog.
func storeExplained(t *testing.T, tn *cloudtest.Tenant) {
	t.Helper()
	store(t, tn, func(db *firestore.Client, set func(*firestore.DocumentRef, any)) {
		owner, err := keys.NewTenants(tn.Cloud.Operator, tn.Cloud.Clock.Now).Of(t.Context(), tn.Record, db)
		if err != nil {
			t.Fatal(err)
		}
		line := map[string]any{"severity": 1, "title": "Title", "nextSteps": strings.Join(catalogNames(t, db, 20), "\n")}
		for _, name := range []string{"details", "expected", "actual", "reproduceHint", "summary"} {
			line[name] = strings.Repeat("d", 10<<10)
		}
		encoded, err := json.Marshal(line)
		if err != nil {
			t.Fatal(err)
		}
		ref := records.IssueRef(db, tn.ID, tn.Workspace, explained)
		i := issue.Issue{ID: explained, Severity: 1, Runs: 1, Sightings: 1, ResolvedAt: issue.Unresolved, StoredState: issue.Detected, LastSeen: time.Now().Add(time.Hour)}
		if i.Text, err = records.SealIssueText(t.Context(), owner.Seal, ref, records.IssueText{Title: "Title", Line: encoded}); err != nil {
			t.Fatal(err)
		}
		set(ref, i)
	})
}

// catalogNames returns the names of n tasks of the catalog.
func catalogNames(t *testing.T, db *firestore.Client, n int) (names []string) {
	t.Helper()
	docs, err := library.EntryRef(db, "any").Parent.Limit(n).Documents(t.Context()).GetAll()
	if err != nil {
		t.Fatal(err)
	}
	for _, doc := range docs {
		var e library.Entry
		if err := doc.DataTo(&e); err != nil {
			t.Fatal(err)
		}
		names = append(names, e.Task.Name)
	}
	return names
}
