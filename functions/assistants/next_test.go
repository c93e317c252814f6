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

// answered is an assistant's answer.
type answered struct {
	ID, Name, AccessLevel string
	Relevance             float64
	Wrong                 struct {
		Counts []struct {
			Severity, Standing int
			OrMore             bool
		}
		SLXs []struct {
			SLX    string
			Issues []struct{ ID, Title, State string }
		}
		Capped bool
	}
	Health struct {
		SLIs   []indicator
		Capped bool
	}
	Next struct {
		Tasks    []suggested
		Below    int
		Withheld int
		Silent   bool
		Says     string
	}
}

type suggested struct {
	Score                                                   float64
	From, Name, Suite, Source, SLX, Resource, Documentation string
	Evidence                                                []struct {
		Issue, Step string
		Score       float64
		Words       []string
	}
}

func (d *desk) ask(t testing.TB) (a answered) {
	t.Helper()
	d.Do(t, "viewer", http.MethodGet, d.path+"/assistants/edgar", nil).Want(t, http.StatusOK).JSON(t, &a)
	return a
}

func (d *desk) edgar(t testing.TB, relevance float64, level string) {
	t.Helper()
	body := map[string]any{"name": "Eager Edgar", "relevance": relevance, "accessLevel": level}
	d.Do(t, "admin", http.MethodPut, d.path+"/assistants/edgar", body).Want(t, http.StatusOK)
}

func (a answered) names() (names []string) {
	for _, t := range a.Next.Tasks {
		names = append(names, t.Name)
	}
	return names
}

func TestAnAssistantTellsWhatIsWrong(t *testing.T) {
	t.Parallel()
	d := newDesk(t, cloudtest.Shared(t))
	d.rest(t, several(d)...)
	d.Do(t, "admin", http.MethodPut, d.path+"/slis/b", objective(100, 0.99)).Want(t, http.StatusOK)
	d.measure(t, "a", 5)
	d.measure(t, "b", 500, 500, 500)
	d.edgar(t, 0.9, "read-write")
	got := d.ask(t)
	if got.ID != "edgar" || got.Name != "Eager Edgar" || got.Relevance != 0.9 || got.AccessLevel != "read-write" {
		t.Errorf("it is %+v", got)
	}
	var standing []int
	for _, c := range got.Wrong.Counts {
		standing = append(standing, c.Standing)
	}
	if diff := cmp.Diff([]int{2, 2, 0, 1}, standing); diff != "" || got.Wrong.Capped {
		t.Errorf("counts: %s", diff)
	}
	if x := got.Wrong.SLXs; len(x) != 2 || x[0].SLX != "dns" || len(x[0].Issues) != 4 || x[0].Issues[0].Title != "01 standing, 1, newest" || x[1].SLX != "web" {
		t.Errorf("by SLX: %+v", x)
	}
	if s := got.Health.SLIs; len(s) != 2 || s[0].Name != "b" || s[0].Alert != "page" || s[1].Alert != "none" {
		t.Errorf("health: %+v", s)
	}
	if !got.Next.Silent || !strings.Contains(got.Next.Says, "no issue that stands names a next step") {
		t.Errorf("next: %+v", got.Next)
	}
	if n := d.entries(t, auditlog.AskAssistant); n != 1 {
		t.Errorf("%d entries are on record", n)
	}
}

// cart is an issue whose author knows what to do.
var cart = resting{
	name: "Deployment cart has no ready replicas", severity: 1, slx: "shop",
	steps: "Fetch the logs of deployment `cart`\nRestart deployment `cart`\nAsk the owner of the shop about plans",
}

func TestAnAssistantSuggestsTheTaskThatAuthorsAskFor(t *testing.T) {
	t.Parallel()
	c := ownCloud(t)
	d := newDesk(t, c)
	uploadTasks(t, c, community)
	d.rest(t, cart, resting{name: "gone", severity: 1, resolved: true, steps: "Count Kafka consumer lag"})
	d.edgar(t, 0.85, "read-only")
	got := d.ask(t)
	wantTitles(t, got.names(), "Fetch Deployment Logs")
	first := got.Next.Tasks[0]
	if first.From != "catalog" || first.Score < 0.85 || first.Score > 1 || first.Source == "" || got.Next.Silent {
		t.Errorf("got %+v", got.Next)
	}
	if len(first.Evidence) != 1 {
		t.Errorf("what else is said asks for others: %+v", first.Evidence)
	}
	why := first.Evidence[0]
	if why.Issue != cart.id() || why.Step != "Fetch the logs of deployment `cart`" || !slices.Contains(why.Words, "logs") || !slices.Contains(why.Words, "deployment") {
		t.Errorf("because of %+v", why)
	}
	for _, task := range got.Next.Tasks {
		if task.Score < 0 || task.Score > 1 {
			t.Errorf("%s scores %v", task.Name, task.Score)
		}
	}
	d.edgar(t, 0.85, "read-write")
	if names := d.ask(t).names(); !slices.Contains(names, "Restart Deployment") {
		t.Errorf("one that may write suggests %q", names)
	}
}

func TestBelowItsThresholdAnAssistantIsSilent(t *testing.T) {
	t.Parallel()
	c := ownCloud(t)
	d := newDesk(t, c)
	uploadTasks(t, c, community)
	d.rest(t, resting{name: "odd", severity: 1, steps: "Wonder whether any deployment of the moon base had unusual weather"})
	d.edgar(t, 0.85, "read-only")
	got := d.ask(t)
	if !got.Next.Silent || len(got.Next.Tasks) != 0 || got.Next.Below == 0 || !strings.Contains(got.Next.Says, "nothing to suggest") {
		t.Errorf("got %+v", got.Next)
	}
	d.edgar(t, 0, "read-only")
	if got := d.ask(t); got.Next.Silent || got.Relevance != 0 {
		t.Errorf("one that says everything says %+v", got.Next)
	}
}

func TestATaskThatTheWorkspaceRanIsSuggestedAsSuch(t *testing.T) {
	t.Parallel()
	d := newDesk(t, ownCloud(t))
	d.rest(t, resting{name: "a", severity: 2, slx: "shop", steps: "Run the postgres vacuum check"},
		resting{name: "b", severity: 3, slx: "shop", task: "postgres-vacuum-check", resolved: true})
	d.edgar(t, 0.85, "read-write")
	got := d.ask(t)
	if len(got.Next.Tasks) == 0 || got.Next.Tasks[0].Name != "postgres-vacuum-check" || got.Next.Tasks[0].From != "workspace" || got.Next.Tasks[0].SLX != "shop" {
		t.Errorf("got %+v", got.Next)
	}
	d.edgar(t, 0.85, "read-only")
	if got := d.ask(t); !got.Next.Silent || got.Next.Withheld != 1 || !strings.Contains(got.Next.Says, "1 that fit may write") {
		t.Errorf("nobody says that it only reads, and the answer is %+v", got.Next)
	}
}

// ranLogs is a run of a task that the catalog has.
var ranLogs = resting{name: "logs", severity: 4, task: "fetch-deployment-logs", slx: "shop", resource: "cart", resolved: true}

func TestWhatTheWorkspaceRanAndTheCatalogueHasIsOneTask(t *testing.T) {
	t.Parallel()
	c := ownCloud(t)
	d := newDesk(t, c)
	uploadTasks(t, c, community)
	twice := cart
	twice.steps = "Fetch the deployment's logs\nFetch the deployment's logs"
	d.rest(t, twice, ranLogs)
	d.edgar(t, 0.85, "read-only")
	got := d.ask(t)
	if len(got.Next.Tasks) != 1 {
		t.Fatalf("got %+v", got.Next)
	}
	task := got.Next.Tasks[0]
	if task.From != "workspace" || task.SLX != "shop" || task.Resource != "cart" || task.Suite != "Kubernetes" || !strings.Contains(task.Documentation, "last lines") || task.Source == "" {
		t.Errorf("it is %+v", task)
	}
	if len(task.Evidence) != 1 || task.Evidence[0].Issue != twice.id() || task.Evidence[0].Score != task.Score {
		t.Errorf("because of %+v", task.Evidence)
	}
}

// inSuite is the same tasks in another suite.
func inSuite(suite string, tasks []map[string]any) []map[string]any {
	for _, t := range tasks {
		t["suite"], t["source"] = suite, "https://example.com/collection/"+suite+".robot"
	}
	return tasks
}

func TestTasksOfOneNameInTwoSuitesAreTwo(t *testing.T) {
	t.Parallel()
	c := ownCloud(t)
	d := newDesk(t, c)
	uploadTasks(t, c, community)
	uploadTasks(t, c, inSuite("Remedies", tasks("Fetch Deployment Logs|Fetches logs of a deployment and cuts them.|access:read-write")))
	d.rest(t, cart)
	d.edgar(t, 0.85, "read-only")
	if got := d.ask(t).Next; len(got.Tasks) != 1 || got.Tasks[0].Suite != "Kubernetes" || got.Withheld != 2 {
		t.Errorf("one that only reads says %+v", got)
	}
	d.edgar(t, 0.85, "read-write")
	if names := d.ask(t).names(); len(names) != 3 { // two of them have one name
		t.Errorf("one that may write says %q", names)
	}
	d.rest(t, ranLogs)
	got := d.ask(t).Next
	if len(got.Tasks) != 2 || !slices.ContainsFunc(got.Tasks, func(task suggested) bool { return task.From == "workspace" && task.Suite == "" && task.Source == "" }) {
		t.Errorf("nobody knows of which suite the task was that ran, and the answer is %+v", got)
	}
	d.edgar(t, 0.85, "read-only")
	if got := d.ask(t).Next; !got.Silent || got.Withheld != 2 {
		t.Errorf("one of that name may write, and the answer is %+v", got)
	}
}

// Each of those of a name must say that it only reads, in whatever order they come.
func TestATaskOnlyReadsIfAllOfItsNameDo(t *testing.T) {
	t.Parallel()
	c := ownCloud(t)
	d := newDesk(t, c)
	uploadTasks(t, c, inSuite("Cutters", tasks("Fetch Deployment Logs|Fetches and cuts them.|access:read-write")))
	for n := range 8 {
		uploadTasks(t, c, inSuite(fmt.Sprint("Readers-", n), tasks("Fetch Deployment Logs|Fetches logs.|access:read-only")))
	}
	d.rest(t, cart, ranLogs)
	d.edgar(t, 0.85, "read-only")
	if got := d.ask(t).Next; !got.Silent || got.Withheld != 1 {
		t.Errorf("got %+v", got)
	}
}

func TestThingsThatNamesHaveMakeNoDifference(t *testing.T) {
	t.Parallel()
	c := ownCloud(t)
	d := newDesk(t, c)
	uploadTasks(t, c, tasks("Fetch Logs of Deployment `${NAME}` in Namespace `${NAMESPACE}`|Fetches logs.|access:read-only"))
	ran := ranLogs
	ran.task = "Fetch Logs of Deployment `cart` in Namespace `shop`"
	d.rest(t, cart, ran)
	d.edgar(t, 0.85, "read-only")
	if got := d.ask(t).Next; len(got.Tasks) != 1 || got.Tasks[0].From != "workspace" || got.Tasks[0].Name != ran.task || got.Tasks[0].Resource != "cart" || got.Tasks[0].Suite == "" {
		t.Errorf("got %+v", got)
	}
}

func TestMeasurementsAreFoundAndNotSuggested(t *testing.T) {
	t.Parallel()
	c := ownCloud(t)
	d := newDesk(t, c)
	measures := tasks("Fetch Deployment Logs Score|Counts errors in logs of a deployment.|access:read-only", "Rate Deployment Logs Score|Counts errors.|access:read-only")
	measures[0]["kind"], measures[1]["kind"] = "sli", "sli"
	uploadTasks(t, c, measures)
	d.rest(t, resting{name: "odd", severity: 1, steps: "Fetch the deployment logs score"}, resting{name: "ran", severity: 2, task: "fetch-deployment-logs-score", resolved: true})
	d.edgar(t, 0, "read-write")
	if got := d.ask(t); len(got.Next.Tasks) != 0 || got.Next.Below != 0 {
		t.Errorf("got %+v", got.Next)
	}
	var found struct{ Tasks []struct{ Kind string } }
	d.Do(t, "viewer", http.MethodGet, "/v1/catalog/tasks?query=deployment+logs+score", nil).Want(t, http.StatusOK).JSON(t, &found)
	if len(found.Tasks) != 2 || found.Tasks[0].Kind != "sli" {
		t.Errorf("a search finds %+v", found)
	}
}

func TestATaskThatDoesNotSayWhatItMayDoMayDoAnything(t *testing.T) {
	t.Parallel()
	c := ownCloud(t)
	d := newDesk(t, c)
	uploadTasks(t, c, tasks("Kill Random Pods|Kills pods of a deployment.|chaos", "Inspect Random Pods|Looks at pods.|Access: Read-Only",
		"Rotate Broker Credentials|Makes new ones.|access:read-only,access:read-write"))
	d.rest(t, resting{name: "odd", severity: 1, steps: "Kill random pods\nInspect random pods\nRotate the broker's credentials"})
	d.edgar(t, 0.85, "read-only")
	got := d.ask(t)
	wantTitles(t, got.names(), "Inspect Random Pods")
	if got.Next.Withheld != 2 {
		t.Errorf("got %+v", got.Next)
	}
}

func TestAnAssistantIsSet(t *testing.T) {
	t.Parallel()
	d := newDesk(t, cloudtest.Shared(t))
	path := d.path + "/assistants/edgar"
	d.Do(t, "viewer", http.MethodGet, path, nil).Want(t, http.StatusNotFound)
	d.Do(t, "admin", http.MethodPut, path, map[string]any{"name": "E"}).Want(t, http.StatusOK)
	want := d.ask(t)
	if want.Name != "E" || want.Relevance != 0.85 || want.AccessLevel != "read-only" {
		t.Errorf("got %+v", want)
	}
	for what, body := range map[string]any{
		"no name":          map[string]any{"relevance": 0.5},
		"an empty name":    map[string]any{"name": ""},
		"a long name":      map[string]any{"name": strings.Repeat("x", 201)},
		"relevance 1.1":    map[string]any{"name": "F", "relevance": 1.1},
		"relevance -0.1":   map[string]any{"name": "F", "relevance": -0.1},
		"an unknown level": map[string]any{"name": "F", "accessLevel": "root"},
		"an unknown key":   map[string]any{"name": "F", "id": "x"},
	} {
		if r := d.Do(t, "admin", http.MethodPut, path, body); r.Status != http.StatusUnprocessableEntity && r.Status != http.StatusBadRequest {
			t.Errorf("%s: status %d: %s", what, r.Status, r.Body)
		}
	}
	if got := d.ask(t); got.Name != "E" || got.Relevance != 0.85 {
		t.Errorf("something was written: %+v", got)
	}
	d.Do(t, "admin", http.MethodPut, d.path+"/assistants/Edgar", map[string]any{"name": "F"}).Want(t, http.StatusBadRequest)
	d.Do(t, "admin", http.MethodPut, "/v1/workspaces/nowhere/assistants/edgar", map[string]any{"name": "F"}).Want(t, http.StatusNotFound)
	d.Do(t, "viewer", http.MethodPut, path, map[string]any{"name": "F"}).Want(t, http.StatusForbidden)
}

// What an answer costs does not depend on how much is wrong.
func TestAnAnswerCostsTheSameInALargeWorkspace(t *testing.T) {
	t.Parallel()
	c := ownCloud(t)
	if c.Firestore == nil {
		t.Skip("only the embedded Firestore counts")
	}
	newDesk(t, c) // with the first tenant come the platform's staff
	uploadTasks(t, c, community)
	cost := map[int]int64{}
	for _, issues := range []int{10, 1000} {
		d := newDesk(t, c)
		d.rest(t, manyStanding(issues)...)
		d.edgar(t, 0.85, "read-only")
		d.ask(t) // whoever asks is known from here on
		before := c.Firestore.Counts()
		if got := d.ask(t); len(got.Next.Tasks) != 1 || got.Wrong.Capped != true {
			t.Errorf("of %d issues: %+v", issues, got.Wrong)
		}
		cost[issues] = c.Firestore.Counts().Reads - before.Reads
	}
	if cost[10] != cost[1000] {
		t.Errorf("reads by issues: %v", cost)
	}
}

// Whoever ignores much still learns what stands; of more than an answer reads,
// that there may be more.
func TestAnAssistantLooksBehindWhatIsIgnored(t *testing.T) {
	t.Parallel()
	d := newDesk(t, cloudtest.Shared(t))
	d.edgar(t, 0.85, "read-only")
	ignored := func(from, to int) (all []resting) {
		for n := from; n < to; n++ {
			all = append(all, resting{name: fmt.Sprint("ignored ", n), severity: 1, ago: time.Duration(n) * time.Second, ignored: far(d)})
		}
		return all
	}
	const ends = "looked no further"
	d.rest(t, append(ignored(0, 450), resting{name: "the last", severity: 1, ago: time.Hour})...)
	got := d.ask(t)
	if x := got.Wrong.SLXs; len(x) != 1 || x[0].Issues[0].Title != "the last" || got.Wrong.Capped || strings.Contains(got.Next.Says, ends) {
		t.Errorf("behind 450: %+v, and %s", got.Wrong, got.Next.Says)
	}
	d.rest(t, ignored(450, 1000)...)
	got = d.ask(t)
	if !got.Wrong.Capped || len(got.Wrong.SLXs) != 0 || !strings.Contains(got.Next.Says, "I passed over 1000 issues that are ignored and "+ends) {
		t.Errorf("behind 1,000: %+v, and %s", got.Wrong, got.Next.Says)
	}
}

// Of more SLIs than an answer tells of, the urgent ones are never missing.
func TestAnAnswerHasTheMostUrgentOfManySLIs(t *testing.T) {
	t.Parallel()
	d := newDesk(t, cloudtest.Shared(t))
	d.edgar(t, 0.85, "read-only")
	d.ofEveryAlert(t, 120)
	got := d.ask(t).Health
	var names []string
	for _, s := range got.SLIs {
		names = append(names, s.Name)
	}
	if len(names) != 100 || !got.Capped {
		t.Fatalf("%d are told of, capped: %t", len(names), got.Capped)
	}
	wantTitles(t, names[:5], "z-page", "y-ticket", "x-warning", "a 000", "a 001")
}
