package issue_test

import (
	_ "embed"
	"strings"
	"testing"

	"github.com/strongroom-dev/strongroom/shared/issue"
)

// titles are labeled pairs of titles: the label (same or different), the tool
// that writes such messages, and the two titles, separated by tabs.
//
//go:embed testdata/titles.tsv
var titles string

// hardTitles are the pairs that Normalize gets wrong, by first title. Such a task
// should give a fingerprint.
var hardTitles = map[string]string{
	"Last backup was yesterday":          "a time in words",
	"No replica is ready":                "an amount in words",
	"Backup vom 22. November 2026 fehlt": "a month in another language",
	"Step 3 of the migration failed":     "a number that is a name",
}

func TestLabeledTitles(t *testing.T) {
	t.Parallel()
	const minPairs = 300
	var truePositives, falsePositives, falseNegatives, pairs float64
	for line := range strings.Lines(titles) {
		pair := strings.Split(strings.TrimSuffix(line, "\n"), "\t")
		if len(pair) != 4 || pair[0] != "same" && pair[0] != "different" {
			t.Fatalf("not a pair: %q", line)
		}
		pairs++
		first, second := issue.Normalize(pair[2]), issue.Normalize(pair[3])
		same, merged := pair[0] == "same", first == second
		switch {
		case same && merged:
			truePositives++
		case merged:
			falsePositives++
		case same:
			falseNegatives++
		}
		if _, hard := hardTitles[pair[2]]; (same != merged) != hard {
			t.Errorf("%s: the titles are labeled as %s, but are\n%q\n%q", pair[1], pair[0], first, second)
		}
	}
	if pairs < minPairs {
		t.Errorf("there are %v pairs, want at least %d", pairs, minPairs)
	}
	t.Logf("%v pairs: precision %.3f, recall %.3f", pairs,
		truePositives/(truePositives+falsePositives), truePositives/(truePositives+falseNegatives))
}
