package infra_test

import (
	"maps"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestQueriesOfCostsUseTheLabelsThatTerraformSets compares the labels in the queries to those that
// the modules and examples set, and to the table of the page.
func TestQueriesOfCostsUseTheLabelsThatTerraformSets(t *testing.T) {
	t.Parallel()
	set := labelsOfTerraform(t)
	used := map[string]bool{}
	files, err := filepath.Glob("costs/*.sql")
	if err != nil || len(files) == 0 {
		t.Fatalf("%d queries, %v", len(files), err)
	}
	for _, file := range files {
		query := readText(t, file)
		for _, m := range regexp.MustCompile(`UNNEST\(labels\) WHERE key = '(\w+)'`).FindAllStringSubmatch(query, -1) {
			used[m[1]] = true
			if !set[m[1]] {
				t.Errorf("%s uses the label %s, which no module sets", file, m[1])
			}
		}
		if strings.Count(query, "'strongroom'") != strings.Count(query, "'application'") || !strings.Contains(query, "@from AND @to") {
			t.Errorf("%s does not limit itself to Strongroom and to the days", file)
		}
		if regexp.MustCompile(`(?i)(,|JOIN)\s+UNNEST\((labels|credits)\)`).MatchString(query) {
			t.Errorf("%s joins labels or credits, so it counts rows more than once", file)
		}
	}
	if diff := cmp.Diff(slices.Sorted(maps.Keys(set)), slices.Sorted(maps.Keys(used))); diff != "" {
		t.Errorf("labels that Terraform sets (-) and labels that a query uses (+) differ:\n%s", diff)
	}
	for label := range set {
		if !strings.Contains(readText(t, "costs/README.md"), "| `"+label+"` |") {
			t.Errorf("costs/README.md has no row for the label %s", label)
		}
	}
}

// labelsOfTerraform returns the names of the labels that modules and examples set.
func labelsOfTerraform(t *testing.T) map[string]bool {
	t.Helper()
	set := map[string]bool{}
	for _, pattern := range []string{"modules/*/*.tf", "examples/*/*.tf"} {
		files, err := filepath.Glob(pattern)
		if err != nil || len(files) == 0 {
			t.Fatalf("%s: %d files, %v", pattern, len(files), err)
		}
		for _, file := range files {
			for _, m := range regexp.MustCompile(`(?m)^\s*(?:default_)?labels +=\s*\{([^}]*(?:\$\{[^}]*\}[^}]*)*)\}$`).FindAllStringSubmatch(readText(t, file), -1) {
				for _, name := range regexp.MustCompile(`(\w+) += `).FindAllStringSubmatch(m[1], -1) {
					set[name[1]] = true
				}
			}
		}
	}
	return set
}
