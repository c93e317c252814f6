package assistants_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/strongroom-dev/strongroom/emulator/cloudtest"
	"github.com/strongroom-dev/strongroom/shared/auditlog"
)

// answer is the answer of an assistant.
type answer struct {
	ID, Name, AccessLevel string
	Relevance             float64
	Wrong                 struct {
		Counts []struct {
			Severity, Active int
			OrMore           bool
		}
		SLXs []struct {
			SLX    string
			Issues []struct{ ID, Title, State string }
		}
		Capped bool
	}
	Health struct {
		SLIs   []sliAnswer
		Capped bool
	}
	Next struct {
		Tasks    []suggestion
		Below    int
		Withheld int
		Silent   bool
		Summary  string
	}
}

type suggestion struct {
	Score                                                   float64
	From, Name, Suite, Source, SLX, Resource, Documentation string
	Evidence                                                []struct {
		Issue, Step string
		Score       float64
		Words       []string
	}
}

func (f *fixture) askEdgar(t testing.TB) (a answer) {
	t.Helper()
	f.Do(t, "viewer", http.MethodGet, f.base+"/assistants/edgar", nil).Want(t, http.StatusOK).JSON(t, &a)
	return a
}

func (f *fixture) setEdgar(t testing.TB, relevance float64, level string) {
	t.Helper()
	body := map[string]any{"name": "Eager Edgar", "relevance": relevance, "accessLevel": level}
	f.Do(t, "admin", http.MethodPut, f.base+"/assistants/edgar", body).Want(t, http.StatusOK)
}

func (a answer) names() (names []string) {
	for _, t := range a.Next.Tasks {
		names = append(names, t.Name)
	}
	return names
}

func TestAnAssistantListsWhatIsWrong(t *testing.T) {
	t.Parallel()
	f := newFixture(t, cloudtest.Shared(t))
	f.storeIssues(t, issuesOfEveryKind(f)...)
	f.Do(t, "admin", http.MethodPut, f.base+"/slis/b", objective(100, 0.99)).Want(t, http.StatusOK)
	f.addSamples(t, "a", 5)
	f.addSamples(t, "b", 500, 500, 500)
	f.setEdgar(t, 0.9, "read-write")
	got := f.askEdgar(t)
	if got.ID != "edgar" || got.Name != "Eager Edgar" || got.Relevance != 0.9 || got.AccessLevel != "read-write" {
		t.Errorf("it is %+v", got)
	}
	var active []int
	for _, c := range got.Wrong.Counts {
		active = append(active, c.Active)
	}
	if diff := cmp.Diff([]int{2, 2, 0, 1}, active); diff != "" || got.Wrong.Capped {
		t.Errorf("counts: %s", diff)
	}
	if x := got.Wrong.SLXs; len(x) != 2 || x[0].SLX != "dns" || len(x[0].Issues) != 4 || x[0].Issues[0].Title != "01 active, 1, newest" || x[1].SLX != "web" {
		t.Errorf("by SLX: %+v", x)
	}
	if s := got.Health.SLIs; len(s) != 2 || s[0].Name != "b" || s[0].Alert != "page" || s[1].Alert != "none" {
		t.Errorf("health: %+v", s)
	}
	if !got.Next.Silent || !strings.Contains(got.Next.Summary, "none of the unresolved issues listed has a next step") {
		t.Errorf("next: %+v", got.Next)
	}
	if n := f.countEntries(t, auditlog.AskAssistant); n != 1 {
		t.Errorf("%d entries are in the audit log", n)
	}
}

// cartIssue is an issue with next steps, two of which tasks of the catalog do.
var cartIssue = issueFixture{
	name: "Deployment cart has no ready replicas", severity: 1, slx: "shop",
	steps: "Fetch the logs of deployment `cart`\nRestart deployment `cart`\nAsk the owner of the shop about plans",
}

func TestAnAssistantSuggestsTheTaskThatAStepAsksFor(t *testing.T) {
	t.Parallel()
	c := ownCloud(t)
	f := newFixture(t, c)
	uploadTasks(t, c, community)
	f.storeIssues(t, cartIssue, issueFixture{name: "gone", severity: 1, resolved: true, steps: "Count Kafka consumer lag"})
	f.setEdgar(t, 0.85, "read-only")
	got := f.askEdgar(t)
	wantList(t, got.names(), "Fetch Deployment Logs")
	first := got.Next.Tasks[0]
	if first.From != "catalog" || first.Score < 0.85 || first.Score > 1 || first.Source == "" || got.Next.Silent {
		t.Errorf("got %+v", got.Next)
	}
	if len(first.Evidence) != 1 {
		t.Errorf("other steps ask for other tasks, but the evidence is %+v", first.Evidence)
	}
	why := first.Evidence[0]
	if why.Issue != cartIssue.id() || why.Step != "Fetch the logs of deployment `cart`" || !slices.Contains(why.Words, "logs") || !slices.Contains(why.Words, "deployment") {
		t.Errorf("the evidence is %+v", why)
	}
	for _, task := range got.Next.Tasks {
		if task.Score < 0 || task.Score > 1 {
			t.Errorf("%s scores %v", task.Name, task.Score)
		}
	}
	f.setEdgar(t, 0.85, "read-write")
	if names := f.askEdgar(t).names(); !slices.Contains(names, "Restart Deployment") {
		t.Errorf("a read-write assistant suggests %q", names)
	}
}

func TestBelowItsThresholdAnAssistantIsSilent(t *testing.T) {
	t.Parallel()
	c := ownCloud(t)
	f := newFixture(t, c)
	uploadTasks(t, c, community)
	f.storeIssues(t, issueFixture{name: "odd", severity: 1, steps: "Wonder whether any deployment of the moon base had unusual weather"})
	f.setEdgar(t, 0.85, "read-only")
	got := f.askEdgar(t)
	if !got.Next.Silent || len(got.Next.Tasks) != 0 || got.Next.Below == 0 || !strings.Contains(got.Next.Summary, "nothing to suggest") {
		t.Errorf("got %+v", got.Next)
	}
	f.setEdgar(t, 0, "read-only")
	if got := f.askEdgar(t); got.Next.Silent || got.Relevance != 0 {
		t.Errorf("an assistant with relevance 0 answers %+v", got.Next)
	}
}

func TestATaskThatTheWorkspaceRanIsSuggested(t *testing.T) {
	t.Parallel()
	f := newFixture(t, ownCloud(t))
	f.storeIssues(t, issueFixture{name: "a", severity: 2, slx: "shop", steps: "Run the postgres vacuum check"},
		issueFixture{name: "b", severity: 3, slx: "shop", task: "postgres-vacuum-check", resolved: true})
	f.setEdgar(t, 0.85, "read-write")
	got := f.askEdgar(t)
	if len(got.Next.Tasks) == 0 || got.Next.Tasks[0].Name != "postgres-vacuum-check" || got.Next.Tasks[0].From != "workspace" || got.Next.Tasks[0].SLX != "shop" {
		t.Errorf("got %+v", got.Next)
	}
	f.setEdgar(t, 0.85, "read-only")
	if got := f.askEdgar(t); !got.Next.Silent || got.Next.Withheld != 1 || !strings.Contains(got.Next.Summary, "No read-only task matches. Matching tasks that may make changes: 1.") {
		t.Errorf("the task is not tagged as read-only, but the answer is %+v", got.Next)
	}
}

// ranLogs is an issue of a task that the workspace has run and the catalog has.
var ranLogs = issueFixture{name: "logs", severity: 4, task: "fetch-deployment-logs", slx: "shop", resource: "cart", resolved: true}

func TestATaskOfTheWorkspaceAndTheCatalogIsOneTask(t *testing.T) {
	t.Parallel()
	c := ownCloud(t)
	f := newFixture(t, c)
	uploadTasks(t, c, community)
	twice := cartIssue
	twice.steps = "Fetch the deployment's logs\nFetch the deployment's logs"
	f.storeIssues(t, twice, ranLogs)
	f.setEdgar(t, 0.85, "read-only")
	got := f.askEdgar(t)
	if len(got.Next.Tasks) != 1 {
		t.Fatalf("got %+v", got.Next)
	}
	task := got.Next.Tasks[0]
	if task.From != "workspace" || task.SLX != "shop" || task.Resource != "cart" || task.Suite != "Kubernetes" || !strings.Contains(task.Documentation, "last lines") || task.Source == "" {
		t.Errorf("it is %+v", task)
	}
	if len(task.Evidence) != 1 || task.Evidence[0].Issue != twice.id() || task.Evidence[0].Score != task.Score {
		t.Errorf("the evidence is %+v", task.Evidence)
	}
}

// inSuite moves tasks to another suite.
func inSuite(suite string, tasks []map[string]any) []map[string]any {
	for _, t := range tasks {
		t["suite"], t["source"] = suite, "https://example.com/collection/"+suite+".robot"
	}
	return tasks
}

func TestTasksOfOneNameInTwoSuitesAreTwo(t *testing.T) {
	t.Parallel()
	c := ownCloud(t)
	f := newFixture(t, c)
	uploadTasks(t, c, community)
	uploadTasks(t, c, inSuite("Remedies", tasks("Fetch Deployment Logs|Fetches logs of a deployment and cuts them.|access:read-write")))
	f.storeIssues(t, cartIssue)
	f.setEdgar(t, 0.85, "read-only")
	if got := f.askEdgar(t).Next; len(got.Tasks) != 1 || got.Tasks[0].Suite != "Kubernetes" || got.Withheld != 2 {
		t.Errorf("a read-only assistant answers %+v", got)
	}
	f.setEdgar(t, 0.85, "read-write")
	if names := f.askEdgar(t).names(); len(names) != 3 { // two of them have the same name
		t.Errorf("a read-write assistant suggests %q", names)
	}
	f.storeIssues(t, ranLogs)
	got := f.askEdgar(t).Next
	if len(got.Tasks) != 2 || !slices.ContainsFunc(got.Tasks, func(task suggestion) bool { return task.From == "workspace" && task.Suite == "" && task.Source == "" }) {
		t.Errorf("the suite of the task that ran is not known, but the answer is %+v", got)
	}
	f.setEdgar(t, 0.85, "read-only")
	if got := f.askEdgar(t).Next; !got.Silent || got.Withheld != 2 {
		t.Errorf("one task of that name may make changes, but the answer is %+v", got)
	}
}

// A task that ran is read-only only if all tasks of its name are, in any order.
func TestATaskOnlyReadsIfAllOfItsNameDo(t *testing.T) {
	t.Parallel()
	c := ownCloud(t)
	f := newFixture(t, c)
	uploadTasks(t, c, inSuite("Cutters", tasks("Fetch Deployment Logs|Fetches and cuts them.|access:read-write")))
	for n := range 8 {
		uploadTasks(t, c, inSuite(fmt.Sprint("Readers-", n), tasks("Fetch Deployment Logs|Fetches logs.|access:read-only")))
	}
	f.storeIssues(t, cartIssue, ranLogs)
	f.setEdgar(t, 0.85, "read-only")
	if got := f.askEdgar(t).Next; !got.Silent || got.Withheld != 1 {
		t.Errorf("got %+v", got)
	}
}

func TestTaskNamesAreComparedWithoutResourceNames(t *testing.T) {
	t.Parallel()
	c := ownCloud(t)
	f := newFixture(t, c)
	uploadTasks(t, c, tasks("Fetch Logs of Deployment `${NAME}` in Namespace `${NAMESPACE}`|Fetches logs.|access:read-only"))
	ran := ranLogs
	ran.task = "Fetch Logs of Deployment `cart` in Namespace `shop`"
	f.storeIssues(t, cartIssue, ran)
	f.setEdgar(t, 0.85, "read-only")
	if got := f.askEdgar(t).Next; len(got.Tasks) != 1 || got.Tasks[0].From != "workspace" || got.Tasks[0].Name != ran.task || got.Tasks[0].Resource != "cart" || got.Tasks[0].Suite == "" {
		t.Errorf("got %+v", got)
	}
}

func TestMeasurementsAreFoundAndNotSuggested(t *testing.T) {
	t.Parallel()
	c := ownCloud(t)
	f := newFixture(t, c)
	measures := tasks("Fetch Deployment Logs Score|Counts errors in logs of a deployment.|access:read-only", "Rate Deployment Logs Score|Counts errors.|access:read-only")
	measures[0]["kind"], measures[1]["kind"] = "sli", "sli"
	uploadTasks(t, c, measures)
	f.storeIssues(t, issueFixture{name: "odd", severity: 1, steps: "Fetch the deployment logs score"}, issueFixture{name: "ran", severity: 2, task: "fetch-deployment-logs-score", resolved: true})
	f.setEdgar(t, 0, "read-write")
	if got := f.askEdgar(t); len(got.Next.Tasks) != 0 || got.Next.Below != 0 {
		t.Errorf("got %+v", got.Next)
	}
	var found struct{ Tasks []struct{ Kind string } }
	f.Search(t, "viewer", "/v1/catalog/tasks", "query=deployment+logs+score").Want(t, http.StatusOK).JSON(t, &found)
	if len(found.Tasks) != 2 || found.Tasks[0].Kind != "sli" {
		t.Errorf("a search finds %+v", found)
	}
}

func TestAnUntaggedTaskMayDoAnything(t *testing.T) {
	t.Parallel()
	c := ownCloud(t)
	f := newFixture(t, c)
	uploadTasks(t, c, tasks("Kill Random Pods|Kills pods of a deployment.|chaos", "Inspect Random Pods|Looks at pods.|Access: Read-Only",
		"Rotate Broker Credentials|Makes new ones.|access:read-only,access:read-write"))
	f.storeIssues(t, issueFixture{name: "odd", severity: 1, steps: "Kill random pods\nInspect random pods\nRotate the broker's credentials"})
	f.setEdgar(t, 0.85, "read-only")
	got := f.askEdgar(t)
	wantList(t, got.names(), "Inspect Random Pods")
	if got.Next.Withheld != 2 {
		t.Errorf("got %+v", got.Next)
	}
}

func TestAnAssistantIsSet(t *testing.T) {
	t.Parallel()
	f := newFixture(t, cloudtest.Shared(t))
	path := f.base + "/assistants/edgar"
	f.Do(t, "viewer", http.MethodGet, path, nil).Want(t, http.StatusNotFound)
	f.Do(t, "admin", http.MethodPut, path, map[string]any{"name": "E"}).Want(t, http.StatusOK)
	want := f.askEdgar(t)
	if want.Name != "E" || want.Relevance != 0.85 || want.AccessLevel != "read-only" {
		t.Errorf("got %+v", want)
	}
	for what, body := range map[string]any{
		"no name":          map[string]any{"relevance": 0.5},
		"an empty name":    map[string]any{"name": ""},
		"a hidden name":    map[string]any{"name": "\u200b\u2060"},
		"a long name":      map[string]any{"name": strings.Repeat("x", 201)},
		"relevance 1.1":    map[string]any{"name": "F", "relevance": 1.1},
		"relevance -0.1":   map[string]any{"name": "F", "relevance": -0.1},
		"an unknown level": map[string]any{"name": "F", "accessLevel": "root"},
		"an unknown key":   map[string]any{"name": "F", "id": "x"},
	} {
		if r := f.Do(t, "admin", http.MethodPut, path, body); r.Status != http.StatusUnprocessableEntity && r.Status != http.StatusBadRequest {
			t.Errorf("%s: status %d: %s", what, r.Status, r.Body)
		}
	}
	if got := f.askEdgar(t); got.Name != "E" || got.Relevance != 0.85 {
		t.Errorf("an invalid request changed the assistant: %+v", got)
	}
	f.Do(t, "admin", http.MethodPut, f.base+"/assistants/Edgar", map[string]any{"name": "F"}).Want(t, http.StatusBadRequest)
	f.Do(t, "admin", http.MethodPut, "/v1/workspaces/nowhere/assistants/edgar", map[string]any{"name": "F"}).Want(t, http.StatusNotFound)
	f.Do(t, "viewer", http.MethodPut, path, map[string]any{"name": "F"}).Want(t, http.StatusForbidden)
}

// The cost of an answer does not depend on the number of issues.
func TestAnAnswerCostsTheSameInALargeWorkspace(t *testing.T) {
	t.Parallel()
	c := ownCloud(t)
	if c.Firestore == nil {
		t.Skip("only the embedded Firestore counts")
	}
	newFixture(t, c) // the platform's staff is added with the first tenant
	uploadTasks(t, c, community)
	cost := map[int]int64{}
	for _, issues := range []int{10, 1000} {
		f := newFixture(t, c)
		f.storeIssues(t, manyActiveIssues(issues)...)
		f.setEdgar(t, 0.85, "read-only")
		f.askEdgar(t) // from now on, the caller and the tenant are cached
		before := c.Firestore.Counts()
		if got := f.askEdgar(t); len(got.Next.Tasks) != 1 || got.Wrong.Capped != true {
			t.Errorf("of %d issues: %+v", issues, got.Wrong)
		}
		cost[issues] = c.Firestore.Counts().Reads - before.Reads
	}
	if cost[10] != cost[1000] {
		t.Errorf("reads by issues: %v", cost)
	}
}

// An answer skips ignored issues. If there are more than it reads, it says that there
// may be other active issues.
func TestAnAssistantSkipsIgnoredIssues(t *testing.T) {
	t.Parallel()
	f := newFixture(t, cloudtest.Shared(t))
	f.setEdgar(t, 0.85, "read-only")
	ignored := func(from, to int) (all []issueFixture) {
		for n := from; n < to; n++ {
			all = append(all, issueFixture{name: fmt.Sprint("ignored ", n), severity: 1, ago: time.Duration(n) * time.Second, ignored: farFuture(f)})
		}
		return all
	}
	const stopped = "stopped there. There may be worse unresolved issues"
	f.storeIssues(t, append(ignored(0, 450), issueFixture{name: "the last", severity: 1, ago: time.Hour})...)
	got := f.askEdgar(t)
	if x := got.Wrong.SLXs; len(x) != 1 || x[0].Issues[0].Title != "the last" || got.Wrong.Capped || strings.Contains(got.Next.Summary, stopped) {
		t.Errorf("after 450 ignored issues: %+v, %s", got.Wrong, got.Next.Summary)
	}
	f.storeIssues(t, ignored(450, 1000)...)
	got = f.askEdgar(t)
	if !got.Wrong.Capped || len(got.Wrong.SLXs) != 0 || !strings.Contains(got.Next.Summary, "I skipped 1000 ignored issues and "+stopped) {
		t.Errorf("after 1,000 ignored issues: %+v, %s", got.Wrong, got.Next.Summary)
	}
}

// If there are more SLIs than an answer lists, it has the most urgent ones.
func TestAnAnswerHasTheMostUrgentOfManySLIs(t *testing.T) {
	t.Parallel()
	f := newFixture(t, cloudtest.Shared(t))
	f.setEdgar(t, 0.85, "read-only")
	f.storeSLIOfEveryAlert(t, 120)
	got := f.askEdgar(t).Health
	var names []string
	for _, s := range got.SLIs {
		names = append(names, s.Name)
	}
	if len(names) != 100 || !got.Capped {
		t.Fatalf("%d SLIs are listed, capped: %t", len(names), got.Capped)
	}
	wantList(t, names[:5], "z-page", "y-ticket", "x-warning", "a 000", "a 001")
}
