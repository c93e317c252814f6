package assistant_test

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"cloud.google.com/go/firestore"
	"cloud.google.com/go/kms/apiv1/kmspb"

	"github.com/google/go-cmp/cmp"

	"github.com/strongroom-dev/strongroom/emulator/cloudtest"
	"github.com/strongroom-dev/strongroom/emulator/kms"
	"github.com/strongroom-dev/strongroom/emulator/suite"
	"github.com/strongroom-dev/strongroom/shared/auditlog"
	"github.com/strongroom-dev/strongroom/shared/issue"
	"github.com/strongroom-dev/strongroom/shared/records"
)

func (d *desk) get(t testing.TB, name string) (i shown) {
	t.Helper()
	d.Do(t, "viewer", http.MethodGet, d.path+"/issues/"+resting{name: name}.id(), nil).Want(t, http.StatusOK).JSON(t, &i)
	return i
}

// act posts a person's word on an issue.
func (d *desk) act(t testing.TB, persona, name, what string, body any) cloudtest.Response {
	t.Helper()
	return d.Do(t, persona, http.MethodPost, d.path+"/issues/"+resting{name: name}.id()+"/"+what, body)
}

func until(at time.Time) map[string]any { return map[string]any{"until": at} }

func TestAnIssueIsReadWithItsNextSteps(t *testing.T) {
	t.Parallel()
	d := newDesk(t, cloudtest.Shared(t))
	d.rest(t, resting{name: "DNS is slow", severity: 2, steps: "Check DNS resolution\n- Look at the logs"})
	got := d.get(t, "DNS is slow")
	want := shown{
		ID: resting{name: "DNS is slow"}.id(), State: "open", Title: "DNS is slow", Details: "details of DNS is slow",
		NextSteps: []string{"Check DNS resolution", "Look at the logs"}, Severity: 2, Sightings: 3,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestAnIssueIsNotFound(t *testing.T) {
	t.Parallel()
	c := cloudtest.Shared(t)
	d, other := newDesk(t, c), newDesk(t, c)
	other.rest(t, resting{name: "theirs", severity: 1})
	theirs := d.path + "/issues/" + resting{name: "theirs"}.id()
	d.Do(t, "admin", http.MethodGet, theirs, nil).Want(t, http.StatusNotFound)
	d.Do(t, "admin", http.MethodPost, theirs+"/investigate", nil).Want(t, http.StatusNotFound)
	d.Do(t, "admin", http.MethodPost, theirs+"/ignore", until(far(d))).Want(t, http.StatusNotFound)
	d.Do(t, "admin", http.MethodGet, d.path+"/issues/SHOUTING", nil).Want(t, http.StatusBadRequest)
	wantTitles(t, d.list(t, "").titles())
	wantTitles(t, other.list(t, "state=open").titles(), "theirs")
}

// A text moved from one issue to another does not open, and hides no other.
func TestATextThatWasMovedIsMarked(t *testing.T) {
	t.Parallel()
	d := newDesk(t, cloudtest.Shared(t))
	d.rest(t, resting{name: "a", severity: 1}, resting{name: "b", severity: 2})
	from := records.IssueRef(d.db, d.ID, d.Workspace, issue.ID(resting{name: "a"}.id()))
	to := records.IssueRef(d.db, d.ID, d.Workspace, issue.ID(resting{name: "b"}.id()))
	doc, err := from.Get(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := to.Update(t.Context(), []firestore.Update{{Path: "text", Value: doc.Data()["text"]}}); err != nil {
		t.Fatal(err)
	}
	page := d.list(t, "")
	wantTitles(t, page.titles(), "a", "")
	if !page.Issues[1].Unreadable {
		t.Error("it is not marked")
	}
}

func TestAPersonInvestigates(t *testing.T) {
	t.Parallel()
	d := newDesk(t, cloudtest.Shared(t))
	d.rest(t, resting{name: "a", severity: 1, steps: "look"}, resting{name: "gone", severity: 1, resolved: true})
	for range 2 { // the second changes nothing
		var got shown
		d.act(t, "viewer", "a", "investigate", nil).Want(t, http.StatusOK).JSON(t, &got)
		if got.State != "investigated" || got.Investigated == nil || got.Title != "" {
			t.Errorf("got %+v", got)
		}
	}
	if n := d.entries(t, auditlog.InvestigateIssue); n != 1 {
		t.Errorf("%d entries are on record", n)
	}
	if got := d.get(t, "a"); got.Title != "a" || got.Sightings != 3 || got.State != "investigated" {
		t.Errorf("of the issue is left %+v", got)
	}
	wantTitles(t, d.list(t, "state=investigated").titles(), "a")
	d.act(t, "viewer", "gone", "investigate", nil).Want(t, http.StatusConflict)
	d.act(t, "auditor", "a", "investigate", nil).Want(t, http.StatusForbidden)
}

func TestAPersonIgnores(t *testing.T) {
	t.Parallel()
	d := newDesk(t, cloudtest.Shared(t))
	now := d.Cloud.Clock.Now()
	d.rest(t, resting{name: "a", severity: 1})
	for what, body := range map[string]any{
		"more than a year":  until(now.Add(367 * 24 * time.Hour)),
		"no time":           map[string]any{},
		"no body":           nil,
		"a word":            map[string]any{"until": "tomorrow"},
		"something besides": map[string]any{"until": far(d), "by": "somebody"},
		"before 1970":       until(time.Date(1, 2, 3, 0, 0, 0, 0, time.UTC)),
	} {
		if r := d.act(t, "viewer", "a", "ignore", body); r.Status != http.StatusUnprocessableEntity && r.Status != http.StatusBadRequest {
			t.Errorf("%s: status %d: %s", what, r.Status, r.Body)
		}
	}
	if got := d.get(t, "a"); got.Ignored != nil {
		t.Fatalf("something was written: %+v", got)
	}
	for range 2 {
		d.act(t, "viewer", "a", "ignore", until(far(d).Truncate(time.Second))).Want(t, http.StatusOK)
	}
	if got := d.get(t, "a"); got.State != "ignored" || d.entries(t, auditlog.IgnoreIssue) != 1 {
		t.Errorf("the state is %s, and %d entries are on record", got.State, d.entries(t, auditlog.IgnoreIssue))
	}
	for range 2 { // a time that is past ends it
		d.act(t, "admin", "a", "ignore", until(now.Add(-time.Hour))).Want(t, http.StatusOK)
	}
	if got := d.get(t, "a"); got.State != "open" || d.entries(t, auditlog.IgnoreIssue) != 2 {
		t.Errorf("the state is %s, and %d entries are on record", got.State, d.entries(t, auditlog.IgnoreIssue))
	}
}

func TestIgnoringRunsOutByItself(t *testing.T) {
	t.Parallel()
	c := ownCloud(t)
	d := newDesk(t, c)
	d.rest(t, resting{name: "a", severity: 1}, resting{name: "b", severity: 2})
	d.act(t, "viewer", "a", "ignore", until(c.Clock.Now().Add(time.Hour))).Want(t, http.StatusOK)
	wantTitles(t, d.list(t, "").titles(), "b", "a")
	wantTitles(t, d.list(t, "state=ignored").titles(), "a")
	c.Clock.Advance(time.Hour + time.Second)
	wantTitles(t, d.list(t, "").titles(), "a", "b")
	wantTitles(t, d.list(t, "state=ignored").titles())
	if got := d.get(t, "a"); got.State != "open" {
		t.Errorf("it is %s", got.State)
	}
}

// Law 3: a disabled key is unreadable within minutes, and others notice nothing.
func TestLaw3ADisabledKeyClosesTheText(t *testing.T) {
	t.Parallel()
	c := ownCloud(t)
	d, other := newDesk(t, c), newDesk(t, c)
	for _, desk := range []*desk{d, other} {
		desk.rest(t, resting{name: "a", severity: 1})
		desk.Do(t, "admin", http.MethodPut, desk.path+"/assistants/edgar", map[string]any{"name": "Edgar"}).Want(t, http.StatusOK)
		desk.list(t, "")
	}
	c.SwitchKey(t, d.KeyName, kmspb.CryptoKeyVersion_DISABLED)
	c.Clock.Advance(5*time.Minute + time.Second)
	paths := []string{"/issues", "/issues/" + resting{name: "a"}.id(), "/assistants/edgar"}
	for _, path := range paths {
		got := d.Do(t, "viewer", http.MethodGet, d.path+path, nil).Want(t, http.StatusForbidden)
		var problem struct{ Detail string }
		got.JSON(t, &problem)
		if problem.Detail != "the tenant's key is disabled or destroyed; ask the tenant's administrator" {
			t.Errorf("%s: %q", path, problem.Detail)
		}
		other.Do(t, "viewer", http.MethodGet, other.path+path, nil).Want(t, http.StatusOK)
	}
	d.Do(t, "admin", http.MethodPut, d.path+"/assistants/edgar", map[string]any{"name": "Edgar"}).Want(t, http.StatusForbidden)
	d.act(t, "viewer", "a", "investigate", nil).Want(t, http.StatusOK) // opens nothing
	c.SwitchKey(t, d.KeyName, kmspb.CryptoKeyVersion_ENABLED)
	for _, path := range paths {
		d.Do(t, "viewer", http.MethodGet, d.path+path, nil).Want(t, http.StatusOK)
	}
}

// Law 3: what a destroyed key sealed is gone for good, by every path, and nothing
// of another tenant's.
func TestLaw3ADestroyedKeyClosesTheTextForEver(t *testing.T) {
	t.Parallel()
	c := ownCloud(t)
	d, other := newDesk(t, c), newDesk(t, c)
	all := []resting{
		{name: "a", severity: 1}, {name: "b", severity: 4, resolved: true}, {name: "c", severity: 2, ignored: c.Clock.Now().Add(99 * 24 * time.Hour)},
	}
	for _, desk := range []*desk{d, other} {
		desk.rest(t, all...)
		desk.edgar(t, 0.5, "read-only")
	}
	version := d.KeyName + "/cryptoKeyVersions/1"
	ctx := kms.As(t.Context(), suite.OperatorAccount)
	if _, err := c.KMS.DestroyCryptoKeyVersion(ctx, &kmspb.DestroyCryptoKeyVersionRequest{Name: version}); err != nil {
		t.Fatal(err)
	}
	c.Clock.Advance(25 * time.Hour)
	if _, err := c.KMS.RestoreCryptoKeyVersion(ctx, &kmspb.RestoreCryptoKeyVersionRequest{Name: version}); err == nil {
		t.Error("a destroyed key is restored")
	}
	for _, path := range []string{"/issues", "/issues?state=standing", "/issues?state=resolved", "/issues?state=ignored", "/assistants/edgar",
		"/issues/" + all[0].id(), "/issues/" + all[1].id(), "/issues/" + all[2].id()} {
		d.Do(t, "viewer", http.MethodGet, d.path+path, nil).Want(t, http.StatusForbidden)
	}
	wantTitles(t, other.list(t, "").titles(), "a", "c", "b")
	for _, r := range all {
		if got := other.get(t, r.name); got.Title != r.name || got.Details != "details of "+r.name {
			t.Errorf("of the other tenant's %s is read %+v", r.name, got)
		}
	}
	if got := other.ask(t); got.Name != "Eager Edgar" {
		t.Errorf("the other tenant's assistant is named %q", got.Name)
	}
}

// What a page costs does not depend on what else there is.
func TestAPageCostsTheSameInALargeWorkspace(t *testing.T) {
	t.Parallel()
	c := ownCloud(t)
	if c.Firestore == nil {
		t.Skip("only the embedded Firestore counts")
	}
	cost := map[int]int64{}
	for _, issues := range []int{10, 1000} {
		d := newDesk(t, c)
		d.rest(t, manyStanding(issues)...)
		d.list(t, "pageSize=10") // whoever asks is known from here on
		before := c.Firestore.Counts()
		if got := d.list(t, "pageSize=10"); len(got.Issues) != 10 {
			t.Fatalf("the page has %d issues", len(got.Issues))
		}
		cost[issues] = c.Firestore.Counts().Reads - before.Reads
	}
	if cost[10] != cost[1000] || cost[10] > 15 {
		t.Errorf("reads by issues: %v", cost)
	}
}

// manyStanding are issues that stand, as many of each severity, of ten checks.
func manyStanding(n int) (all []resting) {
	for i := range n {
		all = append(all, resting{
			name: fmt.Sprint("issue ", i), severity: 1 + i%4, ago: time.Duration(i) * time.Minute,
			task: fmt.Sprint("task-", i%10), slx: fmt.Sprint("slx-", i%3), steps: "Fetch deployment logs",
		})
	}
	return all
}
