package legalholds_test

import (
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"cloud.google.com/go/firestore"
	"cloud.google.com/go/firestore/apiv1/firestorepb"
	"github.com/google/go-cmp/cmp"

	"github.com/strongroom-dev/strongroom/emulator/cloudtest"
	"github.com/strongroom-dev/strongroom/emulator/suite"
	"github.com/strongroom-dev/strongroom/shared/retention"
	"github.com/strongroom-dev/strongroom/shared/tenant"
)

const day = 24 * time.Hour

// everything expires, each class after another time.
var everything = tenant.Retention{SampleDays: 40, IssueDays: 60, ExportDays: 80, RunDays: 100, OutputDays: 90, ExportFileDays: 30}

// retained is a tenant with documents of each class in two workspaces.
type retained struct {
	*cloudtest.Tenant
	db   *firestore.Client
	late bool // URLs cannot be signed, because the clock is days ahead
	runs map[tenant.WorkspaceID][]string
}

func newRetained(t *testing.T, c *cloudtest.Cloud) *retained {
	t.Helper()
	f := &retained{Tenant: c.Tenant(t, "prod", "dev"), runs: map[tenant.WorkspaceID][]string{}}
	var err error
	if f.db, err = c.Operator.Default(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, w := range []tenant.WorkspaceID{"prod", "dev"} {
		f.report(t, w, "disk", true)
		f.report(t, w, "disk", false)
		f.report(t, w, "dns", true) // no run resolves this issue
	}
	f.CreateExport(t, map[string]any{"kinds": []string{"metadata"}})
	c.FinishExports(t)
	c.RunScheduled(t, "sweep")
	return f
}

// report reports a run with an output of one part, a sample, and an issue.
func (f *retained) report(t *testing.T, w tenant.WorkspaceID, task string, finds bool) string {
	t.Helper()
	id := cloudtest.NewRun(t)
	f.runs[w] = append(f.runs[w], id)
	path := "/v1/workspaces/" + string(w) + "/runs/" + id
	now := f.Cloud.Clock.Now().UTC()
	f.Do(t, "runner", http.MethodPut, path, map[string]any{"task": task, "start": now}).Want(t, http.StatusOK)
	report := map[string]any{"end": now, "outcome": "success", "exitCode": 0, "samples": []map[string]any{{"sli": "latency", "time": now, "value": 1}}}
	if !f.late {
		f.store(t, w, id)
		report["outputs"] = []map[string]any{{"name": "out.log", "parts": 1}}
	}
	if finds {
		report["issues"] = []map[string]any{{"line": `{"severity":1,"title":"` + task + ` is broken"}`}}
	}
	f.Do(t, "runner", http.MethodPost, path+"/report", report).Want(t, http.StatusOK)
	f.Cloud.Drain(t)
	f.Cloud.Clock.Advance(time.Minute)
	return id
}

// store stores an output of a run, and the index that readers of large outputs store.
func (f *retained) store(t *testing.T, w tenant.WorkspaceID, id string) {
	t.Helper()
	path := "/v1/workspaces/" + string(w) + "/runs/" + id
	var minted struct{ Parts []cloudtest.Upload }
	f.Do(t, "runner", http.MethodPost, path+"/uploads", map[string]any{"parts": []cloudtest.Part{cloudtest.PartOf("out.log", 1, []byte("x\n"))}}).
		Want(t, http.StatusOK).JSON(t, &minted)
	minted.Parts[0].Put(t, []byte("x\n")).Want(t, http.StatusOK)
	f.Cloud.Drain(t)
	index := f.db.Doc("tenants/" + string(f.ID) + "/workspaces/" + string(w) + "/runs/" + id + "/outputIndexes/out.log.00")
	if _, err := index.Set(t.Context(), map[string]any{"total": 1}); err != nil {
		t.Fatal(err)
	}
}

func (f *retained) set(t *testing.T, r tenant.Retention) {
	t.Helper()
	if err := f.Cloud.SetRetention(t.Context(), f.ID, r); err != nil {
		t.Fatal(err)
	}
}

// expirable are the collections whose documents expire.
var expirable = []string{"exports", "parts", "grants", "issues", "outputIndexes", "runs", "sightings", "series"}

// documents counts the tenant's documents by collection: all, or only those with a time of deletion.
func (f *retained) documents(marked bool) map[string]int {
	counts := map[string]int{}
	f.Cloud.Firestore.Walk(func(_, document string, fields map[string]*firestorepb.Value) bool {
		segments := strings.Split(document, "/")
		collection := segments[len(segments)-2]
		if segments[1] == string(f.ID) && slices.Contains(expirable, collection) && (!marked || fields[retention.Field] != nil) {
			counts[collection]++
		}
		return true
	})
	return counts
}

func (f *retained) want(t *testing.T, when string, marked bool, want map[string]int) {
	t.Helper()
	if diff := cmp.Diff(want, f.documents(marked)); diff != "" {
		t.Errorf("%s (-want +got): %s", when, diff)
	}
}

// counted returns the sums of what is deleted or due, as the days say.
func (f *retained) counted(t *testing.T) map[string]int {
	t.Helper()
	now := f.Cloud.Clock.Now()
	days, err := retention.ReadDays(t.Context(), f.db, f.ID, now.Add(-200*day), now.Add(30*day))
	if err != nil {
		t.Fatal(err)
	}
	counts := map[string]int{}
	for _, d := range days {
		for _, c := range retention.Classes {
			if n := d.Of(c); n != 0 {
				counts[string(c)] += int(n)
			}
		}
	}
	return counts
}

// pass lets the time pass, calls the function, and lets Firestore delete what has expired.
func (f *retained) pass(t *testing.T, days int) {
	t.Helper()
	f.Cloud.Clock.Advance(time.Duration(days) * day)
	f.Cloud.RunScheduled(t, "legal-holds")
	f.Cloud.DeleteExpired(t)
}

func TestDocumentsExpireWhenTheirRetentionEnds(t *testing.T) {
	t.Parallel()
	f := newRetained(t, cloudtest.New(t, suite.Options{}))
	left := f.documents(false)
	if left["issues"] != 4 || left["runs"] != 6 || left["series"] != 6 || left["sightings"] != 4 || left["grants"] != 6 || left["outputIndexes"] != 6 {
		t.Fatalf("the documents are %v", left)
	}
	f.set(t, everything)
	marked := map[string]int{}
	for _, step := range []struct {
		when   string
		days   int
		marked map[string]int // in addition
		gone   []string       // what was marked
	}{
		{when: "before the notice of the samples", days: 32},
		{when: "in the notice of the samples", days: 2, marked: map[string]int{"series": 6}},
		{when: "before the samples expire", days: 5},
		{when: "after the samples expire", days: 2, gone: []string{"series"}},
		{when: "in the notice of the issues", days: 13, marked: map[string]int{"issues": 2}},
		{when: "after the issues expire", days: 8, gone: []string{"issues"}},
		{when: "in the notice of the exports", days: 13, marked: map[string]int{"exports": 1, "parts": left["parts"]}},
		{when: "after the exports expire", days: 8, gone: []string{"exports", "parts"}},
		{when: "in the notice of the runs", days: 12, marked: map[string]int{"runs": 6, "grants": 6, "sightings": 4, "outputIndexes": 6}},
		{when: "after everything expires", days: 8, gone: []string{"runs", "grants", "sightings", "outputIndexes"}},
		{when: "much later", days: 300},
	} {
		f.pass(t, step.days)
		maps.Copy(marked, step.marked)
		for _, collection := range step.gone {
			if left[collection] -= marked[collection]; left[collection] == 0 {
				delete(left, collection)
			}
			delete(marked, collection)
		}
		f.want(t, step.when+", documents", false, left)
		f.want(t, step.when+", marked documents", true, marked)
	}
	if diff := cmp.Diff(map[string]int{"issues": 2}, left); diff != "" {
		t.Errorf("unresolved issues stay: %s", diff)
	}
}

// TestLaw13NothingExpiresUnderAHold: what a hold covers is not deleted, whether the hold is there
// before the notice or is placed in it. Everything else is.
func TestLaw13NothingExpiresUnderAHold(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		hold func(f *retained) map[string]any
		kept map[string]int
	}{
		"the tenant": {func(*retained) map[string]any { return map[string]any{} },
			map[string]int{"exports": 1, "parts": -1, "grants": 6, "issues": 4, "outputIndexes": 6, "runs": 6, "sightings": 4, "series": 6}},
		"a workspace": {func(*retained) map[string]any { return map[string]any{"workspace": "prod"} },
			map[string]int{"exports": 1, "parts": -1, "grants": 3, "issues": 3, "outputIndexes": 3, "runs": 3, "sightings": 2, "series": 3}},
		"a run": {func(f *retained) map[string]any { return map[string]any{"workspace": "prod", "run": f.runs["prod"][0]} },
			map[string]int{"exports": 1, "parts": -1, "grants": 1, "issues": 3, "outputIndexes": 1, "runs": 1, "sightings": 1, "series": 1}},
	} {
		for _, placed := range []string{"before the notice", "in the notice"} {
			t.Run("of "+name+" "+placed, func(t *testing.T) {
				t.Parallel()
				f := newRetained(t, cloudtest.New(t, suite.Options{}))
				all := f.documents(false)
				hold := func() { f.Do(t, "admin", http.MethodPut, "/v1/tenant/holds/case", c.hold(f)).Want(t, http.StatusOK) }
				f.set(t, everything)
				if placed == "before the notice" {
					hold()
				}
				f.pass(t, 0)
				f.Cloud.Clock.Advance(150 * day)
				f.Cloud.RunScheduled(t, "legal-holds")
				if placed == "in the notice" {
					if n := f.documents(true)["runs"]; n != 6 {
						t.Fatalf("%d runs are marked", n)
					}
					hold()
				}
				for range 3 {
					f.pass(t, 6)
				}
				kept := maps.Clone(c.kept)
				kept["parts"] = all["parts"]
				f.want(t, "under the hold, documents", false, kept)
				f.want(t, "under the hold, marked documents", true, map[string]int{})
				f.lift(t)
				f.pass(t, 1)
				f.pass(t, 8)
				f.want(t, "after the hold, documents", false, map[string]int{"issues": 2})
				if diff := cmp.Diff(map[string]int{"exports": 1, "issues": 2, "runs": 6, "samples": 6}, f.counted(t)); diff != "" {
					t.Errorf("what was deleted: %s", diff)
				}
			})
		}
	}
}

func (f *retained) lift(t *testing.T) { (&fixture{Tenant: f.Tenant}).lift(t, "case") }

func TestDocumentsOfOtherTenantsStay(t *testing.T) {
	t.Parallel()
	c := cloudtest.New(t, suite.Options{})
	f, other := newRetained(t, c), newRetained(t, c)
	before := other.documents(false)
	f.set(t, everything)
	f.pass(t, 150)
	f.pass(t, 8)
	f.want(t, "of the tenant", false, map[string]int{"issues": 2})
	other.want(t, "of the other tenant", false, before)
}

func TestALongerRetentionTakesDeletionsBack(t *testing.T) {
	t.Parallel()
	f := newRetained(t, cloudtest.New(t, suite.Options{}))
	before := f.documents(false)
	f.set(t, everything)
	f.pass(t, 150)
	if len(f.documents(true)) != len(expirable) {
		t.Fatalf("marked are %v", f.documents(true))
	}
	for name, r := range map[string]tenant.Retention{"without a retention": {}, "with a longer one": {SampleDays: 300, IssueDays: 300}} {
		f.set(t, r)
		f.pass(t, 6)
		f.want(t, name+", marked documents", true, map[string]int{})
		f.want(t, name+", documents", false, before)
	}
	if got := f.counted(t); len(got) != 0 {
		t.Errorf("counted are %v", got)
	}
}

func TestAnIssueThatComesBackIsNotDue(t *testing.T) {
	t.Parallel()
	f := newRetained(t, cloudtest.New(t, suite.Options{}))
	f.set(t, tenant.Retention{IssueDays: 60})
	f.pass(t, 54)
	f.want(t, "in the notice", true, map[string]int{"issues": 2})
	f.late = true
	f.report(t, "prod", "disk", true)
	f.want(t, "after it came back in one workspace", true, map[string]int{"issues": 1})
	f.pass(t, 8)
	if n := f.documents(false)["issues"]; n != 3 {
		t.Errorf("%d issues are left, want 3", n)
	}
	if diff := cmp.Diff(map[string]int{"issues": 1}, f.counted(t)); diff != "" {
		t.Errorf("what was deleted: %s", diff)
	}
}

func TestRunsThatAreNotProcessedStay(t *testing.T) {
	t.Parallel()
	f := newRetained(t, cloudtest.New(t, suite.Options{}))
	id := f.runs["prod"][0]
	run := f.db.Doc("tenants/" + string(f.ID) + "/workspaces/prod/runs/" + id)
	for name, change := range map[string]firestore.Update{
		"a run that no assistant has processed": {Path: "pending", Value: true},
		"a run whose uploads are not final":     {Path: "grantsFinal", Value: false},
		"a run that has not ended":              {Path: "state", Value: "running"},
	} {
		before, err := run.Get(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if _, err := run.Update(t.Context(), []firestore.Update{change}); err != nil {
			t.Fatal(err)
		}
		f.set(t, everything)
		f.pass(t, 150)
		marked, err := run.Get(t.Context())
		if err != nil || marked.Data()[retention.Field] != nil {
			t.Errorf("%s is due (%v)", name, err)
		}
		if _, err := run.Set(t.Context(), before.Data()); err != nil {
			t.Fatal(err)
		}
		f.set(t, tenant.Retention{})
		f.pass(t, 0)
	}
}
