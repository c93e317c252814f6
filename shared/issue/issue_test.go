package issue_test

import (
	"testing"
	"time"

	"github.com/strongroom-dev/strongroom/shared/issue"
	"github.com/strongroom-dev/strongroom/shared/run"
)

const disk = issue.ID("disk")

// timeline folds runs, a minute apart. Each ends with an outcome, and sees the disk
// issue or does not.
type timeline struct{ *store }

func (l timeline) step(outcome run.Outcome, saw bool) {
	l.at(l.check.Runs+1, outcome, saw)
}

func (l timeline) state(now time.Time) issue.State { return l.issues[disk].State(now) }

func TestStates(t *testing.T) {
	t.Parallel()
	at := minute
	for name, c := range map[string]struct {
		play func(timeline)
		now  time.Time
		want issue.State
	}{
		"one run saw it":                       {func(l timeline) { l.step(run.Failure, true) }, at(9), issue.Detected},
		"two runs saw it":                      {func(l timeline) { l.step(run.Failure, true); l.step(run.Failure, true) }, at(9), issue.Open},
		"a failure no longer finds it":         {func(l timeline) { l.step(run.Failure, true); l.step(run.Failure, false) }, at(9), issue.Resolved},
		"a success no longer finds it":         {func(l timeline) { l.step(run.Failure, true); l.step(run.Success, false) }, at(9), issue.Resolved},
		"an inconclusive run resolves nothing": {func(l timeline) { l.step(run.Failure, true); l.step(run.Error, false) }, at(9), issue.Detected},
		"an inconclusive run may see it":       {func(l timeline) { l.step(run.Timeout, true) }, at(9), issue.Detected},
		"it comes back":                        {func(l timeline) { l.step(run.Failure, true); l.step(run.Success, false); l.step(run.Failure, true) }, at(9), issue.Reopened},
		"a person investigates it":             {func(l timeline) { l.step(run.Failure, true); l.investigate(at(2)); l.step(run.Failure, true) }, at(9), issue.Investigated},
		"a resolution ends the investigation":  {func(l timeline) { l.step(run.Failure, true); l.investigate(at(1)); l.step(run.Success, false) }, at(9), issue.Resolved},
		"the investigation does not come back": {func(l timeline) {
			l.step(run.Failure, true)
			l.investigate(at(1))
			l.step(run.Success, false)
			l.step(run.Failure, true)
		}, at(9), issue.Reopened},
		"a person ignores it":               {func(l timeline) { l.step(run.Failure, true); l.ignore(at(2), at(5)) }, at(4), issue.Ignored},
		"ignoring ends":                     {func(l timeline) { l.step(run.Failure, true); l.ignore(at(2), at(5)) }, at(5), issue.Detected},
		"ignoring lasts beyond resolutions": {func(l timeline) { l.step(run.Failure, true); l.ignore(at(2), at(5)); l.step(run.Success, false) }, at(4), issue.Ignored},
		"the later ignoring counts":         {func(l timeline) { l.step(run.Failure, true); l.ignore(at(3), at(3)); l.ignore(at(2), at(8)) }, at(4), issue.Detected},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := timeline{&store{issues: map[issue.ID]issue.Issue{}}}
			c.play(l)
			if got := l.state(c.now); got != c.want {
				t.Errorf("the state is %s, want %s", got, c.want)
			}
			if got := l.issues[disk].StoredState; c.want != issue.Ignored && got != c.want {
				t.Errorf("the stored state is %s, want %s", got, c.want)
			}
		})
	}
}

func (l timeline) investigate(at time.Time) { l.issues[disk] = l.issues[disk].Investigate("ann", at) }
func (l timeline) ignore(at, until time.Time) {
	l.issues[disk] = l.issues[disk].Ignore("ann", at, until, nil)
}

func TestFingerprintDistinguishesIssues(t *testing.T) {
	t.Parallel()
	key, start := []byte("key"), run.Start{Task: "t", Resource: "r", SLX: "s"}
	seen := map[issue.ID]string{}
	for name, id := range map[string]issue.ID{
		"a title":                  issue.Fingerprint(key, start, issue.Sighting{Title: "disk"}),
		"another title":            issue.Fingerprint(key, start, issue.Sighting{Title: "disks"}),
		"the title as fingerprint": issue.Fingerprint(key, start, issue.Sighting{Fingerprint: "disk"}),
		"another key":              issue.Fingerprint([]byte("other"), start, issue.Sighting{Title: "disk"}),
		"another task":             issue.Fingerprint(key, run.Start{Task: "u", Resource: "r", SLX: "s"}, issue.Sighting{Title: "disk"}),
		"texts moved by a byte":    issue.Fingerprint(key, run.Start{Task: "tr", SLX: "s"}, issue.Sighting{Title: "disk"}),
		"another SLX":              issue.Fingerprint(key, run.Start{Task: "t", Resource: "r"}, issue.Sighting{Title: "disk"}),
		"the line's resource":      issue.Fingerprint(key, start, issue.Sighting{Title: "disk", Resource: "q"}),
		"given, another task":      issue.Fingerprint(key, run.Start{Task: "u", Resource: "r"}, issue.Sighting{Fingerprint: "disk"}),
	} {
		if other, ok := seen[id]; ok {
			t.Errorf("%s and %s have the same fingerprint", name, other)
		}
		seen[id] = name
		if _, ok := issue.ParseID(string(id)); !ok {
			t.Errorf("%s: %q is not an ID", name, id)
		}
	}
	same := issue.Fingerprint(key, start, issue.Sighting{Title: "Disk", SLX: "s", TaskName: "t", Resource: "r", Details: "new"})
	if seen[same] != "a title" {
		t.Error("values of the line that equal those of the run change the fingerprint")
	}
}
