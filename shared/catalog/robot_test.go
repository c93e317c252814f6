package catalog_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/strongroom-dev/strongroom/shared/catalog"
)

func TestParseReadsSpaces(t *testing.T) {
	t.Parallel()
	const source, about = "kube/deployment_triage.robot", "Looks into a deployment that is not healthy.\nIt reads logs and events,\n\nand changes nothing.\nSee `https://example.com/triage`."
	supports := []string{"Kubernetes", "AKS", "Managed Services"}
	task := func(name, documentation string, tags ...string) catalog.Task {
		return catalog.Task{Name: name, Documentation: documentation, Tags: tags, Suite: "Deployment Triage", Source: source,
			DisplayName: "Triage of Deployments", SuiteDocumentation: about, Supports: supports}
	}
	want := catalog.Suite{
		Name: "Deployment Triage", Documentation: about, Supports: supports,
		Metadata: map[string]string{"Author": "Ann Example", "Display Name": "Triage of Deployments", "Supports": "Kubernetes,AKS, Managed Services Kubernetes"},
		Tasks: []catalog.Task{
			task("Fetch Deployment Logs For `${DEPLOYMENT}` In Namespace `${NAMESPACE}`",
				"Fetches the last lines of the logs of each pod\nof a deployment.", "Kubernetes", "read-only", "logs", "Deployment"),
			task("Inspect Warning Events", "Lists events # of type Warning.", "Kubernetes", "events"),
			task("Check Replicas", "", "Kubernetes", "read-only"),
		},
	}
	if diff := cmp.Diff(want, parse(t, source)); diff != "" {
		t.Error(diff)
	}
}

func TestParseReadsPipes(t *testing.T) {
	t.Parallel()
	const source = "kube/pipes.robot"
	want := catalog.Suite{Name: "DNS Health", Tasks: []catalog.Task{
		{Name: "Resolve Name", Documentation: "Resolves a \\ name\nand measures.", Tags: []string{"dns", "network"}, Suite: "DNS Health", Source: source},
		{Name: "Check Zone", Tags: []string{"zone"}, Suite: "DNS Health", Source: source},
	}}
	if diff := cmp.Diff(want, parse(t, source)); diff != "" {
		t.Error(diff)
	}
}

func parse(t *testing.T, source string) catalog.Suite {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", source))
	if err != nil {
		t.Fatal(err)
	}
	suite, err := catalog.Parse(data, source)
	if err != nil {
		t.Fatal(err)
	}
	return suite
}

func TestParseReadsSections(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		file  string
		tasks []string
	}{
		"no file":                       {"", nil},
		"one star":                      {"* tasks\nA\n", []string{"A"}},
		"stars without spaces":          {"***TEST CASES***\nA\nB  Log  x\n", []string{"A", "B"}},
		"a byte order mark":             {"\ufeff*** Tasks ***\nA", []string{"A"}},
		"steps before any task":         {"*** Tasks ***\n    [Tags]    x\nA", []string{"A"}},
		"a section twice":               {"*** Task ***\nA\n*** Comments ***\nB\n*** Tasks ***\nC", []string{"A", "C"}},
		"text before any section":       {"A\n*** Tasks ***\nB", []string{"B"}},
		"a continuation before a task":  {"*** Tasks ***\n...    x\nA\n...    y", []string{"A"}},
		"German":                        {"Language: de\n\n*** Einstellungen ***\nDokumentation    x\n*** Aufgaben ***\nPrüfe DNS\n    Log    x\n*** Schlüsselwörter ***\nKein Task", []string{"Prüfe DNS"}},
		"French tests":                  {"*** Unités de test ***\nVérifier\n*** Mots-clés ***\nB", []string{"Vérifier"}},
		"Swedish, in upper case":        {"*** TASKAR ***\nKontrollera\n*** NYCKELORD ***\nB", []string{"Kontrollera"}},
		"a comment where a name may be": {"*** Tasks ***\n# A\nB    # C", []string{"B"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			suite, err := catalog.Parse([]byte(c.file), "a.robot")
			if err != nil {
				t.Fatal(err)
			}
			var tasks []string
			for _, task := range suite.Tasks {
				tasks = append(tasks, task.Name)
			}
			if diff := cmp.Diff(c.tasks, tasks); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestSuiteIsNamedAfterItsFile(t *testing.T) {
	t.Parallel()
	for source, want := range map[string]string{
		"a/01__dns_health.robot": "Dns Health", "runbook.robot": "Runbook", "DNS_health.robot": "DNS health", "été.robot": "Été", "": "",
	} {
		if suite, _ := catalog.Parse(nil, source); suite.Name != want && source != "" {
			t.Errorf("%s is %q, want %q", source, suite.Name, want)
		}
	}
}

func TestMeasurementsHaveTheirKind(t *testing.T) {
	t.Parallel()
	for source, want := range map[string]string{
		"dns/sli.robot": catalog.KindSLI, "SLI.robot": catalog.KindSLI, "dns/runbook.robot": catalog.KindTask, "sli.robot/runbook.robot": catalog.KindTask, "my-sli.robot": catalog.KindTask,
	} {
		suite, err := catalog.Parse([]byte("*** Tasks ***\nA"), source)
		if err != nil || suite.Tasks[0].Kind != want {
			t.Errorf("%s: %v, %+v", source, err, suite)
		}
	}
}

func TestParseRefuses(t *testing.T) {
	t.Parallel()
	for name, data := range map[string][]byte{
		"a large file":  make([]byte, catalog.MaxFileBytes+1),
		"invalid UTF-8": []byte("*** Tasks ***\n\xff"),
	} {
		if _, err := catalog.Parse(data, "a.robot"); !errors.Is(err, catalog.ErrFile) || !strings.Contains(err.Error(), "a.robot") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestIDsDiffer(t *testing.T) {
	t.Parallel()
	if (catalog.Task{Name: "a", Suite: "bc"}).ID() == (catalog.Task{Name: "ca", Suite: "b"}).ID() {
		t.Error("two tasks have one id")
	}
}

func TestWalk(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write := func(name string, data []byte) {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	task := []byte("*** Tasks ***\nA\n")
	for _, name := range []string{"b.robot", "a/c.ROBOT", "a/notes.txt", ".git/d.robot", "_e.robot", "a/.f.robot"} {
		write(name, task)
	}
	write("huge.robot", bytes.Repeat([]byte("#"), catalog.MaxFileBytes+1))
	outside := t.TempDir()
	if err := os.WriteFile(filepath.Join(outside, "secret.robot"), task, 0o644); err != nil {
		t.Fatal(err)
	}
	for link, to := range map[string]string{"link.robot": filepath.Join(outside, "secret.robot"), "dir": outside, "a/up": ".."} {
		if err := os.Symlink(to, filepath.Join(dir, link)); err != nil {
			t.Fatal(err)
		}
	}
	var sources, faults []string
	for suite, err := range catalog.Walk(dir) {
		if err != nil {
			faults = append(faults, err.Error())
			continue
		}
		sources = append(sources, suite.Tasks[0].Source)
	}
	if diff := cmp.Diff([]string{"a/c.ROBOT", "b.robot"}, sources); diff != "" {
		t.Error(diff)
	}
	if len(faults) != 1 || !strings.Contains(faults[0], "huge.robot") {
		t.Errorf("faults: %q", faults)
	}
	for range catalog.Walk(dir) {
		break
	}
	for _, err := range catalog.Walk(filepath.Join(dir, "none")) {
		if err == nil {
			t.Error("a directory that is not there was read")
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, name := range []string{"deployment_triage.robot", "pipes.robot"} {
		data, err := os.ReadFile(filepath.Join("testdata", "kube", name))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Add([]byte("*** Settings ***\nMetadata    Supports    A,,B    ,\n...    A\n*** Tasks ***\nA"))
	f.Add([]byte("*** Settings ***\nMetadata\nName\n...\n*** Tasks ***\nA    [Tags]\n    []"))
	f.Fuzz(func(t *testing.T, data []byte) {
		suite, err := catalog.Parse(data, "a.robot")
		if err != nil {
			return
		}
		for _, task := range suite.Tasks {
			if task.Name == "" || task.Source != "a.robot" || task.Suite != suite.Name || slices.Contains(task.Supports, "") {
				t.Errorf("task %+v", task)
			}
		}
	})
}

func TestSettingsInOtherLanguagesAreRead(t *testing.T) {
	t.Parallel()
	file := `Language: German
*** Einstellungen ***
Dokumentation      Prüft DNS.
...                Ändert nichts.
Metadaten          Supports    DNS
Aufgabenmarker     dns
*** Aufgaben ***
Größe prüfen
    [Dokumentation]    Misst die Größe.
    [Marker]    nur-lesen
    Log    x
`
	suite, err := catalog.Parse([]byte(file), "dns.robot")
	want := []catalog.Task{{
		Name: "Größe prüfen", Documentation: "Misst die Größe.", Tags: []string{"dns", "nur-lesen"}, Suite: "Dns", Source: "dns.robot",
		SuiteDocumentation: "Prüft DNS.\nÄndert nichts.", Supports: []string{"DNS"},
	}}
	if diff := cmp.Diff(want, suite.Tasks); diff != "" || err != nil || len(suite.Unknown) > 0 {
		t.Error(diff, err, suite.Unknown)
	}
}

func TestWhatIsNotUnderstoodIsNamed(t *testing.T) {
	t.Parallel()
	suite, err := catalog.Parse([]byte("*** Задачи ***\nA\n*** Tasks ***\nB\n*** Taks ***\nC"), "a.robot")
	if diff := cmp.Diff([]string{"a.robot: *** Задачи ***", "a.robot: *** Taks ***"}, suite.Unknown); diff != "" || err != nil || len(suite.Tasks) != 1 {
		t.Error(diff, err, suite.Tasks)
	}
	for text, want := range map[string]string{
		"*** Tasks ***\nPr\xfcfe":           "a.robot is not UTF-8, perhaps Latin-1; convert it to UTF-8",
		"\xff\xfe*\x00*\x00*\x00 \x00T\x00": "a.robot is UTF-16 (little-endian); convert it to UTF-8",
	} {
		if _, err := catalog.Parse([]byte(text), "a.robot"); !errors.Is(err, catalog.ErrFile) || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v", text, err)
		}
	}
}
