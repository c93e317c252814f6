package assistantupdate_test

import (
	"testing"
	"time"

	"github.com/strongroom-dev/strongroom/shared/event"
	"github.com/strongroom-dev/strongroom/shared/issue"
	"github.com/strongroom-dev/strongroom/shared/records"
	"github.com/strongroom-dev/strongroom/shared/run"
)

func TestAnIssueAges(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		runs []reportedRun
		want issue.State
	}{
		"seen once it is detected":                             {[]reportedRun{runAt(0, run.Failure, "a")}, issue.Detected},
		"seen by two runs it is open":                          {[]reportedRun{runAt(0, run.Failure, "a"), runAt(1, run.Failure, "a")}, issue.Open},
		"a success without it resolves it":                     {[]reportedRun{runAt(0, run.Failure, "a"), runAt(1, run.Success)}, issue.Resolved},
		"a failure for another reason resolves it":             {[]reportedRun{runAt(0, run.Failure, "a"), runAt(1, run.Failure, "b")}, issue.Resolved},
		"a task that broke does not resolve it":                {[]reportedRun{runAt(0, run.Failure, "a"), runAt(1, run.Error)}, issue.Detected},
		"a task that was too slow does not resolve it":         {[]reportedRun{runAt(0, run.Failure, "a"), runAt(1, run.Timeout)}, issue.Detected},
		"it comes back":                                        {[]reportedRun{runAt(0, run.Failure, "a"), runAt(1, run.Success), runAt(2, run.Failure, "a")}, issue.Reopened},
		"it comes back and goes":                               {[]reportedRun{runAt(0, run.Failure, "a"), runAt(1, run.Success), runAt(2, run.Failure, "a"), runAt(3, run.Success)}, issue.Resolved},
		"a late sighting from before its resolution":           {[]reportedRun{runAt(0, run.Failure, "a"), runAt(5, run.Success), runAt(3, run.Failure, "a")}, issue.Resolved},
		"a late success from before its newest sighting":       {[]reportedRun{runAt(5, run.Failure, "a"), runAt(3, run.Success)}, issue.Detected},
		"a late success from between two of its sightings":     {[]reportedRun{runAt(0, run.Failure, "a"), runAt(5, run.Failure, "a"), runAt(3, run.Success)}, issue.Reopened},
		"a late first sighting, before the run that was clean": {[]reportedRun{runAt(3, run.Success), runAt(0, run.Failure, "a")}, issue.Resolved},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newFixture(t)
			w.storeAndDeliver(t, c.runs...)
			i := w.issue(t, "a")
			if i.StoredState != c.want || i.State(time.Now()) != c.want {
				t.Errorf("its stored state is %s, and now it is %s; want %s", i.StoredState, i.State(time.Now()), c.want)
			}
			if n := w.countPending(t.Context(), t); n != 0 {
				t.Errorf("%d runs are pending", n)
			}
		})
	}
}

func TestTheNewestSightingDecidesTextAndSeverity(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	older, newer := runAt(1, run.Failure, "a"), runAt(2, run.Failure, "a")
	older.findings[0] = finding{"a", 1, `"title":"older"`}
	newer.findings[0] = finding{"a", 3, `"title":"newer"`}
	for _, r := range []reportedRun{newer, older} {
		w.storeAndDeliver(t, r)
		if i := w.issue(t, "a"); i.Severity != 3 || !i.LastSeen.Equal(newer.start) {
			t.Errorf("severity %d, last seen %v", i.Severity, i.LastSeen)
		}
		text := w.text(t, "a")
		if text.Title != "newer" || string(text.Line) != `{"severity":3,"fingerprint":"a","title":"newer"}` {
			t.Errorf("its text is %q %q", text.Title, text.Line)
		}
	}
	if i := w.issue(t, "a"); i.Sightings != 2 || !i.FirstSeen.Equal(older.start) {
		t.Errorf("%d sightings, first seen %v", i.Sightings, i.FirstSeen)
	}
}

func TestAnEventCountsOnce(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	r := runAt(0, run.Failure, "a", "a", "b")
	w.storeReports(t, r)
	w.deliver(t, r, r, r)
	if i := w.issue(t, "a"); i.Sightings != 2 || i.Runs != 1 {
		t.Errorf("%d sightings by %d runs, want 2 by 1", i.Sightings, i.Runs)
	}
	if n := w.check(t).Runs; n != 1 {
		t.Errorf("the check has %d runs", n)
	}
}

func TestAFoldKeepsWhatPeopleSet(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	w.storeAndDeliver(t, runAt(0, run.Failure, "a"))
	until := time.Now().Add(time.Hour).UTC().Truncate(time.Microsecond)
	edited := w.issue(t, "a").Ignore("ann", time.Now(), until, []byte("a sealed reason")).Investigate("bob", time.Now())
	if _, err := records.IssueRef(w.db, w.ID, w.Workspace, edited.ID).Set(t.Context(), edited); err != nil {
		t.Fatal(err)
	}
	w.storeAndDeliver(t, runAt(1, run.Failure, "a"))
	i := w.issue(t, "a")
	if i.Ignoring == nil || !i.Ignoring.Until.Equal(until) || i.Investigation == nil || i.Investigation.By != "bob" {
		t.Fatalf("what people set is gone: %+v %+v", i.Ignoring, i.Investigation)
	}
	if string(i.IgnoreReason) != "a sealed reason" {
		t.Errorf("the reason is %q", i.IgnoreReason)
	}
	if got := i.State(until.Add(-time.Second)); got != issue.Ignored {
		t.Errorf("before the end it is %s", got)
	}
	if got := i.State(until); got != issue.Investigated {
		t.Errorf("after the end it is %s", got)
	}
	w.storeAndDeliver(t, runAt(2, run.Success))
	if got := w.issue(t, "a").StoredState; got != issue.Resolved {
		t.Errorf("after a clean run it is %s", got)
	}
}

func TestAnInvalidEventIsPermanentlyRejected(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	for name, change := range map[string][2]string{
		"of another kind":                 {"kind", "tenant.made"},
		"of a misnamed tenant":            {"tenant", "../acme"},
		"of a tenant that is not there":   {"tenant", "nobody-at-all"},
		"of a misnamed workspace":         {"workspace", ""},
		"of a misnamed run":               {"run", "1"},
		"of a run that is not there":      {"run", string(newID())},
		"of a run of another workspace":   {"workspace", "elsewhere"},
		"of a run id in another spelling": {"run", "0198C2B4-5D1E-7C3A-9F00-2A6B1C4D8E10"},
	} {
		t.Run("one "+name, func(t *testing.T) {
			t.Parallel()
			r := runAt(0, run.Failure, "a")
			w.storeReports(t, r)
			m := w.message(r.id)
			m.Attributes[change[0]] = change[1]
			if err := w.updater.Handle(t.Context(), m); !event.IsPermanent(err) {
				t.Errorf("got %v, want a permanent error", err)
			}
		})
	}
}

func TestFoldCheckNeedsNoEvent(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	for i := range 60 {
		w.storeReports(t, runAt(i, run.Failure, "a"))
	}
	if err := w.updater.FoldCheck(t.Context(), w.ID, w.Workspace, issue.NewCheckID("dns-check", resource)); err != nil {
		t.Fatal(err)
	}
	if i := w.issue(t, "a"); i.Sightings != 60 || w.countPending(t.Context(), t) != 0 {
		t.Errorf("%d sightings, %d runs pending", i.Sightings, w.countPending(t.Context(), t))
	}
}

// A list finds SLIs by how long their alert holds. Folds write that too, not only an
// admin who sets the objective.
func TestAFoldStoresUntilWhenAnAlertHolds(t *testing.T) {
	t.Parallel()
	w := newFixture(t)
	r := runAt(0, run.Success)
	r.samples = map[string][]float64{"latency": {1, 2, 3}}
	w.storeAndDeliver(t, r)
	if got := w.sli(t, "latency"); !got.Until.Stale.Equal(got.LastTime.Add(time.Hour)) || !got.Until.Warning.IsZero() {
		t.Errorf("got %+v", got.Until)
	}
}
