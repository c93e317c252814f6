package rank_test

import (
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/strongroom-dev/strongroom/shared/rank"
)

// enriched is collection with what testdata/enrichment.tsv says about each task.
func enriched(t testing.TB) (tasks []rank.Document) {
	t.Helper()
	says := map[string]string{}
	for _, r := range rows(t, "enrichment.tsv") {
		says[r[0]] = strings.ReplaceAll(strings.Join(r[1:], "\n"), "-\n", "\n")
	}
	for _, d := range collection(t) {
		if d.Enrichment = says[d.ID]; d.Enrichment == "" {
			t.Errorf("enrichment.tsv has no line for %q", d.ID)
		}
		tasks = append(tasks, d)
	}
	return tasks
}

// quality is how well searches find what authors meant.
type quality struct {
	first     float64 // share of the steps whose task comes first
	among10   float64 // share of the steps whose task is among the first ten
	recall    float64 // share of the steps whose task reaches the threshold
	precision float64 // share of the tasks that reach the threshold and are meant
}

func (q quality) String() string {
	return fmt.Sprintf("first %.3f, among ten %.3f, recall %.3f and precision %.3f at the threshold", q.first, q.among10, q.recall, q.precision)
}

func measure(index *rank.Index, steps []labelled) (q quality) {
	asking, suggested, meant := 0.0, 0.0, 0.0
	for _, l := range steps {
		if l.want != nil {
			asking++
		}
		found, reached := -1, false
		for n, m := range index.Search(l.step, 10, nil) {
			isMeant := l.want != nil && l.want.MatchString(m.ID)
			if isMeant && found < 0 {
				found = n
			}
			if m.Score >= threshold {
				suggested++
				if isMeant {
					meant++
					reached = true
				}
			}
		}
		if found == 0 {
			q.first++
		}
		if found >= 0 {
			q.among10++
		}
		if reached {
			q.recall++
		}
	}
	q.first, q.among10, q.recall, q.precision = q.first/asking, q.among10/asking, q.recall/asking, meant/max(suggested, 1)
	return q
}

func paraphrases(t testing.TB) (all []labelled) {
	t.Helper()
	for _, r := range rows(t, "paraphrases.tsv") {
		all = append(all, labelled{step: r[0], want: regexp.MustCompile(r[1])})
	}
	return all
}

// Enrichment makes a search find tasks whose name uses other words, and costs nothing
// where the name suffices.
func TestEnrichmentFindsMore(t *testing.T) {
	t.Parallel()
	plain, rich := rank.New(collection(t)), rank.New(enriched(t))
	before, after := measure(plain, steps(t)), measure(rich, steps(t))
	t.Logf("steps without enrichment:       %v", before)
	t.Logf("steps with enrichment:          %v", after)
	if after.first < before.first || after.among10 < before.among10 || after.recall < before.recall || after.precision < before.precision {
		t.Errorf("steps are worse with enrichment: %v, without it %v", after, before)
	}
	before, after = measure(plain, paraphrases(t)), measure(rich, paraphrases(t))
	t.Logf("paraphrases without enrichment: %v", before)
	t.Logf("paraphrases with enrichment:    %v", after)
	if after.first <= before.first || after.among10 <= before.among10 || after.recall < before.recall || after.precision < before.precision {
		t.Errorf("paraphrases are not better with enrichment: %v, without it %v", after, before)
	}
}
