package infra_test

import (
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/strongroom-dev/strongroom/infra"
)

var update = flag.Bool("update", false, "write the generated tables of README.md and THREATS.md instead of comparing them")

// TestReadmesHaveEveryInputAndOutput compares the tables in each module's README
// to what the module declares.
func TestReadmesHaveEveryInputAndOutput(t *testing.T) {
	t.Parallel()
	dirs, err := filepath.Glob("modules/*")
	if err != nil || len(dirs) == 0 {
		t.Fatalf("%d modules, %v", len(dirs), err)
	}
	for _, dir := range dirs {
		declared := slices.Concat(
			matches(t, dir+"/variables.tf", `(?m)^variable "([^"]+)"`), matches(t, dir+"/outputs.tf", `(?m)^output "([^"]+)"`))
		described := matches(t, dir+"/README.md", "(?m)^\\| `([a-z_]+)` \\| (?:[^|]*\\|){1,3}$")
		slices.Sort(declared)
		slices.Sort(described)
		if diff := cmp.Diff(slices.Compact(declared), slices.Compact(described)); diff != "" {
			t.Errorf("%s: declared (-) and described (+) differ:\n%s", dir, diff)
		}
	}
}

// TestReadmesDescribeInputsAndOutputsAsTheModulesDo compares the descriptions, so
// that a change of one is a change of both.
func TestReadmesDescribeInputsAndOutputsAsTheModulesDo(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("modules/*/*.tf")
	if err != nil || len(files) == 0 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	described := regexp.MustCompile(`(?m)^(?:variable|output) "([^"]+)" \{\n  description = "(.*)"$`)
	for _, file := range files {
		readme := readText(t, filepath.Join(filepath.Dir(file), "README.md"))
		for _, m := range described.FindAllStringSubmatch(readText(t, file), -1) {
			if row := "| `" + m[1] + "` | " + strings.ReplaceAll(m[2], `\"`, `"`) + " |"; !strings.Contains(readme, row) {
				t.Errorf("the README of %s has no row that starts with: %s", filepath.Dir(file), row)
			}
		}
	}
}

// TestReadmeListsEveryFunction compares the README's table of functions to
// suite.json. With -update, it writes the table.
func TestReadmeListsEveryFunction(t *testing.T) {
	t.Parallel()
	const file, start, end = "../README.md", "-update` -->\n", "<!-- end of functions -->"
	text := readText(t, file)
	before, rest, found := strings.Cut(text, start)
	_, after, foundEnd := strings.Cut(rest, end)
	if !found || !foundEnd {
		t.Fatalf("README.md has no comments around the table of functions: want %q and %q", start, end)
	}
	want := before + start + functionRows(table(t)) + end + after
	if *update {
		if err := os.WriteFile(file, []byte(want), 0o600); err != nil {
			t.Fatal(err)
		}
		return
	}
	if diff := cmp.Diff(want, text); diff != "" {
		t.Errorf("run go test ./infra -run Readme -update: suite.json (-) and README.md (+) differ:\n%s", diff)
	}
}

// functionRows returns the table of functions as Markdown.
func functionRows(suite infra.Suite) string {
	var b strings.Builder
	b.WriteString("| deployed as | trigger | what it does |\n|---|---|---|\n")
	for _, name := range slices.Sorted(maps.Keys(suite.Functions)) {
		f := suite.Functions[name]
		trigger := "HTTPS"
		switch {
		case f.Topic != "":
			trigger = "topic `" + f.Topic + "`"
		case f.Schedule != "":
			trigger = "schedule `" + f.Schedule + "`"
		}
		fmt.Fprintf(&b, "| [%s](%s/doc.go) | %s | %s |\n", name, f.Package, trigger, f.Summary)
	}
	return b.String()
}

// TestReadmeListsEverySharedPackage compares the README's groups of packages to the
// directories below shared/.
func TestReadmeListsEverySharedPackage(t *testing.T) {
	t.Parallel()
	var listed []string
	for _, row := range matches(t, "../README.md", "(?m)^\\| (?:domain|proofs|bundles|records|transport) \\| .* \\| ((?:`[a-z0-9]+` ?)+) \\|$") {
		for name := range strings.FieldsSeq(row) {
			listed = append(listed, strings.Trim(name, "`"))
		}
	}
	entries, err := os.ReadDir("../shared")
	if err != nil {
		t.Fatal(err)
	}
	var have []string
	for _, entry := range entries {
		have = append(have, entry.Name())
	}
	slices.Sort(listed)
	if diff := cmp.Diff(have, listed); diff != "" {
		t.Errorf("the packages below shared/ (-) and those in the README's groups (+) differ:\n%s", diff)
	}
}

// TestReadmesLinkToFilesThatExist follows the links in all Markdown of the
// repository that are not URLs.
func TestReadmesLinkToFilesThatExist(t *testing.T) {
	t.Parallel()
	links := regexp.MustCompile(`\]\(([^)#:]+)(?:#[^)]*)?\)`)
	for _, pattern := range []string{"../*.md", "../.github/*.md", "../*/*.md", "../*/*/*.md", "../*/*/*/*.md"} {
		files, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			for _, m := range links.FindAllStringSubmatch(readText(t, file), -1) {
				if _, err := os.Stat(filepath.Join(filepath.Dir(file), m[1])); err != nil {
					t.Errorf("%s links to %s: %v", file, m[1], err)
				}
			}
		}
	}
}

func matches(t *testing.T, file, pattern string) []string {
	t.Helper()
	var found []string
	for _, m := range regexp.MustCompile(pattern).FindAllStringSubmatch(readText(t, file), -1) {
		found = append(found, m[1])
	}
	return found
}

func readText(t *testing.T, file string) string {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
