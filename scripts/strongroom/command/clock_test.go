package command_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/strongroom-dev/strongroom/emulator/cloudtest"
	"github.com/strongroom-dev/strongroom/emulator/faults"
	"github.com/strongroom-dev/strongroom/emulator/suite"
)

// skewedProgram runs on a machine whose clock is ahead of the platform's. If it is
// ahead, the platform only says that its own clock is behind: signatures need the
// machine's time.
func skewedProgram(t *testing.T, ahead time.Duration, config faults.HTTPConfig) *program {
	t.Helper()
	c := cloudtest.Shared(t)
	if ahead < 0 {
		c = cloudtest.New(t, suite.Options{})
		c.Clock.Advance(-ahead)
	}
	p := programOf(t, c.Tenant(t), "runner")
	p.ahead = ahead
	config.Edit = func(res *http.Response) error {
		res.Header.Set("Date", p.platformNow().UTC().Format(http.TimeFormat))
		return nil
	}
	return p.proxied(t, config)
}

// platformNow is the platform's time.
func (p *program) platformNow() time.Time { return time.Now().Add(-p.ahead) }

// near fails the test unless a time is the platform's within the precision of a Date,
// and not before since.
func (p *program) near(t *testing.T, what string, at, since time.Time) {
	t.Helper()
	const precision = 2 * time.Second
	if at.Before(since.Add(-precision)) || at.After(p.platformNow().Add(precision)) {
		t.Errorf("%s is %v, but the platform's time was from %v to %v", what, at, since, p.platformNow())
	}
}

// skews are how far a runner's clock is ahead.
var skews = []time.Duration{
	-100 * time.Hour, -time.Hour, -10 * time.Minute, -3 * time.Second, 0,
	3 * time.Second, 10 * time.Minute, time.Hour, 9000 * time.Hour,
}

// TestTimesOfARunAreThePlatforms has a sample by the task's clock, one by another
// machine's clock, and one without a time.
func TestTimesOfARunAreThePlatforms(t *testing.T) {
	t.Parallel()
	for _, ahead := range skews {
		t.Run(ahead.String(), func(t *testing.T) {
			t.Parallel()
			p := skewedProgram(t, ahead, faults.HTTPConfig{})
			since := p.platformNow()
			script := `now=$(date -u +%Y-%m-%dT%H:%M:%SZ); cat > $STRONGROOM_OUTPUT_DIR/samples.jsonl <<END
{"sli":"own","value":1,"time":"$now"}
{"sli":"none","value":2}
{"sli":"other","value":3,"time":"2024-01-02T03:04:05Z"}
END`
			r := p.run(t, "run", "--task", "t", "--", "sh", "-c", script).want(t)
			recorded := p.reported(t)
			p.near(t, "the start", recorded.Start, since)
			p.near(t, "the end", *recorded.End, recorded.Start)
			for sli, exact := range map[string]string{"own": "", "none": "", "other": "2024-01-02T03:04:05Z"} {
				at := p.sampleTime(t, sli)
				if exact == "" {
					p.near(t, "the sample "+sli, at, since)
				} else if got := at.Format(time.RFC3339); got != exact {
					t.Errorf("the sample of another machine is at %s", got)
				}
			}
			if said := strings.Count(r.stderr, "this machine's clock is"); said != map[bool]int{true: 0, false: 1}[ahead == 0] {
				t.Errorf("it says %d times that the clock is off: %s", said, r.stderr)
			}
		})
	}
}

// sampleTime returns the time of the only sample of an SLI.
func (p *program) sampleTime(t *testing.T, sli string) time.Time {
	t.Helper()
	p.tenant.Cloud.Drain(t)
	var page struct {
		Series []struct{ Samples []struct{ Time time.Time } }
	}
	p.read(t, "/slis/"+sli+"/samples").Want(t, http.StatusOK).JSON(t, &page)
	if len(page.Series) != 1 || len(page.Series[0].Samples) != 1 {
		t.Fatalf("%s has %+v", sli, page)
	}
	return page.Series[0].Samples[0].Time
}

// TestFurtherRunsHaveTheCorrectedStart has more findings than one report can have.
func TestFurtherRunsHaveTheCorrectedStart(t *testing.T) {
	t.Parallel()
	p := skewedProgram(t, time.Hour, faults.HTTPConfig{})
	since := p.platformNow()
	p.run(t, "run", "--quiet", "--", "sh", "-c", `for i in $(seq 201); do echo '{"title":"t","severity":2}'; done > $STRONGROOM_OUTPUT_DIR/issues.jsonl`).want(t)
	runs := p.runs(t)
	if len(runs) != 2 || !p.recorded(t, runs[0]).Start.Equal(p.recorded(t, runs[1]).Start) {
		t.Fatalf("%d runs, which start differently", len(runs))
	}
	p.near(t, "the start", p.recorded(t, runs[0]).Start, since)
}

// TestResumeCorrectsTheTimes resumes a run that never reached the platform.
func TestResumeCorrectsTheTimes(t *testing.T) {
	t.Parallel()
	for _, ahead := range skews {
		t.Run(ahead.String(), func(t *testing.T) {
			t.Parallel()
			var offline atomic.Bool
			offline.Store(true)
			p := skewedProgram(t, ahead, faults.HTTPConfig{Fault: func(*http.Request) faults.Fault {
				if offline.Load() {
					return faults.Lost
				}
				return faults.None
			}})
			since := p.platformNow()
			p.run(t, "run", "--quiet", "--patience", "0s", "--sample", "own=1", "--", "true")
			offline.Store(false)
			p.run(t, "resume").want(t)
			recorded := p.reported(t)
			p.near(t, "the start", recorded.Start, since)
			p.near(t, "the end", *recorded.End, recorded.Start)
			p.near(t, "the sample", p.sampleTime(t, "own"), since)
		})
	}
}

// TestResumeAfterTheClockWasSet changes the journal as if its times had been read from
// a clock that was ahead, before it was set.
func TestResumeAfterTheClockWasSet(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		ahead    time.Duration // of the clock when the run started
		restarts bool          // the machine has started again since
	}{
		"ahead, and still running":       {9000 * time.Hour, false},
		"behind, and still running":      {-9000 * time.Hour, false},
		"ahead, and it has restarted":    {9000 * time.Hour, true},
		"a little, and still running":    {10 * time.Minute, false},
		"a little, and it has restarted": {10 * time.Minute, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newProgram(t, faults.HTTPConfig{})
			url := p.env["STRONGROOM_URL"]
			p.env["STRONGROOM_URL"] = "http://127.0.0.1:1"
			since := time.Now()
			p.run(t, "run", "--quiet", "--patience", "0s", "--", "true")
			p.env["STRONGROOM_URL"] = url
			p.editJournal(t, func(j map[string]any) {
				for _, name := range []string{"start", "end"} {
					at, err := time.Parse(time.RFC3339, j[name].(string))
					if err != nil {
						t.Fatal(err)
					}
					j[name] = at.Add(c.ahead)
				}
				if c.restarts {
					j["started"] = map[string]any{"boot": "another", "since": 1}
				}
			})
			p.run(t, "resume").want(t)
			p.near(t, "the start", p.reported(t).Start, since)
		})
	}
}

// editJournal changes the journal of the only spooled run.
func (p *program) editJournal(t *testing.T, change func(map[string]any)) {
	t.Helper()
	runs := p.runsSpooled(t)
	if len(runs) != 1 {
		t.Fatalf("the spool has %v", runs)
	}
	path := filepath.Join(p.spool, runs[0], "run.json")
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var j map[string]any
	if err := json.Unmarshal(data, &j); err != nil {
		t.Fatal(err)
	}
	change(j)
	if data, err = json.Marshal(j); err != nil {
		t.Fatal(err)
	}
	writeFile(t, path, string(data))
}

// TestRepeatedStartsAreTheSame loses the reply to the start, and resumes later: the
// offset is measured once.
func TestRepeatedStartsAreTheSame(t *testing.T) {
	t.Parallel()
	var broken atomic.Bool
	broken.Store(true)
	p := skewedProgram(t, time.Hour, faults.HTTPConfig{Fault: func(r *http.Request) faults.Fault {
		if broken.Load() && r.Method == http.MethodPut {
			return faults.ReplyLost
		}
		return faults.None
	}})
	since := p.platformNow()
	p.run(t, "run", "--quiet", "--patience", "0s", "--", "true")
	start := p.recorded(t, p.oneRun(t)).Start
	p.near(t, "the start", start, since)
	broken.Store(false)
	p.run(t, "resume").want(t)
	if got := p.reported(t).Start; !got.Equal(start) {
		t.Errorf("the start is %v and then %v", start, got)
	}
}

func TestImportCorrectsTheCurrentTimeOnly(t *testing.T) {
	t.Parallel()
	for _, ahead := range skews {
		t.Run(ahead.String(), func(t *testing.T) {
			t.Parallel()
			p := skewedProgram(t, ahead, faults.HTTPConfig{})
			start := func(args ...string) time.Time {
				t.Helper()
				r := p.runWith(t, strings.NewReader(plainLine), append([]string{"import", "--json"}, args...)...).want(t)
				return p.recorded(t, importedRuns(t, r)[0].Run).Start
			}
			since := p.platformNow()
			p.near(t, "stdin", start("-"), since)
			path := issuesFile(t, "new.jsonl", oddLine)
			touch(t, path, time.Now())
			p.near(t, "a file that was just written", start(path), since)
			touch(t, path, time.Now().Add(20000*time.Hour))
			p.near(t, "a file of the future", start(path, "--task", "future"), since)
			old := time.Date(2024, 1, 2, 3, 4, 5, 0, time.UTC)
			touch(t, path, old)
			if got := start(path, "--task", "old"); !got.Equal(old) {
				t.Errorf("an old file starts at %v", got)
			}
			observed := issuesFile(t, "observed.jsonl", `{"severity":2,"observedAt":"2024-01-02T03:04:05Z"}`)
			if got := start(observed); !got.Equal(old) {
				t.Errorf("an old line starts at %v", got)
			}
			later := fmt.Sprintf(`{"severity":2,"observedAt":%q}`, p.platformNow().Add(30*time.Minute).Format(time.RFC3339))
			future := issuesFile(t, "later.jsonl", later)
			touch(t, future, time.Now())
			p.near(t, "a line of the future", start(future), since)
		})
	}
}
