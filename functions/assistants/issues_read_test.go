package assistants_test

import (
	"fmt"
	"net/http"
	"strings"
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

func (f *fixture) getIssue(t testing.TB, name string) (i issueAnswer) {
	t.Helper()
	f.Do(t, "viewer", http.MethodGet, f.base+"/issues/"+issueFixture{name: name}.id(), nil).Want(t, http.StatusOK).JSON(t, &i)
	return i
}

// annotate investigates or ignores an issue.
func (f *fixture) annotate(t testing.TB, persona, name, what string, body any) cloudtest.Response {
	t.Helper()
	return f.Do(t, persona, http.MethodPost, f.base+"/issues/"+issueFixture{name: name}.id()+"/"+what, body)
}

func until(at time.Time) map[string]any { return map[string]any{"until": at} }

func TestAnIssueIsReadWithItsNextSteps(t *testing.T) {
	t.Parallel()
	f := newFixture(t, cloudtest.Shared(t))
	f.storeIssues(t, issueFixture{name: "DNS is slow", severity: 2, steps: "Check DNS resolution\n- Look at the logs"})
	got := f.getIssue(t, "DNS is slow")
	want := issueAnswer{
		ID: issueFixture{name: "DNS is slow"}.id(), State: "open", Title: "DNS is slow", Details: "details of DNS is slow",
		NextSteps: []string{"Check DNS resolution", "Look at the logs"}, Severity: 2, Sightings: 3,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestAnIssueIsNotFound(t *testing.T) {
	t.Parallel()
	c := cloudtest.Shared(t)
	f, other := newFixture(t, c), newFixture(t, c)
	other.storeIssues(t, issueFixture{name: "theirs", severity: 1})
	theirs := f.base + "/issues/" + issueFixture{name: "theirs"}.id()
	f.Do(t, "admin", http.MethodGet, theirs, nil).Want(t, http.StatusNotFound)
	f.Do(t, "admin", http.MethodPost, theirs+"/investigate", nil).Want(t, http.StatusNotFound)
	f.Do(t, "admin", http.MethodPost, theirs+"/ignore", until(farFuture(f))).Want(t, http.StatusNotFound)
	f.Do(t, "admin", http.MethodGet, f.base+"/issues/SHOUTING", nil).Want(t, http.StatusBadRequest)
	wantList(t, f.listIssues(t, "").titles())
	wantList(t, other.listIssues(t, "state=open").titles(), "theirs")
}

// A text that is moved to another issue cannot be decrypted. Other issues are shown.
func TestATextOfAnotherIssueIsMarkedUnreadable(t *testing.T) {
	t.Parallel()
	f := newFixture(t, cloudtest.Shared(t))
	f.storeIssues(t, issueFixture{name: "a", severity: 1}, issueFixture{name: "b", severity: 2})
	from := records.IssueRef(f.db, f.ID, f.Workspace, issue.ID(issueFixture{name: "a"}.id()))
	to := records.IssueRef(f.db, f.ID, f.Workspace, issue.ID(issueFixture{name: "b"}.id()))
	doc, err := from.Get(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := to.Update(t.Context(), []firestore.Update{{Path: "text", Value: doc.Data()["text"]}}); err != nil {
		t.Fatal(err)
	}
	page := f.listIssues(t, "")
	wantList(t, page.titles(), "a", "")
	if !page.Issues[1].Unreadable {
		t.Error("it is not marked")
	}
}

func TestAnIssueIsInvestigated(t *testing.T) {
	t.Parallel()
	f := newFixture(t, cloudtest.Shared(t))
	f.storeIssues(t, issueFixture{name: "a", severity: 1, steps: "look"}, issueFixture{name: "gone", severity: 1, resolved: true})
	for range 2 { // the second changes nothing
		var got issueAnswer
		f.annotate(t, "viewer", "a", "investigate", nil).Want(t, http.StatusOK).JSON(t, &got)
		if got.State != "investigated" || got.Investigated == nil || got.Title != "" {
			t.Errorf("got %+v", got)
		}
	}
	if n := f.countEntries(t, auditlog.InvestigateIssue); n != 1 {
		t.Errorf("%d entries are in the audit log", n)
	}
	if got := f.getIssue(t, "a"); got.Title != "a" || got.Sightings != 3 || got.State != "investigated" {
		t.Errorf("the issue is now %+v", got)
	}
	wantList(t, f.listIssues(t, "state=investigated").titles(), "a")
	f.annotate(t, "viewer", "gone", "investigate", nil).Want(t, http.StatusConflict)
	f.annotate(t, "auditor", "a", "investigate", nil).Want(t, http.StatusForbidden)
}

func TestAnIssueIsIgnored(t *testing.T) {
	t.Parallel()
	f := newFixture(t, cloudtest.Shared(t))
	now := f.Cloud.Clock.Now()
	f.storeIssues(t, issueFixture{name: "a", severity: 1})
	for what, body := range map[string]any{
		"more than a year": until(now.Add(367 * 24 * time.Hour)),
		"no time":          map[string]any{},
		"no body":          nil,
		"a word as a time": map[string]any{"until": "tomorrow"},
		"an unknown field": map[string]any{"until": farFuture(f), "by": "somebody"},
		"before 1970":      until(time.Date(1, 2, 3, 0, 0, 0, 0, time.UTC)),
	} {
		if r := f.annotate(t, "viewer", "a", "ignore", body); r.Status != http.StatusUnprocessableEntity && r.Status != http.StatusBadRequest {
			t.Errorf("%s: status %d: %s", what, r.Status, r.Body)
		}
	}
	if got := f.getIssue(t, "a"); got.Ignored != nil {
		t.Fatalf("an invalid request changed the issue: %+v", got)
	}
	end := until(farFuture(f).Truncate(time.Second))
	for range 2 {
		f.annotate(t, "viewer", "a", "ignore", end).Want(t, http.StatusOK)
	}
	if got := f.getIssue(t, "a"); got.State != "ignored" || f.countEntries(t, auditlog.IgnoreIssue) != 1 {
		t.Errorf("the state is %s, and %d entries are in the audit log", got.State, f.countEntries(t, auditlog.IgnoreIssue))
	}
	for range 2 { // a time in the past ends the ignoring
		f.annotate(t, "admin", "a", "ignore", until(now.Add(-time.Hour))).Want(t, http.StatusOK)
	}
	if got := f.getIssue(t, "a"); got.State != "open" || f.countEntries(t, auditlog.IgnoreIssue) != 2 {
		t.Errorf("the state is %s, and %d entries are in the audit log", got.State, f.countEntries(t, auditlog.IgnoreIssue))
	}
}

func TestTheReasonOfAnIgnoredIssueIsSealed(t *testing.T) {
	t.Parallel()
	c := ownCloud(t)
	f := newFixture(t, c)
	f.storeIssues(t, issueFixture{name: "a", severity: 1}, issueFixture{name: "b", severity: 1})
	const first, second = "waits for the new disk: first", "waits for the new disk: second"
	canary := c.Watch(first)
	end := farFuture(f).Truncate(time.Second)
	for _, reason := range []string{first, first, second} {
		r := f.annotate(t, "viewer", "a", "ignore", map[string]any{"until": end, "reason": reason}).Want(t, http.StatusOK)
		if strings.Contains(string(r.Body), reason) {
			t.Errorf("the response has the reason: %s", r.Body)
		}
	}
	if got := f.countEntries(t, auditlog.IgnoreIssue); got != 2 {
		t.Errorf("%d entries are in the audit log, want one for each reason", got)
	}
	if got := f.getIssue(t, "a"); got.Ignored == nil || got.Ignored.Reason != second {
		t.Errorf("the issue is %+v", got)
	}
	if r := f.Search(t, "viewer", f.base+"/issues", "state=ignored"); !strings.Contains(string(r.Body), second) {
		t.Errorf("the list has no reason: %s", r.Body)
	}
	f.annotate(t, "viewer", "a", "ignore", until(end.Add(-time.Hour))).Want(t, http.StatusOK)
	if got := f.getIssue(t, "a"); got.Ignored.Reason != "" {
		t.Errorf("the old reason remains: %+v", got.Ignored)
	}
	f.annotate(t, "viewer", "b", "ignore", map[string]any{"until": end, "reason": first}).Want(t, http.StatusOK)
	if got := canary.Search(t); got == 0 {
		t.Error("no document was searched")
	}
	f.annotate(t, "viewer", "a", "ignore", map[string]any{"until": end, "reason": strings.Repeat("x", 1001)}).Want(t, http.StatusUnprocessableEntity)
}

func TestIgnoringEndsByItself(t *testing.T) {
	t.Parallel()
	c := ownCloud(t)
	f := newFixture(t, c)
	f.storeIssues(t, issueFixture{name: "a", severity: 1}, issueFixture{name: "b", severity: 2})
	f.annotate(t, "viewer", "a", "ignore", until(c.Clock.Now().Add(time.Hour))).Want(t, http.StatusOK)
	wantList(t, f.listIssues(t, "").titles(), "b", "a")
	wantList(t, f.listIssues(t, "state=ignored").titles(), "a")
	c.Clock.Advance(time.Hour + time.Second)
	wantList(t, f.listIssues(t, "").titles(), "a", "b")
	wantList(t, f.listIssues(t, "state=ignored").titles())
	if got := f.getIssue(t, "a"); got.State != "open" {
		t.Errorf("it is %s", got.State)
	}
}

// Law 3: if a key is disabled, text is unreadable within minutes. Other tenants are
// unaffected.
func TestLaw3ADisabledKeyMakesTextUnreadable(t *testing.T) {
	t.Parallel()
	c := ownCloud(t)
	f, other := newFixture(t, c), newFixture(t, c)
	for _, each := range []*fixture{f, other} {
		each.storeIssues(t, issueFixture{name: "a", severity: 1})
		each.Do(t, "admin", http.MethodPut, each.base+"/assistants/edgar", map[string]any{"name": "Edgar"}).Want(t, http.StatusOK)
		each.listIssues(t, "")
	}
	c.SetKeyState(t, f.KeyName, kmspb.CryptoKeyVersion_DISABLED)
	c.Clock.Advance(5*time.Minute + time.Second)
	reads := []func(*fixture) cloudtest.Response{
		func(f *fixture) cloudtest.Response { return f.Search(t, "viewer", f.base+"/issues", "") },
		func(f *fixture) cloudtest.Response {
			return f.Do(t, "viewer", http.MethodGet, f.base+"/issues/"+issueFixture{name: "a"}.id(), nil)
		},
		func(f *fixture) cloudtest.Response {
			return f.Do(t, "viewer", http.MethodGet, f.base+"/assistants/edgar", nil)
		},
	}
	for n, read := range reads {
		got := read(f).Want(t, http.StatusForbidden)
		var problem struct{ Detail string }
		got.JSON(t, &problem)
		if problem.Detail != "the tenant's key is disabled or destroyed; ask the tenant's administrator" {
			t.Errorf("read %d: %q", n, problem.Detail)
		}
		read(other).Want(t, http.StatusOK)
	}
	f.Do(t, "admin", http.MethodPut, f.base+"/assistants/edgar", map[string]any{"name": "Edgar"}).Want(t, http.StatusForbidden)
	f.annotate(t, "viewer", "a", "investigate", nil).Want(t, http.StatusOK) // does not open the text
	c.SetKeyState(t, f.KeyName, kmspb.CryptoKeyVersion_ENABLED)
	for _, read := range reads {
		read(f).Want(t, http.StatusOK)
	}
}

// Law 3: if a key is destroyed, no request returns what it sealed. Other tenants are
// unaffected.
func TestLaw3ADestroyedKeyMakesTextUnreadableForever(t *testing.T) {
	t.Parallel()
	c := ownCloud(t)
	f, other := newFixture(t, c), newFixture(t, c)
	all := []issueFixture{
		{name: "a", severity: 1}, {name: "b", severity: 4, resolved: true}, {name: "c", severity: 2, ignored: c.Clock.Now().Add(99 * 24 * time.Hour)},
	}
	for _, each := range []*fixture{f, other} {
		each.storeIssues(t, all...)
		each.setEdgar(t, 0.5, "read-only")
	}
	version := f.KeyName + "/cryptoKeyVersions/1"
	ctx := kms.As(t.Context(), suite.OperatorAccount)
	if _, err := c.KMS.DestroyCryptoKeyVersion(ctx, &kmspb.DestroyCryptoKeyVersionRequest{Name: version}); err != nil {
		t.Fatal(err)
	}
	c.Clock.Advance(25 * time.Hour)
	if _, err := c.KMS.RestoreCryptoKeyVersion(ctx, &kmspb.RestoreCryptoKeyVersionRequest{Name: version}); err == nil {
		t.Error("a destroyed key is restored")
	}
	for _, filters := range []string{"", "state=active", "state=resolved", "state=ignored"} {
		f.Search(t, "viewer", f.base+"/issues", filters).Want(t, http.StatusForbidden)
	}
	for _, path := range []string{"/assistants/edgar", "/issues/" + all[0].id(), "/issues/" + all[1].id(), "/issues/" + all[2].id()} {
		f.Do(t, "viewer", http.MethodGet, f.base+path, nil).Want(t, http.StatusForbidden)
	}
	wantList(t, other.listIssues(t, "").titles(), "a", "c", "b")
	for _, r := range all {
		if got := other.getIssue(t, r.name); got.Title != r.name || got.Details != "details of "+r.name {
			t.Errorf("the other tenant's %s is %+v", r.name, got)
		}
	}
	if got := other.askEdgar(t); got.Name != "Eager Edgar" {
		t.Errorf("the other tenant's assistant is named %q", got.Name)
	}
}

// The cost of a page does not grow with the workspace. A small workspace has pages that are
// not full of the first severity, for which one more document is read for each other kind.
func TestAPageCostsTheSameInALargeWorkspace(t *testing.T) {
	t.Parallel()
	c := ownCloud(t)
	if c.Firestore == nil {
		t.Skip("only the embedded Firestore counts")
	}
	cost := map[int]int64{}
	for _, issues := range []int{10, 1000} {
		f := newFixture(t, c)
		f.storeIssues(t, manyActiveIssues(issues)...)
		f.listIssues(t, "pageSize=10") // from now on, the caller and the tenant are cached
		before := c.Firestore.Counts()
		if got := f.listIssues(t, "pageSize=10"); len(got.Issues) != 10 {
			t.Fatalf("the page has %d issues", len(got.Issues))
		}
		cost[issues] = c.Firestore.Counts().Reads - before.Reads
	}
	if cost[1000] > cost[10] || cost[10] > 18 {
		t.Errorf("reads by issues: %v", cost)
	}
}

// manyActiveIssues are n active issues of ten checks, of all severities.
func manyActiveIssues(n int) (all []issueFixture) {
	for i := range n {
		all = append(all, issueFixture{
			name: fmt.Sprint("issue ", i), severity: 1 + i%4, ago: time.Duration(i) * time.Minute,
			task: fmt.Sprint("task-", i%10), slx: fmt.Sprint("slx-", i%3), steps: "Fetch deployment logs",
		})
	}
	return all
}
