package assistant_test

import (
	"context"
	"fmt"
	"net/http"
	"testing"
	"time"

	"cloud.google.com/go/firestore"
	"github.com/google/go-cmp/cmp"

	"github.com/strongroom-dev/strongroom/emulator/cloudtest"
	"github.com/strongroom-dev/strongroom/emulator/suite"
	"github.com/strongroom-dev/strongroom/shared/auditlog"
	"github.com/strongroom-dev/strongroom/shared/issue"
	"github.com/strongroom-dev/strongroom/shared/keys"
	"github.com/strongroom-dev/strongroom/shared/records"
)

// desk is a tenant whose issues rest as the updater would have written them.
type desk struct {
	*cloudtest.Tenant
	db   *firestore.Client
	keys *keys.Tenant
	path string // of its workspace
}

func newDesk(t testing.TB, c *cloudtest.Cloud) *desk {
	t.Helper()
	d := &desk{Tenant: c.Tenant(t)}
	d.path = "/v1/workspaces/" + string(d.Workspace)
	var err error
	if d.db, err = c.Directory.Database(t.Context(), d.Record); err != nil {
		t.Fatal(err)
	}
	if d.keys, err = keys.NewTenants(c.Operator, c.Clock.Now).Of(t.Context(), d.Record, d.db); err != nil {
		t.Fatal(err)
	}
	return d
}

// ownCloud has a clock that may be moved and reads that may be counted.
func ownCloud(t testing.TB) *cloudtest.Cloud {
	t.Helper()
	return cloudtest.New(t, suite.Options{})
}

// noon is when the newest of the seeded issues was seen.
var noon = time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)

// resting is an issue as it rests; ago is when it was last seen, before noon.
type resting struct {
	name     string // also its title
	severity int
	ago      time.Duration
	resolved bool
	ignored  time.Time // until then; zero: not
	runs     int       // 0: two
	task     string    // empty: dns-check
	slx      string    // empty: dns
	resource string    // empty: cluster-1
	steps    string    // its next steps, as JSON in a string
}

func (r resting) id() string { return string(issue.NewCheckID("issue", r.name)) }

func either(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

func (r resting) issue() issue.Issue {
	i := issue.Issue{
		ID: issue.ID(r.id()), Task: either(r.task, "dns-check"), SLX: either(r.slx, "dns"), Resource: either(r.resource, "cluster-1"),
		Severity: r.severity, FirstSeen: noon.Add(-r.ago - time.Hour), LastSeen: noon.Add(-r.ago), LastRun: newID(), LastNumber: 1,
		Sightings: 3, Runs: max(r.runs, 2), StoredState: issue.Open, Since: noon.Add(-r.ago - time.Hour), ResolvedAt: issue.Unresolved,
	}
	i.Check = issue.NewCheckID(i.Task, i.Resource)
	if r.runs == 1 {
		i.Runs, i.StoredState = 1, issue.Detected
	}
	if r.resolved {
		i.StoredState, i.ResolvedAt = issue.Resolved, i.LastSeen.Add(time.Minute)
	}
	if !r.ignored.IsZero() {
		i.Ignoring = &issue.Ignoring{By: "somebody", At: noon, Until: r.ignored}
	}
	return i
}

// rest writes issues and their checks.
func (d *desk) rest(t testing.TB, all ...resting) {
	t.Helper()
	for len(all) > 0 {
		some := all[:min(len(all), 200)]
		all = all[len(some):]
		err := d.db.RunTransaction(t.Context(), func(_ context.Context, tx *firestore.Transaction) error {
			for _, r := range some {
				if err := d.restOne(t, tx, r); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}

func (d *desk) restOne(t testing.TB, tx *firestore.Transaction, r resting) error {
	i := r.issue()
	ref := records.IssueRef(d.db, d.ID, d.Workspace, i.ID)
	line := fmt.Sprintf(`{"severity":%d,"title":%q,"details":"details of %s","nextSteps":%q}`, r.severity, r.name, r.name, r.steps)
	var err error
	if i.Text, err = records.SealIssueText(t.Context(), d.keys.Seal, ref, records.IssueText{Title: r.name, Line: []byte(line)}); err != nil {
		return err
	}
	check := issue.Check{Task: i.Task, SLX: i.SLX, Resource: i.Resource, Runs: 2, Last: issue.LastRun{Run: i.LastRun, Start: i.LastSeen}}
	if err := tx.Set(records.CheckRef(d.db, d.ID, d.Workspace, i.Check), check); err != nil {
		return err
	}
	return tx.Set(ref, i)
}

// listed is a page as the client sees it.
type listed struct {
	AsOf          time.Time
	Issues        []shown
	NextPageToken string
}

type shown struct {
	ID, State, Title, Details string
	NextSteps                 []string
	Severity, Sightings       int
	Unreadable                bool
	Investigated              *struct{ By string }
	Ignored                   *struct{ Until time.Time }
	ResolvedAt                *time.Time
}

func (d *desk) list(t testing.TB, query string) (page listed) {
	t.Helper()
	d.Do(t, "viewer", http.MethodGet, d.path+"/issues?"+query, nil).Want(t, http.StatusOK).JSON(t, &page)
	return page
}

func (p listed) titles() []string {
	titles := []string{}
	for _, i := range p.Issues {
		titles = append(titles, i.Title)
	}
	return titles
}

// turn reads a list page by page.
func (d *desk) turn(t testing.TB, query string, size int) (titles []string, pages int) {
	t.Helper()
	for token := ""; ; {
		page := d.list(t, fmt.Sprintf("%s&pageSize=%d&pageToken=%s", query, size, token))
		if len(page.Issues) > size {
			t.Fatalf("a page of %d has %d issues", size, len(page.Issues))
		}
		titles, pages = append(titles, page.titles()...), pages+1
		if token = page.NextPageToken; token == "" {
			return titles, pages
		}
	}
}

func wantTitles(t testing.TB, got []string, want ...string) {
	t.Helper()
	if diff := cmp.Diff(append([]string{}, want...), append([]string{}, got...)); diff != "" {
		t.Error(diff)
	}
}

const auditKeyName = "projects/" + suite.ProjectID + "/locations/" + suite.Location + "/keyRings/platform/cryptoKeys/audit"

// entries counts the entries of an action on the tenant's log.
func (d *desk) entries(t testing.TB, action auditlog.Action) (n int) {
	t.Helper()
	log, err := auditlog.Open(t.Context(), auditlog.Config{AuditKeyName: auditKeyName}, d.Cloud.Operator, d.Cloud.Clock.Now)
	if err != nil {
		t.Fatal(err)
	}
	for e, err := range log.Entries(t.Context(), d.db, d.ID) {
		if err != nil {
			t.Fatal(err)
		}
		if e.Action == action {
			n++
		}
	}
	return n
}
