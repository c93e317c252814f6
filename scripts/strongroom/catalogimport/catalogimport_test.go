package catalogimport_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/strongroom-dev/strongroom/scripts/strongroom/api"
	"github.com/strongroom-dev/strongroom/scripts/strongroom/catalogimport"
)

func TestBatchesFitIntoOneCall(t *testing.T) {
	t.Parallel()
	small, large := api.Task{Name: "n"}, api.Task{Documentation: strings.Repeat("\x01", 100_000)} // 600,000 bytes as JSON
	for name, c := range map[string]struct {
		tasks []api.Task
		want  []int
	}{
		"none":            {nil, nil},
		"one":             {[]api.Task{small}, []int{1}},
		"a full call":     {slices.Repeat([]api.Task{small}, 500), []int{500}},
		"one more":        {slices.Repeat([]api.Task{small}, 501), []int{500, 1}},
		"large ones":      {slices.Repeat([]api.Task{large}, 13), []int{6, 6, 1}},
		"one beyond size": {[]api.Task{{Name: strings.Repeat("x", 5<<20)}, small}, []int{1, 1}}, // the platform rejects it
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var got []int
			var all []api.Task
			for batch := range catalogimport.Batches(c.tasks) {
				got, all = append(got, len(batch)), append(all, batch...)
			}
			if diff := cmp.Diff(c.want, got); diff != "" || !slices.EqualFunc(all, c.tasks, func(a, b api.Task) bool { return a.Name == b.Name }) {
				t.Errorf("%d of %d tasks, %s", len(all), len(c.tasks), diff)
			}
		})
	}
	for batch := range catalogimport.Batches(slices.Repeat([]api.Task{small}, 1000)) {
		if len(batch) != 500 {
			t.Error(len(batch))
		}
		break // a caller may stop early
	}
}

func TestReadSkipsTasksThatTheCatalogRejects(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	tags := ""
	for i := range 101 {
		tags += "    t" + string(rune('a'+i/26)) + string(rune('a'+i%26))
	}
	text := "*** Tasks ***\nMany Tags\n    [Tags]" + tags + "\n    Log    x\n\nLong Tag\n    [Tags]    " + strings.Repeat("t", 201) + "\n    Log    x\n\nFine\n    Log    x\n"
	if err := os.WriteFile(filepath.Join(dir, "a.robot"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	found := catalogimport.Read(dir, "https://example.com/")
	want := []string{
		`skipped: "Many Tags" in a.robot: a task has at most 100 tags; this task has 101`,
		`skipped: "Long Tag" in a.robot: a tag must have 1 to 200 bytes`,
	}
	if diff := cmp.Diff(want, found.Notes); diff != "" || !found.Failed || len(found.Tasks) != 1 {
		t.Error(len(found.Tasks), diff)
	}
	if found := catalogimport.Read(dir, strings.Repeat("x", 1000)); len(found.Tasks) != 0 || !strings.Contains(found.Notes[2], "the source must have 1 to 1000 characters; it has 1007") {
		t.Error(found)
	}
}

func TestAnEditionChangesWithAnyTask(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	edition := func(text string) string {
		if err := os.WriteFile(filepath.Join(dir, "a.robot"), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return catalogimport.Read(dir, "https://example.com/").Edition()
	}
	seen := map[string]bool{}
	for _, text := range []string{"*** Tasks ***\nA", "*** Tasks ***\nA\nB", "*** Settings ***\nDocumentation    x\n*** Tasks ***\nA"} {
		first, again := edition(text), edition(text)
		if first != again || len(first) != 64 || seen[first] {
			t.Errorf("%q has edition %s, then %s", text, first, again)
		}
		seen[first] = true
	}
}

func TestTextsOfASuiteAreShortened(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	long := strings.Repeat("é", 2000)
	text := "*** Settings ***\nDocumentation    " + long + "\nMetadata    Display Name    " + long + "\nMetadata    Supports    " + long + "," + strings.Repeat("x,", 3) + "y" + strings.Repeat(",z", 2) +
		"\n*** Tasks ***\nA\n"
	if err := os.WriteFile(filepath.Join(dir, "sli.robot"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	found := catalogimport.Read(dir, "")
	want := []api.Task{{
		Name: "A", Tags: []string{}, Suite: "Sli", Source: "sli.robot", Kind: "sli",
		DisplayName: strings.Repeat("é", 200), SuiteDocumentation: strings.Repeat("é", 1024), Supports: []string{"x", "y", "z"},
	}}
	if diff := cmp.Diff(want, found.Tasks); diff != "" || found.Failed {
		t.Error(diff, found.Notes)
	}
}

func TestReadNamesSectionsAndEncodingsThatItDoesNotUnderstand(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for name, text := range map[string]string{
		"a.robot": "*** Задачи ***\nA\n", "latin1.robot": "*** Tasks ***\nPr\xfcfe\n", "german.robot": "*** Aufgaben ***\nPrüfe\n",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	found := catalogimport.Read(dir, "")
	notes := strings.Join(found.Notes, "\n")
	if !found.Failed || len(found.Tasks) != 1 || found.Tasks[0].Name != "Prüfe" || !strings.Contains(notes, "a.robot: *** Задачи ***") || !strings.Contains(notes, "latin1.robot is not UTF-8") {
		t.Errorf("%+v", found)
	}
}
