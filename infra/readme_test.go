package infra_test

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestReadmesHaveEveryInputAndOutput compares the tables of each module's README
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

func matches(t *testing.T, file, pattern string) []string {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var found []string
	for _, m := range regexp.MustCompile(pattern).FindAllStringSubmatch(string(text), -1) {
		found = append(found, m[1])
	}
	return found
}
