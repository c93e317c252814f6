package assistant_test

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
		runs []told
		want issue.State
	}{
		"seen once it is detected":                             {[]told{at(0, run.Failure, "a")}, issue.Detected},
		"seen by two runs it is open":                          {[]told{at(0, run.Failure, "a"), at(1, run.Failure, "a")}, issue.Open},
		"a success without it resolves it":                     {[]told{at(0, run.Failure, "a"), at(1, run.Success)}, issue.Resolved},
		"a failure for another reason resolves it":             {[]told{at(0, run.Failure, "a"), at(1, run.Failure, "b")}, issue.Resolved},
		"a task that broke does not resolve it":                {[]told{at(0, run.Failure, "a"), at(1, run.Error)}, issue.Detected},
		"a task that was too slow does not resolve it":         {[]told{at(0, run.Failure, "a"), at(1, run.Timeout)}, issue.Detected},
		"it comes back":                                        {[]told{at(0, run.Failure, "a"), at(1, run.Success), at(2, run.Failure, "a")}, issue.Reopened},
		"it comes back and goes":                               {[]told{at(0, run.Failure, "a"), at(1, run.Success), at(2, run.Failure, "a"), at(3, run.Success)}, issue.Resolved},
		"a late sighting from before its resolution":           {[]told{at(0, run.Failure, "a"), at(5, run.Success), at(3, run.Failure, "a")}, issue.Resolved},
		"a late success from before its newest sighting":       {[]told{at(5, run.Failure, "a"), at(3, run.Success)}, issue.Detected},
		"a late success from between two of its sightings":     {[]told{at(0, run.Failure, "a"), at(5, run.Failure, "a"), at(3, run.Success)}, issue.Reopened},
		"a late first sighting, before the run that was clean": {[]told{at(3, run.Success), at(0, run.Failure, "a")}, issue.Resolved},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.reportAndDeliver(t, c.runs...)
			i := w.issue(t, "a")
			if i.StoredState != c.want || i.State(time.Now(), w.check(t).Latest) != c.want {
				t.Errorf("it is %s at rest and %s by its check, want %s", i.StoredState, i.State(time.Now(), w.check(t).Latest), c.want)
			}
			if n := w.pending(t.Context(), t); n != 0 {
				t.Errorf("%d runs are pending", n)
			}
		})
	}
}

func TestTheNewestSightingDecidesTextAndSeverity(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	older, newer := at(1, run.Failure, "a"), at(2, run.Failure, "a")
	older.found[0] = found{"a", 1, `"title":"older"`}
	newer.found[0] = found{"a", 3, `"title":"newer"`}
	for _, r := range []told{newer, older} {
		w.reportAndDeliver(t, r)
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

func TestAnEventCountsOnceForEver(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	r := at(0, run.Failure, "a", "a", "b")
	w.report(t, r)
	w.deliver(t, r, r, r)
	if i := w.issue(t, "a"); i.Sightings != 2 || i.Runs != 1 {
		t.Errorf("%d sightings by %d runs, want 2 by 1", i.Sightings, i.Runs)
	}
	if n := w.check(t).Runs; n != 1 {
		t.Errorf("the check has %d runs", n)
	}
}

func TestWhatPeopleSaidStays(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.reportAndDeliver(t, at(0, run.Failure, "a"))
	until := time.Now().Add(time.Hour).UTC().Truncate(time.Microsecond)
	said := w.issue(t, "a").Ignore("ann", time.Now(), until).Investigate("bob", time.Now())
	if _, err := records.IssueRef(w.db, w.ID, w.Workspace, said.ID).Set(t.Context(), said); err != nil {
		t.Fatal(err)
	}
	w.reportAndDeliver(t, at(1, run.Failure, "a"))
	i := w.issue(t, "a")
	if i.Ignoring == nil || !i.Ignoring.Until.Equal(until) || i.Investigation == nil || i.Investigation.By != "bob" {
		t.Fatalf("what people said is gone: %+v %+v", i.Ignoring, i.Investigation)
	}
	latest := w.check(t).Latest
	if got := i.State(until.Add(-time.Second), latest); got != issue.Ignored {
		t.Errorf("before the end it is %s", got)
	}
	if got := i.State(until, latest); got != issue.Investigated {
		t.Errorf("after the end it is %s", got)
	}
	w.reportAndDeliver(t, at(2, run.Success))
	if got := w.issue(t, "a").StoredState; got != issue.Resolved {
		t.Errorf("after a clean run it is %s", got)
	}
}

func TestAnEventIsRefusedForGood(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
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
			r := at(0, run.Failure, "a")
			w.report(t, r)
			m := w.message(r.id)
			m.Attributes[change[0]] = change[1]
			if err := w.updater.Handle(t.Context(), m); !event.IsPermanent(err) {
				t.Errorf("got %v, want a refusal for good", err)
			}
		})
	}
}

func TestFoldCheckNeedsNoEvent(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for i := range 60 {
		w.report(t, at(i, run.Failure, "a"))
	}
	if err := w.updater.FoldCheck(t.Context(), w.ID, w.Workspace, issue.NewCheckID("dns-check", resource)); err != nil {
		t.Fatal(err)
	}
	if i := w.issue(t, "a"); i.Sightings != 60 || w.pending(t.Context(), t) != 0 {
		t.Errorf("%d sightings, %d runs pending", i.Sightings, w.pending(t.Context(), t))
	}
}
