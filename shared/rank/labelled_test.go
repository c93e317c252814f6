package rank_test

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/strongroom-dev/strongroom/shared/rank"
)

// threshold is the default relevance of an assistant.
const threshold = 0.85

// labelled is a next step as authors write them, and the task that it asks for.
type labelled struct {
	step string
	want *regexp.Regexp // nil: none
}

// rows returns the cells of a table in testdata.
func rows(t testing.TB, name string) (rows [][]string) {
	t.Helper()
	data, err := os.ReadFile("testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(data)) {
		rows = append(rows, strings.Split(strings.TrimSuffix(line, "\n"), "\t"))
	}
	return rows
}

// collection is of 300 tasks, of the wording that public collections have.
func collection(t testing.TB) (tasks []rank.Document) {
	t.Helper()
	for _, r := range rows(t, "tasks.tsv") {
		tasks = append(tasks, rank.Document{ID: r[0], Name: r[0], Documentation: r[1], Tags: strings.Split(r[2], ",")})
	}
	if len(tasks) < 300 {
		t.Fatalf("%d tasks", len(tasks))
	}
	return tasks
}

func steps(t testing.TB) (all []labelled) {
	t.Helper()
	for _, r := range rows(t, "steps.tsv") {
		step := labelled{step: r[0]}
		if r[1] != "-" {
			step.want = regexp.MustCompile(r[1])
		}
		all = append(all, step)
	}
	return all
}

// For every step, the task that its author meant comes first and reaches the threshold.
// For a step that asks for no task, none reaches it. One in 50 suggestions may be wrong.
func TestTheThresholdSeparatesWhatAuthorsMeant(t *testing.T) {
	t.Parallel()
	index := rank.New(collection(t))
	meant, other := 0, 0
	for _, l := range steps(t) {
		matches := index.Search(l.step, 10, nil)
		if l.want != nil && (len(matches) == 0 || matches[0].Score < threshold || !l.want.MatchString(matches[0].ID)) {
			t.Errorf("%q: got %+v, want %s first", l.step, matches[:min(3, len(matches))], l.want)
		}
		for _, m := range matches {
			switch {
			case m.Score < threshold:
			case l.want == nil:
				t.Errorf("%q asks for no task, and suggests %+v", l.step, m)
			case l.want.MatchString(m.ID):
				meant++
			default:
				other++
				t.Logf("%q suggests %+v too", l.step, m)
			}
		}
	}
	if meant < 75 || other*50 > meant+other {
		t.Errorf("%d suggestions were meant, %d not", meant, other)
	}
}

func scoreOf(x *rank.Index, step, name string) float64 {
	for _, m := range x.Search(step, 100, nil) {
		if strings.HasPrefix(m.ID, name) {
			return m.Score
		}
	}
	return 0
}

func TestScoresAreOrdered(t *testing.T) {
	t.Parallel()
	index := rank.New(collection(t))
	for _, c := range []struct{ step, more, less string }{
		{"Check node health", "Check Node Health", "Check NodeClass Resources"},
		{"rollback deployment", "Roll Back Deployment", "Check Vercel Deployment Status"},
		{"rollback deployment", "Roll Back Deployment", "Roll Back StatefulSet"},
		{"Check the readiness probe of the deployment", "Check Readiness Probe of Deployment", "Check Readiness Probe of StatefulSet"},
		{"Check the readiness probe of the deployment", "Check Readiness Probe of Deployment", "Check Liveness Probe of Deployment"},
		{"Fetch deployment logs", "Collect Pod Logs of Deployment", "Restart Deployment"},
		{"Check MySQL replication lag", "Measure Replication Lag of MySQL", "Measure Replication Lag of PostgreSQL"},
	} {
		more, less := scoreOf(index, c.step, c.more), scoreOf(index, c.step, c.less)
		if more <= less || less >= threshold {
			t.Errorf("%q: %s scores %.3f, %s %.3f", c.step, c.more, more, c.less, less)
		}
	}
}

// The more a step says about a task, the higher is the score.
func TestScoresGrowWithEvidence(t *testing.T) {
	t.Parallel()
	index := rank.New(collection(t))
	const name = "Check Readiness Probe of Deployment"
	before := 0.0
	for _, step := range []string{"check", "check the deployment", "check a probe of the deployment", "check the readiness probe of the deployment"} {
		if now := scoreOf(index, step, name); now <= before {
			t.Errorf("%q scores %.3f, with fewer words it is %.3f", step, now, before)
		} else {
			before = now
		}
	}
	for _, step := range []string{"check", "check it", "check the status", "kubernetes", "list"} {
		for _, m := range index.Search(step, 10, nil) {
			if m.Score >= threshold {
				t.Errorf("%q: %+v", step, m)
			}
		}
	}
}

func TestANameScoresOne(t *testing.T) {
	t.Parallel()
	tasks := collection(t)
	index := rank.New(tasks)
	for _, d := range tasks {
		if got := index.Search(d.Name, 1, nil); len(got) != 1 || got[0].Score < 0.97 {
			t.Errorf("%q finds %+v", d.Name, got)
		}
	}
}

// The order of documents matters only for documents that score the same.
func TestSearchDoesNotDependOnTheOrderOfDocuments(t *testing.T) {
	t.Parallel()
	tasks := collection(t)
	there := rank.New(tasks)
	back := make([]rank.Document, len(tasks))
	for n, d := range tasks {
		back[len(tasks)-1-n] = d
	}
	again := rank.New(back)
	for _, l := range steps(t) {
		scores := map[string]float64{}
		for _, m := range there.Search(l.step, 1000, nil) {
			scores[m.ID] = m.Score
		}
		for _, m := range again.Search(l.step, 5, nil) {
			if was := scores[m.ID]; was-m.Score > 1e-9 || m.Score-was > 1e-9 {
				t.Errorf("%q: %s scores %v, in another order %v", l.step, m.ID, m.Score, was)
			}
		}
	}
}
