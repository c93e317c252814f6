package command_test

import (
	"fmt"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/strongroom-dev/strongroom/emulator/cloudtest"
	"github.com/strongroom-dev/strongroom/emulator/faults"
	"github.com/strongroom-dev/strongroom/emulator/suite"
	"github.com/strongroom-dev/strongroom/scripts/strongroom/api"
)

// robot returns a file with tasks.
func robot(tasks ...string) string {
	text := "*** Settings ***\nDocumentation    A suite\nMetadata    Display Name    Domain Names\nMetadata    Supports    Kubernetes,DNS\n\n*** Tasks ***\n"
	for _, name := range tasks {
		text += name + "\n    [Documentation]    Looks at " + name + "\n    [Tags]    access:read-only    dns\n    Log    x\n\n"
	}
	return text
}

// The catalog belongs to no tenant, so each test has a cloud of its own.
func catalogPrograms(t *testing.T) (staff, viewer *program) {
	t.Helper()
	tenant := cloudtest.New(t, suite.Options{}).Tenant(t)
	return staffOf(t, tenant), programOf(t, tenant, "viewer")
}

const source = "https://example.com/"

// catalogTasks returns all tasks of the test, sorted by source and name. It moves
// the clock, because the function keeps the catalog in memory for a minute.
func (p *program) catalogTasks(t *testing.T) (tasks []api.Task) {
	t.Helper()
	p.tenant.Cloud.Clock.Advance(2 * time.Minute)
	found := decode[api.FoundTasks](t, p, "catalog", "search", "dns", "--limit", "100", "--json")
	for _, task := range found.Tasks {
		tasks = append(tasks, task.Task)
	}
	slices.SortFunc(tasks, func(a, b api.Task) int { return strings.Compare(a.Source+a.Name, b.Source+b.Name) })
	return tasks
}

func TestTasksAreImportedAndFound(t *testing.T) {
	t.Parallel()
	staff, viewer := catalogPrograms(t)
	dir := t.TempDir()
	staff.proxied(t, faults.HTTPConfig{Fault: everyOther(faults.ReplyLost)})
	writeFile(t, filepath.Join(dir, "codebundles", "dns", "runbook.robot"), robot("Check DNS", "Flush DNS"))
	r := staff.run(t, "catalog", "import", dir, "--source", source).want(t)
	if r.stdout != "2 tasks, 0 new or changed\n" && r.stdout != "2 tasks, 2 new or changed\n" { // the first reply is lost
		t.Errorf("%+v", r)
	}
	if !strings.Contains(r.stderr, "2 of 2 tasks") {
		t.Errorf("no progress: %s", r.stderr)
	}
	want := api.Task{
		Name: "Check DNS", Documentation: "Looks at Check DNS", Tags: []string{"access:read-only", "dns"}, Suite: "Runbook",
		Source:      source + "codebundles/dns/runbook.robot",
		DisplayName: "Domain Names", SuiteDocumentation: "A suite", Supports: []string{"Kubernetes", "DNS"},
	}
	got := viewer.catalogTasks(t)
	if diff := cmp.Diff(want, got[0]); diff != "" || len(got) != 2 {
		t.Error(len(got), diff)
	}
	if r := staff.run(t, "catalog", "import", dir, "--source", source, "--json", "-q"); r.stdout != "{\"tasks\":2,\"written\":0}\n" || r.stderr != "" {
		t.Errorf("again: %+v", r)
	}
	if r := viewer.run(t, "catalog", "search", "check", "dns"); r.code != 0 || !strings.Contains(r.stdout, "Check DNS  task  Domain Names  Kubernetes DNS  ") || !strings.Contains(r.stdout, "  "+source) {
		t.Errorf("%+v", r)
	}
	if r := viewer.run(t, "catalog", "import", dir); r.code != 11 || !strings.Contains(r.stderr, "403") {
		t.Errorf("a viewer may import: %+v", r)
	}
}

func TestALargeCatalogIsImportedInBatches(t *testing.T) {
	t.Parallel()
	var puts atomic.Int64
	staff, _ := catalogPrograms(t)
	dir := t.TempDir()
	staff.proxied(t, faults.HTTPConfig{Fault: func(r *http.Request) faults.Fault {
		if r.Method == http.MethodPut {
			puts.Add(1)
		}
		return faults.None
	}})
	for f := range 3 {
		var names []string
		for n := range 400 {
			names = append(names, fmt.Sprintf("Task %d", n))
		}
		writeFile(t, filepath.Join(dir, fmt.Sprintf("f%d.robot", f)), robot(names...))
	}
	if r := staff.run(t, "catalog", "import", dir, "-q"); r.stdout != "1200 tasks, 1200 new or changed\n" || puts.Load() != 3 {
		t.Errorf("%+v after %d calls", r, puts.Load())
	}
}

func TestTasksThatTheCatalogRejectsAreListed(t *testing.T) {
	t.Parallel()
	staff, viewer := catalogPrograms(t)
	dir := t.TempDir()
	writeFile(t, filepath.Join(dir, "a.robot"), robot("Fine", "Fine", strings.Repeat("n", 501)))
	writeFile(t, filepath.Join(dir, "b.robot"), "\xff")
	writeFile(t, filepath.Join(dir, "c.robot"), robot("Wordy")+"    [Documentation]    "+strings.Repeat("é", 5000)+"\n")
	r := staff.run(t, "catalog", "import", dir, "--source", source)
	for _, want := range []string{
		`"Fine" in a.robot: the file has two tasks with this name`, "the name must have 1 to 500 characters; it has 501",
		"skipped: ", "b.robot", `shortened to 4096 characters: the documentation of "Wordy"`, "some tasks were skipped",
	} {
		if r.code != 1 || !strings.Contains(r.stderr, want) {
			t.Errorf("code %d, %s does not have %q", r.code, r.stderr, want)
		}
	}
	if n := len(viewer.catalogTasks(t)); n != 2 {
		t.Errorf("%d tasks were stored", n)
	}
}

func TestTheCatalogIsPruned(t *testing.T) {
	t.Parallel()
	staff, viewer := catalogPrograms(t)
	dir := t.TempDir()
	staff.proxied(t, faults.HTTPConfig{Fault: everyOther(faults.ReplyLost)})
	write := func(file string, tasks ...string) { writeFile(t, filepath.Join(dir, file), robot(tasks...)) }
	write("dns/runbook.robot", "Check DNS", "Flush DNS", "Ask DNS", "Dig DNS")
	write("dns/sli.robot", "Score DNS")
	importing := func(flags ...string) result {
		return staff.run(t, append([]string{"catalog", "import", dir, "-q", "--json"}, flags...)...)
	}
	importing("--source", source+"other/").want(t)
	if r := importing("--source", source+"main/", "--prune").want(t); !strings.Contains(r.stdout, `"removed":0`) {
		t.Errorf("%+v", r)
	}
	write("dns/runbook.robot", "Check DNS", "Trace DNS")
	if r := importing("--source", source+"main/").want(t); strings.Contains(r.stdout, "removed") || len(viewer.catalogTasks(t)) != 11 {
		t.Errorf("without --prune: %+v", r)
	}
	if r := importing("--source", source+"main/", "--prune").want(t); !strings.Contains(r.stdout, `"removed":`) { // the number is unknown: the first reply is lost
		t.Errorf("%+v", r)
	}
	var left []string
	for _, task := range viewer.catalogTasks(t) {
		left = append(left, strings.TrimPrefix(task.Source, source)+" "+task.Name+" "+task.Kind)
	}
	want := []string{
		"main/dns/runbook.robot Check DNS ", "main/dns/runbook.robot Trace DNS ", "main/dns/sli.robot Score DNS sli", "other/dns/runbook.robot Ask DNS ",
		"other/dns/runbook.robot Check DNS ", "other/dns/runbook.robot Dig DNS ", "other/dns/runbook.robot Flush DNS ", "other/dns/sli.robot Score DNS sli",
	}
	if diff := cmp.Diff(want, left); diff != "" {
		t.Error(diff)
	}
}

func TestTheCatalogIsNotPrunedBlindly(t *testing.T) {
	t.Parallel()
	staff, viewer := catalogPrograms(t)
	dir := t.TempDir()
	for _, source := range []string{"", "/", "https://example.com/main"} {
		if r := staff.run(t, "catalog", "import", dir, "--prune", "--source", source); r.code != 2 || !strings.Contains(r.stderr, "--prune requires a --source that ends with a slash") {
			t.Errorf("%q: %+v", source, r)
		}
	}
	writeFile(t, filepath.Join(dir, "a.robot"), robot("One"))
	writeFile(t, filepath.Join(dir, "b.robot"), robot("Two"))
	staff.run(t, "catalog", "import", dir, "--source", source).want(t)
	writeFile(t, filepath.Join(dir, "b.robot"), "\xff")
	if r := staff.run(t, "catalog", "import", dir, "--source", source, "--prune"); r.code != 1 || !strings.Contains(r.stderr, "nothing was removed") || len(viewer.catalogTasks(t)) != 2 {
		t.Errorf("%+v", r)
	}
}
