package assistant_test

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"cloud.google.com/go/firestore"

	"github.com/strongroom-dev/strongroom/emulator/cloudtest"
	"github.com/strongroom-dev/strongroom/emulator/suite"
	"github.com/strongroom-dev/strongroom/shared/issue"
	"github.com/strongroom-dev/strongroom/shared/records"
)

// change does with an issue what a fold might.
func (d *desk) change(t testing.TB, name string, fields ...firestore.Update) {
	t.Helper()
	ref := records.IssueRef(d.db, d.ID, d.Workspace, issue.ID(resting{name: name}.id()))
	if _, err := ref.Update(t.Context(), fields); err != nil {
		t.Fatal(err)
	}
}

func to(path string, value any) firestore.Update { return firestore.Update{Path: path, Value: value} }

// Whatever becomes of issues while somebody turns a list over, each is listed
// once, where it stood at first.
func TestAListIsAsOfItsFirstPage(t *testing.T) {
	t.Parallel()
	for what, between := range map[string]func(d *desk){
		"one is seen again":         func(d *desk) { d.change(t, "2", to("lastSeen", noon.Add(time.Hour))) },
		"one is seen again, late":   func(d *desk) { d.change(t, "1", to("lastSeen", noon.Add(-24*time.Hour))) },
		"one gets worse":            func(d *desk) { d.change(t, "3", to("severity", 1)) },
		"one is less bad":           func(d *desk) { d.change(t, "1", to("severity", 4)) },
		"one is resolved":           func(d *desk) { d.change(t, "2", to("state", "resolved"), to("resolvedAt", noon)) },
		"one that is resolved, not": func(d *desk) { d.change(t, "4", to("state", "reopened"), to("resolvedAt", issue.Unresolved)) },
		"one is ignored": func(d *desk) {
			d.act(t, "viewer", "3", "ignore", until(far(d))).Want(t, http.StatusOK)
		},
		"another comes": func(d *desk) { d.rest(t, resting{name: "5", severity: 2, ago: time.Minute}) },
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			d := newDesk(t, cloudtest.Shared(t))
			d.rest(t, resting{name: "1", severity: 2}, resting{name: "2", severity: 2, ago: time.Hour},
				resting{name: "3", severity: 2, ago: 2 * time.Hour}, resting{name: "4", severity: 2, resolved: true})
			page := d.list(t, "pageSize=1")
			between(d)
			titles := page.titles()
			for page.NextPageToken != "" {
				page = d.list(t, "pageSize=1&pageToken="+page.NextPageToken)
				titles = append(titles, page.titles()...)
			}
			wantTitles(t, titles, "1", "2", "3", "4")
		})
	}
}

// What was written before a list was asked for is in it, whatever the clock of
// the function says.
func TestAListHasWhatWasWrittenBefore(t *testing.T) {
	t.Parallel()
	d := newDesk(t, cloudtest.Shared(t))
	for n := range 30 {
		d.rest(t, resting{name: fmt.Sprint(n), severity: 1})
		if got := len(d.list(t, "").Issues); got != n+1 {
			t.Fatalf("%d of %d are listed", got, n+1)
		}
	}
}

// Where Firestore does not tell of a token's time, the list begins anew: the
// embedded one forgets the past when it is started again.
func TestATokenThatFirestoreDoesNotTellOfIsRefused(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	var d *desk
	var token string
	t.Run("before", func(t *testing.T) {
		d = newDesk(t, cloudtest.New(t, suite.Options{Dir: dir}))
		d.rest(t, several(d)...)
		token = d.list(t, "pageSize=1").NextPageToken
		d.rest(t, resting{name: "10", severity: 1})
	})
	if d.Cloud.Firestore == nil {
		t.Skip("only the embedded Firestore forgets")
	}
	d.Cloud = cloudtest.New(t, suite.Options{Dir: dir})
	if _, err := d.Cloud.AddTenant(t.Context(), d.ID, d.Workspace); err != nil {
		t.Fatal(err)
	}
	d.Do(t, "viewer", http.MethodGet, d.path+"/issues?pageSize=1&pageToken="+token, nil).Want(t, http.StatusBadRequest)
	if got := d.list(t, "pageSize=1").titles(); len(got) != 1 {
		t.Errorf("anew it gives %q", got)
	}
}
