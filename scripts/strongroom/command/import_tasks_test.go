package command_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/strongroom-dev/strongroom/emulator/faults"
	"github.com/strongroom-dev/strongroom/scripts/strongroom/api"
)

// issues lists the workspace's issues by title.
func (p *program) issues(t *testing.T) map[string]api.Issue {
	t.Helper()
	p.tenant.Cloud.Drain(t)
	var page struct{ Issues []api.Issue }
	path := "/v1/workspaces/" + string(p.tenant.Workspace) + "/issues/search"
	p.tenant.Do(t, "viewer", http.MethodPost, path, map[string]any{"pageSize": 100}).Want(t, http.StatusOK).JSON(t, &page)
	issues := map[string]api.Issue{}
	for _, i := range page.Issues {
		issues[i.Title] = i
	}
	return issues
}

func taskLine(task, title string, severity int) string {
	if task == "" {
		return fmt.Sprintf(`{"title":%q,"severity":%d}`, title, severity)
	}
	return fmt.Sprintf(`{"title":%q,"severity":%d,"taskName":%q}`, title, severity, task)
}

func lineFile(t *testing.T, lines ...string) string {
	t.Helper()
	return issuesFile(t, "checks.jsonl", strings.Join(lines, "\n"))
}

func TestAFileOfSeveralTasksIsARunPerTask(t *testing.T) {
	t.Parallel()
	p := newProgram(t, faults.HTTPConfig{})
	path := lineFile(t, taskLine("Check DNS", "slow", 3), taskLine("Check TLS", "expired", 1), taskLine("", "odd", 2), taskLine("Check DNS", "down", 2))
	got := map[string]int{}
	var order []string
	for _, r := range importedRuns(t, p.run(t, "import", path, "--json").want(t)) {
		got[r.Task] = r.Issues
		order = append(order, r.Task)
		if recorded := p.recorded(t, r.Run); recorded.Task != r.Task || recorded.Issues != r.Issues {
			t.Errorf("%+v is recorded as %+v", r, recorded)
		}
	}
	if diff := cmp.Diff(map[string]int{"Check DNS": 2, "Check TLS": 1, "checks": 1}, got); diff != "" {
		t.Error(diff)
	}
	if want := []string{"Check TLS", "checks", "Check DNS"}; !slices.Equal(order, want) {
		t.Errorf("the tasks are reported as %q, not with the worst first", order)
	}
	again := p.run(t, "import", path).want(t)
	if runs := p.runs(t); len(runs) != 3 {
		t.Errorf("the second import made %d runs: %+v", len(runs), again)
	}
}

// TestATaskThatIsNotInAFileResolvesNothing imports a clean run of one task.
func TestATaskThatIsNotInAFileResolvesNothing(t *testing.T) {
	t.Parallel()
	p := newProgram(t, faults.HTTPConfig{})
	first := lineFile(t, taskLine("A", "a is down", 1), taskLine("B", "b is down", 1))
	p.run(t, "import", first, "--start", "2026-01-01T00:00:00Z").want(t)
	p.issues(t)
	p.run(t, "import", lineFile(t, taskLine("B", "b is slow", 2)), "--start", "2026-01-02T00:00:00Z").want(t)
	issues := p.issues(t)
	for title, want := range map[string]string{"a is down": "detected", "b is down": "resolved", "b is slow": "detected"} {
		if got := issues[title]; got.State != want {
			t.Errorf("%s: %s, not %s", title, got.State, want)
		}
	}
}

func TestATaskThatDidNotRunResolvesNothing(t *testing.T) {
	t.Parallel()
	for _, status := range []string{"SKIP", "skipped", "NOT RUN", "not_run", "NotRun", " Not-Executed "} {
		t.Run(status, func(t *testing.T) {
			t.Parallel()
			p := newProgram(t, faults.HTTPConfig{})
			p.run(t, "import", lineFile(t, taskLine("A", "a is down", 1), taskLine("B", "b is down", 1)), "--start", "2026-01-01T00:00:00Z").want(t)
			p.issues(t)
			skipped := fmt.Sprintf(`{"title":"A was not run","severity":4,"taskName":"A","taskStatus":%q}`, status)
			runs := importedRuns(t, p.run(t, "import", lineFile(t, skipped, taskLine("B", "b is slow", 2)), "--start", "2026-01-02T00:00:00Z", "--json").want(t))
			for _, r := range runs {
				if want := map[string]string{"A": "error", "B": "failure"}[r.Task]; r.Outcome != want || string(p.recorded(t, r.Run).Outcome) != want {
					t.Errorf("%+v, want the outcome %s", r, want)
				}
			}
			if issues := p.issues(t); issues["a is down"].State != "detected" || issues["b is down"].State != "resolved" {
				t.Errorf("%+v", issues)
			}
		})
	}
}

// TestARunOfATaskThatDidNotRunResolvesNothing is the same in a run of a suite.
func TestARunOfATaskThatDidNotRunResolvesNothing(t *testing.T) {
	t.Parallel()
	p := newProgram(t, faults.HTTPConfig{})
	suite := func(lines ...string) result {
		return p.run(t, "run", "--task", "suite", "--quiet", "--", "sh", "-c", "printf '%s\\n' '"+strings.Join(lines, "' '")+"' > $STRONGROOM_OUTPUT_DIR/issues.jsonl").want(t)
	}
	suite(taskLine("A", "a is down", 1), taskLine("B", "b is down", 1))
	p.issues(t)
	r := suite(`{"title":"A was not run","taskName":"A","taskStatus":"SKIP","severity":4}`)
	if issues := p.issues(t); issues["a is down"].State != "detected" || !strings.Contains(r.stderr, "did not run") {
		t.Errorf("%+v: %+v", r, issues)
	}
	suite(taskLine("B", "b is slow", 2))
	if issues := p.issues(t); issues["a is down"].State != "resolved" || issues["b is down"].State != "resolved" {
		t.Errorf("%+v", issues)
	}
}

// TestALineIsTheSameIssueWhateverItsFileHas reports one line in different company.
func TestALineIsTheSameIssueWhateverItsFileHas(t *testing.T) {
	t.Parallel()
	dns, unnamed := taskLine("Check DNS", "DNS is slow", 2), taskLine("", "Something is slow", 2)
	for name, files := range map[string][][]string{
		"a line that names its task": {
			{dns}, {dns, unnamed}, {taskLine("Check TLS", "TLS", 1), dns}, {unnamed, dns, taskLine("Check TLS", "TLS", 4)},
			append([]string{dns}, strings.Split(strings.Repeat(taskLine("Check DNS", "other", 1)+"\n", 210), "\n")[:210]...),
		},
		"a line that names none": {
			{unnamed}, {unnamed, dns}, {dns, taskLine("Check TLS", "TLS", 1), unnamed}, {taskLine("checks", "x", 1), unnamed},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newProgram(t, faults.HTTPConfig{})
			title := map[bool]string{true: "DNS is slow", false: "Something is slow"}[files[0][0] == dns]
			for i, lines := range files {
				p.run(t, "import", lineFile(t, lines...), "--start", fmt.Sprintf("2026-01-%02dT00:00:00Z", i+1)).want(t)
				if got := p.issues(t)[title]; got.Runs != i+1 {
					t.Errorf("file %d: the issue has %d runs", i+1, got.Runs)
				}
			}
		})
	}
}

// TestAnImportOfSeveralTasksContinues interrupts an import at each of its calls.
func TestAnImportOfSeveralTasksContinues(t *testing.T) {
	t.Parallel()
	path := lineFile(t, taskLine("A", "a", 1), taskLine("B", "b", 2), taskLine("C", "c", 3))
	for failing := range int64(6) {
		t.Run(fmt.Sprint("call ", failing+1), func(t *testing.T) {
			t.Parallel()
			var calls atomic.Int64
			p := newProgram(t, faults.HTTPConfig{Fault: func(r *http.Request) faults.Fault {
				if r.Method != http.MethodHead && r.Method != http.MethodGet && calls.Add(1) == failing+1 {
					return faults.ReplyLost
				}
				return faults.None
			}})
			if r := p.run(t, "import", path, "--retry-for", "0s"); r.code != 14 || !strings.Contains(r.stderr, "import the file again") {
				t.Errorf("%+v", r)
			}
			p.run(t, "import", path).want(t)
			if runs := p.runs(t); len(runs) != 3 {
				t.Errorf("there are %d runs", len(runs))
			}
			for _, i := range p.issues(t) {
				if i.Runs != 1 || i.Sightings != 1 {
					t.Errorf("%s counts as %d runs", i.Title, i.Runs)
				}
			}
		})
	}
}
