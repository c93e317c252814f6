package command_test

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/strongroom-dev/strongroom/scripts/strongroom/api"
	"github.com/strongroom-dev/strongroom/scripts/strongroom/platformtest"
)

// robot is a file of tasks.
func robot(tasks ...string) string {
	text := "*** Settings ***\nDocumentation    A suite\nMetadata    Display Name    Domain Names\nMetadata    Supports    Kubernetes,DNS\n\n*** Tasks ***\n"
	for _, name := range tasks {
		text += name + "\n    [Documentation]    Looks at " + name + "\n    [Tags]    access:read-only    dns\n    Log    x\n\n"
	}
	return text
}

func TestACatalogueIsImportedAndSearched(t *testing.T) {
	t.Parallel()
	p, dir := newPlace(t, platformtest.Config{Fault: everyOther(platformtest.DropReply)}), t.TempDir()
	delete(p.env, "STRONGROOM_WORKSPACE")
	writeFile(t, filepath.Join(dir, "codebundles", "dns", "runbook.robot"), robot("Check DNS", "Flush DNS"))
	r := p.run(t, "catalog", "import", dir, "--source", "https://example.com/main/")
	if r.code != 0 || r.stdout != "2 tasks, 0 of them new or changed\n" && r.stdout != "2 tasks, 2 of them new or changed\n" {
		t.Errorf("%+v", r)
	}
	if !strings.Contains(r.stderr, "2 of 2 tasks") {
		t.Errorf("no progress: %s", r.stderr)
	}
	want := api.Task{
		Name: "Check DNS", Documentation: "Looks at Check DNS", Tags: []string{"access:read-only", "dns"}, Suite: "Runbook",
		Source:      "https://example.com/main/codebundles/dns/runbook.robot",
		DisplayName: "Domain Names", SuiteDocumentation: "A suite", Supports: []string{"Kubernetes", "DNS"},
	}
	got := p.server.Tasks()
	if diff := cmp.Diff(want, got[0]); diff != "" || len(got) != 2 {
		t.Error(len(got), diff)
	}
	if r := p.run(t, "catalog", "import", dir, "--source", "https://example.com/main/", "--json", "-q"); r.stdout != "{\"tasks\":2,\"written\":0}\n" || r.stderr != "" {
		t.Errorf("again: %+v", r)
	}
	if r := p.run(t, "catalog", "search", "check", "dns"); r.code != 0 || strings.Count(r.stdout, "\n") != 2 || !strings.Contains(r.stdout, "0.90   Check DNS  task  Domain Names  Kubernetes DNS  check dns  https://example.com") {
		t.Errorf("%+v", r)
	}
	var found api.FoundTasks
	r = p.run(t, "catalog", "search", "dns", "--json")
	if err := json.Unmarshal([]byte(r.stdout), &found); err != nil || len(found.Tasks) != 2 {
		t.Errorf("%v: %+v", err, r)
	}
}

func TestALargeCatalogueComesInBatches(t *testing.T) {
	t.Parallel()
	p, dir := newPlace(t, platformtest.Config{}), t.TempDir()
	for f := range 3 {
		var names []string
		for n := range 400 {
			names = append(names, fmt.Sprintf("Task %d", n))
		}
		writeFile(t, filepath.Join(dir, fmt.Sprintf("f%d.robot", f)), robot(names...))
	}
	if r := p.run(t, "catalog", "import", dir, "-q"); r.stdout != "1200 tasks, 1200 of them new or changed\n" {
		t.Errorf("%+v", r)
	}
	if diff := cmp.Diff([]int{500, 500, 200}, p.server.Puts()); diff != "" {
		t.Error(diff)
	}
}

func TestWhatTheCatalogueDoesNotTakeIsTold(t *testing.T) {
	t.Parallel()
	p, dir := newPlace(t, platformtest.Config{}), t.TempDir()
	writeFile(t, filepath.Join(dir, "a.robot"), robot("Fine", "Fine", strings.Repeat("n", 501)))
	writeFile(t, filepath.Join(dir, "b.robot"), "\xff")
	writeFile(t, filepath.Join(dir, "c.robot"), robot("Wordy")+"    [Documentation]    "+strings.Repeat("é", 5000)+"\n")
	r := p.run(t, "catalog", "import", dir)
	for _, want := range []string{
		`"Fine" of a.robot: the file has two tasks of this name`, "the name has 501 characters, it may have 1 to 500",
		"b.robot is not UTF-8", `cut to 4096 characters: the documentation of "Wordy"`, "some tasks were passed over",
	} {
		if r.code != 1 || !strings.Contains(r.stderr, want) {
			t.Errorf("code %d, %s does not say %q", r.code, r.stderr, want)
		}
	}
	if n := len(p.server.Tasks()); n != 2 {
		t.Errorf("%d tasks were put", n)
	}
}

func TestACatalogueIsPruned(t *testing.T) {
	t.Parallel()
	p, dir := newPlace(t, platformtest.Config{Fault: everyOther(platformtest.DropReply)}), t.TempDir()
	write := func(file string, tasks ...string) { writeFile(t, filepath.Join(dir, file), robot(tasks...)) }
	write("dns/runbook.robot", "Check DNS", "Flush DNS", "Ask DNS", "Dig DNS")
	write("dns/sli.robot", "Score DNS")
	importing := func(flags ...string) result {
		return p.run(t, append([]string{"catalog", "import", dir, "-q", "--json"}, flags...)...)
	}
	importing("--source", "https://example.com/other/").want(t)
	if r := importing("--source", "https://example.com/main/", "--prune").want(t); !strings.Contains(r.stdout, `"removed":0`) {
		t.Errorf("%+v", r)
	}
	write("dns/runbook.robot", "Check DNS", "Trace DNS")
	if r := importing("--source", "https://example.com/main/").want(t); strings.Contains(r.stdout, "removed") || len(p.server.Tasks()) != 11 {
		t.Errorf("without --prune: %+v", r)
	}
	if r := importing("--source", "https://example.com/main/", "--prune").want(t); !strings.Contains(r.stdout, `"removed":`) { // how many is not known: replies are lost
		t.Errorf("%+v", r)
	}
	var left []string
	for _, task := range p.server.Tasks() {
		left = append(left, strings.TrimPrefix(task.Source, "https://example.com/")+" "+task.Name+" "+task.Kind)
	}
	slices.Sort(left)
	want := []string{
		"main/dns/runbook.robot Check DNS ", "main/dns/runbook.robot Trace DNS ", "main/dns/sli.robot Score DNS sli", "other/dns/runbook.robot Ask DNS ",
		"other/dns/runbook.robot Check DNS ", "other/dns/runbook.robot Dig DNS ", "other/dns/runbook.robot Flush DNS ", "other/dns/sli.robot Score DNS sli",
	}
	if diff := cmp.Diff(want, left); diff != "" {
		t.Error(diff)
	}
}

func TestACatalogueIsNotPrunedBlindly(t *testing.T) {
	t.Parallel()
	p, dir := newPlace(t, platformtest.Config{}), t.TempDir()
	for _, source := range []string{"", "/", "https://example.com/main"} {
		if r := p.run(t, "catalog", "import", dir, "--prune", "--source", source); r.code != 2 || !strings.Contains(r.stderr, "--prune takes a --source that ends in a slash") {
			t.Errorf("%q: %+v", source, r)
		}
	}
	writeFile(t, filepath.Join(dir, "a.robot"), robot("One"))
	writeFile(t, filepath.Join(dir, "b.robot"), robot("Two"))
	p.run(t, "catalog", "import", dir, "--source", "s/").want(t)
	writeFile(t, filepath.Join(dir, "b.robot"), "\xff")
	if r := p.run(t, "catalog", "import", dir, "--source", "s/", "--prune"); r.code != 1 || !strings.Contains(r.stderr, "nothing is pruned") || len(p.server.Tasks()) != 2 {
		t.Errorf("%+v", r)
	}
}
