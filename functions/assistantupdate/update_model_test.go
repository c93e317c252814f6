package assistantupdate_test

import (
	"cmp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/strongroom-dev/strongroom/shared/issue"
	"github.com/strongroom-dev/strongroom/shared/records"
	"github.com/strongroom-dev/strongroom/shared/run"
	"github.com/strongroom-dev/strongroom/shared/sli"
)

// fact is what must be stored of an issue when all runs are folded.
type fact struct {
	State               issue.State
	Severity            int
	FirstSeen, LastSeen time.Time
	LastRun             run.ID
	Runs, Sightings     int
	Reopened            int
	ResolvedAt          time.Time
	Title               string
}

// factsOf computes the expected facts: it goes through the runs in the order of their
// starts.
func factsOf(runs []reportedRun) map[string]fact {
	runs = slices.SortedFunc(slices.Values(runs), func(a, b reportedRun) int {
		return cmp.Or(a.start.Compare(b.start), strings.Compare(string(a.id), string(b.id)))
	})
	facts := map[string]fact{}
	for _, r := range runs {
		for _, f := range r.findings {
			if _, ok := facts[f.fingerprint]; !ok {
				facts[f.fingerprint] = factOf(f.fingerprint, runs)
			}
		}
	}
	return facts
}

func factOf(finger string, runs []reportedRun) (f fact) {
	f.ResolvedAt = issue.Unresolved
	for _, r := range runs {
		mine := slices.DeleteFunc(slices.Clone(r.findings), func(o finding) bool { return o.fingerprint != finger })
		if len(mine) > 0 {
			f.addRun(r, mine, runs)
		}
	}
	for _, r := range slices.Backward(runs) {
		if r.isConclusive() && r.start.After(f.LastSeen) {
			f.ResolvedAt = r.start
		}
	}
	switch {
	case f.ResolvedAt.Before(issue.Unresolved):
		f.State = issue.Resolved
	case f.Reopened > 0:
		f.State = issue.Reopened
	case f.Runs == 1:
		f.State = issue.Detected
	default:
		f.State = issue.Open
	}
	return f
}

func (f *fact) addRun(r reportedRun, mine []finding, runs []reportedRun) {
	gone := slices.ContainsFunc(runs, func(o reportedRun) bool {
		return o.isConclusive() && o.start.After(f.LastSeen) && o.start.Before(r.start)
	})
	if f.Runs == 0 {
		f.FirstSeen = r.start
	} else if gone {
		f.Reopened++
	}
	last := mine[0]
	for _, o := range mine {
		if o.severity <= last.severity {
			last = o
		}
	}
	f.Runs++
	f.Sightings += len(mine)
	f.Severity, f.LastSeen, f.LastRun = last.severity, r.start, r.id
	f.Title = "Title of " + last.fingerprint
}

func (r reportedRun) isConclusive() bool { return r.outcome == run.Success || r.outcome == run.Failure }

// storedFacts returns the facts of the stored issues.
func (w *fixture) storedFacts(t testing.TB) map[string]fact {
	t.Helper()
	facts := map[string]fact{}
	docs, err := records.Workspace(w.db, w.ID, w.Workspace).Collection(records.IssuesCollection).Documents(t.Context()).GetAll()
	if err != nil {
		t.Fatal(err)
	}
	for _, doc := range docs {
		i, err := records.Decode[issue.Issue](doc)
		if err != nil {
			t.Fatal(err)
		}
		text, err := records.OpenIssueText(t.Context(), w.keys.Open, doc.Ref, i.Text)
		if err != nil {
			t.Fatal(err)
		}
		facts[strings.TrimPrefix(text.Title, "Title of ")] = factFrom(i, text.Title)
	}
	return facts
}

func factFrom(i issue.Issue, title string) fact {
	return fact{
		State: i.StoredState, Severity: i.Severity, FirstSeen: i.FirstSeen.UTC(), LastSeen: i.LastSeen.UTC(), LastRun: i.LastRun,
		Runs: i.Runs, Sightings: i.Sightings, Reopened: i.Reopened, ResolvedAt: i.ResolvedAt.UTC(), Title: title,
	}
}

// wantHealth computes the expected health of each SLI at a time.
func wantHealth(runs []reportedRun, now time.Time) map[string]sli.Health {
	kept := map[string]sli.SLI{}
	for _, r := range runs {
		for name := range r.samples {
			kept[name] = kept[name].Add(slx, r.sampleList(name)...)
		}
	}
	health := map[string]sli.Health{}
	for name, k := range kept {
		health[name] = k.Health(now)
	}
	return health
}

// storedHealth returns the health of the stored SLIs at a time.
func (w *fixture) storedHealth(t testing.TB, now time.Time) map[string]sli.Health {
	t.Helper()
	health := map[string]sli.Health{}
	docs, err := records.Workspace(w.db, w.ID, w.Workspace).Collection(records.SLIsCollection).Documents(t.Context()).GetAll()
	if err != nil {
		t.Fatal(err)
	}
	for _, doc := range docs {
		kept, err := records.Decode[sli.SLI](doc)
		if err != nil {
			t.Fatal(err)
		}
		health[kept.Name] = kept.Health(now)
	}
	return health
}
