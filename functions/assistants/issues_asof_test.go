package assistants_test

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"cloud.google.com/go/firestore"

	"github.com/strongroom-dev/strongroom/emulator/cloudtest"
	"github.com/strongroom-dev/strongroom/shared/issue"
	"github.com/strongroom-dev/strongroom/shared/records"
)

// updateIssue changes an issue as a fold might.
func (f *fixture) updateIssue(t testing.TB, name string, fields ...firestore.Update) {
	t.Helper()
	ref := records.IssueRef(f.db, f.ID, f.Workspace, issue.ID(issueFixture{name: name}.id()))
	if _, err := ref.Update(t.Context(), fields); err != nil {
		t.Fatal(err)
	}
}

func to(path string, value any) firestore.Update { return firestore.Update{Path: path, Value: value} }

// Whatever happens to issues while a list is paged through, each is listed once, at
// its place as of the first page.
func TestAListIsAsOfItsFirstPage(t *testing.T) {
	t.Parallel()
	for what, between := range map[string]func(f *fixture){
		"one is seen again":       func(f *fixture) { f.updateIssue(t, "2", to("lastSeen", noon.Add(time.Hour))) },
		"one is seen again, late": func(f *fixture) { f.updateIssue(t, "1", to("lastSeen", noon.Add(-24*time.Hour))) },
		"one gets worse":          func(f *fixture) { f.updateIssue(t, "3", to("severity", 1)) },
		"one gets less severe":    func(f *fixture) { f.updateIssue(t, "1", to("severity", 4)) },
		"one is resolved":         func(f *fixture) { f.updateIssue(t, "2", to("state", "resolved"), to("resolvedAt", noon)) },
		"one is reopened":         func(f *fixture) { f.updateIssue(t, "4", to("state", "reopened"), to("resolvedAt", issue.Unresolved)) },
		"one is ignored": func(f *fixture) {
			f.annotate(t, "viewer", "3", "ignore", until(farFuture(f))).Want(t, http.StatusOK)
		},
		"another is found": func(f *fixture) { f.storeIssues(t, issueFixture{name: "5", severity: 2, ago: time.Minute}) },
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			f := newFixture(t, cloudtest.Shared(t))
			f.storeIssues(t, issueFixture{name: "1", severity: 2}, issueFixture{name: "2", severity: 2, ago: time.Hour},
				issueFixture{name: "3", severity: 2, ago: 2 * time.Hour}, issueFixture{name: "4", severity: 2, resolved: true})
			page := f.listIssues(t, "pageSize=1")
			between(f)
			titles := page.titles()
			for page.NextPageToken != "" {
				page = f.listIssues(t, "pageSize=1&pageToken="+page.NextPageToken)
				titles = append(titles, page.titles()...)
			}
			wantList(t, titles, "1", "2", "3", "4")
		})
	}
}

// A list has everything that was written before its request, whatever the clock of the
// function is.
func TestAListHasAllEarlierWrites(t *testing.T) {
	t.Parallel()
	f := newFixture(t, cloudtest.Shared(t))
	for n := range 30 {
		f.storeIssues(t, issueFixture{name: fmt.Sprint(n), severity: 1})
		if got := len(f.listIssues(t, "").Issues); got != n+1 {
			t.Fatalf("%d of %d are listed", got, n+1)
		}
	}
}

// If Firestore cannot read as of the time of a token, the client must start again.
// Here, the time is in the future of another Firestore, whose clock is behind by less
// than maxClockSkew.
func TestATokenThatFirestoreCannotReadIsRejected(t *testing.T) {
	t.Parallel()
	ahead := ownCloud(t)
	ahead.Clock.Advance(50 * time.Second)
	f := newFixture(t, ahead)
	f.storeIssues(t, issuesOfEveryKind(f)...)
	token := f.listIssues(t, "pageSize=1").NextPageToken
	f.Cloud = ownCloud(t)
	if f.Cloud.Firestore == nil {
		t.Skip("only the embedded Firestore has a clock of its own")
	}
	if _, err := f.Cloud.AddTenant(t.Context(), f.ID, f.Workspace); err != nil {
		t.Fatal(err)
	}
	f.Search(t, "viewer", f.base+"/issues", "pageSize=1&pageToken="+token).Want(t, http.StatusBadRequest)
	f.Search(t, "viewer", f.base+"/issues", "pageSize=1").Want(t, http.StatusOK)
}
