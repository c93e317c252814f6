package issue_test

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/google/uuid"

	"github.com/strongroom-dev/strongroom/shared/issue"
	"github.com/strongroom-dev/strongroom/shared/run"
)

var began = time.Date(2026, 11, 22, 3, 0, 0, 0, time.UTC)

// history is a random sequence of runs of one check.
type history struct {
	rand   *rand.Rand
	runs   []issue.RunResult
	issues []issue.ID
}

func newHistory(seed uint64, size int) *history {
	h := &history{rand: rand.New(rand.NewPCG(seed, 3))}
	for i := range 1 + h.rand.IntN(4) {
		h.issues = append(h.issues, issue.Fingerprint([]byte("key"), run.Start{}, issue.Sighting{Fingerprint: fmt.Sprint(i)}))
	}
	for range size {
		h.runs = append(h.runs, h.run(size))
	}
	return h
}

// run returns a random run. Some runs start at the same time.
func (h *history) run(size int) issue.RunResult {
	var id uuid.UUID
	for i := range id {
		id[i] = byte(h.rand.IntN(256))
	}
	start := began.Add(time.Duration(h.rand.IntN(2*size)) * time.Minute)
	created := start.Add(h.skew())
	outcomes := []run.Outcome{run.Success, run.Failure, run.Failure, run.Error, run.Timeout, run.Canceled}
	r := issue.RunResult{
		ID: run.ID(id.String()), End: start.Add(time.Second), Outcome: outcomes[h.rand.IntN(len(outcomes))],
		Created: created, Reported: created.Add(time.Duration(h.rand.IntN(4)) * time.Minute),
		Start: run.Start{Task: "dns-check", Resource: "example.com", SLX: fmt.Sprint("slx-", h.rand.IntN(3)), Time: start},
	}
	for number := range h.rand.IntN(4) {
		severity := 1 + h.rand.IntN(4)
		r.Sightings = append(r.Sightings, issue.SightingFacts{
			Number: number + 1, Issue: h.issues[h.rand.IntN(len(h.issues))], Severity: severity, SeverityFlagged: severity == 4 && h.rand.IntN(2) == 0,
			ObservedAt: start.Add(time.Duration(number) * time.Second),
		})
	}
	return r
}

// skew returns how much later than its start by its own clock the platform first
// heard of a run. Most clocks are right. The others are ahead by up to the 5
// minutes that the platform accepts, or behind by any time.
func (h *history) skew() time.Duration {
	if h.rand.IntN(3) > 0 {
		return time.Second
	}
	return time.Duration(h.rand.IntN(40)-5) * time.Minute
}

// shuffled returns the runs in random order, some of them twice.
func (h *history) shuffled() []issue.RunResult {
	runs := slices.Clone(h.runs)
	for range h.rand.IntN(len(runs)) {
		runs = append(runs, runs[h.rand.IntN(len(h.runs))])
	}
	h.rand.Shuffle(len(runs), func(i, j int) { runs[i], runs[j] = runs[j], runs[i] })
	return runs
}

// store stores a check and its issues like the database. A fold gets only the
// issues that it requires.
type store struct {
	check  issue.Check
	issues map[issue.ID]issue.Issue
}

func (s *store) fold(runs []issue.RunResult) {
	var oldest, newest time.Time // of the conclusive runs
	named := map[issue.ID]bool{}
	for _, r := range runs {
		if conclusive(r) && (oldest.IsZero() || r.Start.Time.Before(oldest)) {
			oldest = r.Start.Time
		}
		if conclusive(r) && r.Start.Time.After(newest) {
			newest = r.Start.Time
		}
		for _, seen := range r.Sightings {
			named[seen.Issue] = true
		}
	}
	affected := map[issue.ID]issue.Issue{}
	for id, i := range s.issues {
		if named[id] || !oldest.IsZero() && i.ResolvedAt.After(oldest) && i.FirstSeen.Before(newest) {
			affected[id] = i
		}
	}
	check, changed := issue.Fold(s.check, affected, runs)
	s.check = check
	maps.Copy(s.issues, changed)
}

// foldAll folds in batches of random size, 25 at most.
func (h *history) foldAll(runs []issue.RunResult) *store {
	s := &store{issues: map[issue.ID]issue.Issue{}}
	for len(runs) > 0 {
		size := min(len(runs), 1+h.rand.IntN(25))
		s.fold(runs[:size])
		runs = runs[size:]
	}
	return s
}

// compare ignores the packed fields.
var compare = cmp.Options{
	cmpopts.IgnoreFields(issue.Check{}, "Recent", "Folded"),
	cmpopts.IgnoreFields(issue.Issue{}, "History", "Text"),
	cmpopts.EquateEmpty(),
}

func TestAnyOrderAndDuplicationFoldsToTheSame(t *testing.T) {
	t.Parallel()
	for seed := range uint64(400) {
		h := newHistory(seed, 1+int(seed%60))
		want := modelOf(h.runs)
		for range 3 {
			got := h.foldAll(h.shuffled())
			if diff := cmp.Diff(want.check, got.check, compare); diff != "" {
				t.Fatalf("seed %d: check: %s", seed, diff)
			}
			if diff := cmp.Diff(want.issues, got.issues, compare); diff != "" {
				t.Fatalf("seed %d: issues: %s", seed, diff)
			}
		}
	}
}

func TestLongHistoriesFoldToTheSameIfLatenessIsBounded(t *testing.T) {
	t.Parallel()
	for seed := range uint64(4) {
		h := newHistory(seed, 1_500)
		want := modelOf(h.runs)
		late := func(r issue.RunResult) int64 { return r.Start.Time.Unix() + h.rand.Int64N(100*60) }
		at := map[run.ID]int64{}
		for _, r := range h.runs {
			at[r.ID] = late(r)
		}
		runs := slices.SortedFunc(slices.Values(h.runs), func(a, b issue.RunResult) int { return int(at[a.ID] - at[b.ID]) })
		got := h.foldAll(runs)
		if diff := cmp.Diff(want.issues, got.issues, compare); diff != "" {
			t.Fatalf("seed %d: issues: %s", seed, diff)
		}
	}
}

func TestLongHistoriesInAnyOrderKeepAllButReopenings(t *testing.T) {
	t.Parallel()
	for seed := range uint64(4) {
		h := newHistory(seed, 1_500)
		want := modelOf(h.runs)
		runs := slices.Clone(h.runs)
		h.rand.Shuffle(len(runs), func(i, j int) { runs[i], runs[j] = runs[j], runs[i] })
		got := h.foldAll(runs)
		if diff := cmp.Diff(want.check, got.check, compare); diff != "" {
			t.Fatalf("seed %d: check: %s", seed, diff)
		}
		reopenings := cmpopts.IgnoreFields(issue.Issue{}, "Reopened", "Since", "StoredState")
		if diff := cmp.Diff(want.issues, got.issues, compare, reopenings); diff != "" {
			t.Fatalf("seed %d: issues: %s", seed, diff)
		}
	}
}

func TestFoldReturnsOnlyWhatChanged(t *testing.T) {
	t.Parallel()
	h := newHistory(7, 30)
	s := h.foldAll(h.runs)
	before := maps.Clone(s.issues)
	if check, changed := issue.Fold(s.check, s.issues, h.runs); len(changed) > 0 || cmp.Diff(s.check, check) != "" {
		t.Errorf("runs that were folded before changed %v", changed)
	}
	quiet := h.run(30)
	quiet.Start.Time, quiet.Outcome, quiet.Sightings = began.Add(-time.Hour), run.Error, nil
	check, changed := issue.Fold(s.check, s.issues, []issue.RunResult{quiet})
	if check.Runs != len(h.runs)+1 || len(changed) > 0 {
		t.Errorf("an inconclusive run that saw nothing changed %v", changed)
	}
	if diff := cmp.Diff(before, s.issues); diff != "" {
		t.Errorf("Fold changed its arguments: %s", diff)
	}
}
