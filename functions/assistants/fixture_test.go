package assistants_test

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"testing"
	"time"

	"cloud.google.com/go/firestore"
	gocmp "github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/strongroom-dev/strongroom/emulator/cloudtest"
	"github.com/strongroom-dev/strongroom/emulator/suite"
	"github.com/strongroom-dev/strongroom/shared/auditlog"
	"github.com/strongroom-dev/strongroom/shared/issue"
	"github.com/strongroom-dev/strongroom/shared/keys"
	"github.com/strongroom-dev/strongroom/shared/records"
	"github.com/strongroom-dev/strongroom/shared/run"
)

// fixture is a tenant whose issues and SLIs the tests store as a fold would.
type fixture struct {
	*cloudtest.Tenant
	db   *firestore.Client
	keys *keys.Tenant
	base string // path of its workspace
}

func newFixture(t testing.TB, c *cloudtest.Cloud) *fixture {
	t.Helper()
	f := &fixture{Tenant: c.Tenant(t)}
	f.base = "/v1/workspaces/" + string(f.Workspace)
	var err error
	if f.db, err = c.Directory.Database(t.Context(), f.Record); err != nil {
		t.Fatal(err)
	}
	if f.keys, err = keys.NewTenants(c.Operator, c.Clock.Now).Of(t.Context(), f.Record, f.db); err != nil {
		t.Fatal(err)
	}
	return f
}

// ownCloud is a cloud for one test, which may move its clock and count its reads.
func ownCloud(t testing.TB) *cloudtest.Cloud {
	t.Helper()
	return cloudtest.New(t, suite.Options{})
}

// noon is when the newest stored issue was last seen.
var noon = time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)

// issueFixture is an issue to store. It was last seen at noon minus ago.
type issueFixture struct {
	name     string // also its title
	severity int
	ago      time.Duration
	resolved bool
	ignored  time.Time // until then; zero: not
	runs     int       // 0: two
	task     string    // empty: dns-check
	slx      string    // empty: dns
	resource string    // empty: cluster-1
	steps    string    // its next steps, one per line
}

func (r issueFixture) id() string { return string(issue.NewCheckID("issue", r.name)) }

func newID() run.ID {
	id, err := uuid.NewV7()
	if err != nil {
		panic(err)
	}
	return run.ID(id.String())
}

func (r issueFixture) issue() issue.Issue {
	i := issue.Issue{
		ID: issue.ID(r.id()), Task: cmp.Or(r.task, "dns-check"), SLX: cmp.Or(r.slx, "dns"), Resource: cmp.Or(r.resource, "cluster-1"),
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

// storeIssues stores issues and their checks.
func (f *fixture) storeIssues(t testing.TB, all ...issueFixture) {
	t.Helper()
	for len(all) > 0 {
		some := all[:min(len(all), 200)]
		all = all[len(some):]
		err := f.db.RunTransaction(t.Context(), func(_ context.Context, tx *firestore.Transaction) error {
			for _, r := range some {
				if err := f.storeIssue(t, tx, r); err != nil {
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

func (f *fixture) storeIssue(t testing.TB, tx *firestore.Transaction, r issueFixture) error {
	i := r.issue()
	ref := records.IssueRef(f.db, f.ID, f.Workspace, i.ID)
	line := fmt.Sprintf(`{"severity":%d,"title":%q,"details":"details of %s","nextSteps":%q}`, r.severity, r.name, r.name, r.steps)
	var err error
	if i.Text, err = records.SealIssueText(t.Context(), f.keys.Seal, ref, records.IssueText{Title: r.name, Line: []byte(line)}); err != nil {
		return err
	}
	check := issue.Check{Task: i.Task, SLX: i.SLX, Resource: i.Resource, Runs: 2, Last: issue.LastRun{Run: i.LastRun, Start: i.LastSeen}}
	if err := tx.Set(records.CheckRef(f.db, f.ID, f.Workspace, i.Check), check); err != nil {
		return err
	}
	return tx.Set(ref, i)
}

// issueList is a page of a list in the API.
type issueList struct {
	AsOf          time.Time
	Issues        []issueAnswer
	NextPageToken string
}

type issueAnswer struct {
	ID, State, Title, Details string
	NextSteps                 []string
	Severity, Sightings       int
	Unreadable                bool
	Investigated              *struct{ By string }
	Ignored                   *struct {
		Until  time.Time
		Reason string
	}
	ResolvedAt *time.Time
}

func (f *fixture) listIssues(t testing.TB, query string) (page issueList) {
	t.Helper()
	f.Search(t, "viewer", f.base+"/issues", query).Want(t, http.StatusOK).JSON(t, &page)
	return page
}

func (p issueList) titles() []string {
	titles := []string{}
	for _, i := range p.Issues {
		titles = append(titles, i.Title)
	}
	return titles
}

// listAll reads all pages of a list.
func (f *fixture) listAll(t testing.TB, query string, size int) (titles []string, pages int) {
	t.Helper()
	for token := ""; ; {
		page := f.listIssues(t, fmt.Sprintf("%s&pageSize=%d&pageToken=%s", query, size, token))
		if len(page.Issues) > size {
			t.Fatalf("a page of %d has %d issues", size, len(page.Issues))
		}
		titles, pages = append(titles, page.titles()...), pages+1
		if token = page.NextPageToken; token == "" {
			return titles, pages
		}
	}
}

func wantList(t testing.TB, got []string, want ...string) {
	t.Helper()
	if diff := gocmp.Diff(append([]string{}, want...), append([]string{}, got...)); diff != "" {
		t.Error(diff)
	}
}

const auditKeyName = "projects/" + suite.ProjectID + "/locations/" + suite.Location + "/keyRings/platform/cryptoKeys/audit"

// countEntries counts the entries of an action in the tenant's audit log.
func (f *fixture) countEntries(t testing.TB, action auditlog.Action) (n int) {
	t.Helper()
	log, err := auditlog.OpenReader(t.Context(), auditlog.Config{AuditKeyName: auditKeyName}, f.Cloud.Operator, f.Cloud.Clock.Now)
	if err != nil {
		t.Fatal(err)
	}
	for e, err := range log.Entries(t.Context(), f.db, f.ID) {
		if err != nil {
			t.Fatal(err)
		}
		if e.Action == action {
			n++
		}
	}
	return n
}
