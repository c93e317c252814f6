package assistants_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/strongroom-dev/strongroom/emulator/cloudtest"
	"github.com/strongroom-dev/strongroom/shared/auditlog"
	"github.com/strongroom-dev/strongroom/shared/configtree"
	"github.com/strongroom-dev/strongroom/shared/consent"
	"github.com/strongroom-dev/strongroom/shared/records"
)

// collection is the repository of the tasks in the tests of configurations.
const collection = "https://github.com/example/tasks"

// putTasks stores tasks of files in the catalog: name|path in the repository.
func putTasks(t testing.TB, c *cloudtest.Cloud, lines ...string) {
	t.Helper()
	var all []map[string]any
	for _, line := range lines {
		name, path, _ := strings.Cut(line, "|")
		all = append(all, map[string]any{
			"name": name, "documentation": "Checks it.", "tags": []string{"access:read-only"}, "suite": path, "source": collection + "/blob/main/" + path,
		})
	}
	uploadTasks(t, c, all)
}

// yamlFile is a file with one document. The spec is in YAML's flow style.
func yamlFile(kind, slx, spec string) configtree.File {
	text := "apiVersion: runwhen.com/v1\nkind: " + kind + "\nmetadata: {name: prod--" + slx + "}\nspec: " + spec + "\n"
	return configtree.File{Path: slx + "-" + strings.ToLower(kind) + ".yaml", Data: []byte(text)}
}

// configured are the files of an SLX that has the tasks of a file.
func configured(slx, resource, path string) []configtree.File {
	return []configtree.File{
		yamlFile(configtree.SLX, slx, fmt.Sprintf(`{alias: "%s health", additionalContext: {qualified_name: %s}, tags: [{name: team, value: %s}]}`, slx, resource, slx)),
		yamlFile(configtree.Runbook, slx, fmt.Sprintf(`{codeBundle: {repoUrl: "%s.git", pathToRobot: %s}, configProvided: [{name: DEPLOYMENT, value: %s}]}`, collection, path, slx)),
	}
}

// pushConfig pushes files and waits until they are in the graph.
func (f *fixture) pushConfig(t testing.TB, files ...configtree.File) {
	t.Helper()
	f.PushConfig(t, f.Workspace, files)
	commit := f.MainOf(t, f.Workspace)
	cloudtest.Eventually(t, "the configuration is in the graph", func() bool {
		doc, err := records.ConfigGraphRef(f.db, f.ID, f.Workspace).Get(t.Context())
		return err == nil && doc.Data()["commit"] == commit
	})
}

type place struct {
	SLX, Alias, Resource, Task, Path string
	SLXs                             int
}

// placesOf asks the assistant, and returns where the configuration has each suggested task.
func (f *fixture) placesOf(t testing.TB) map[string]place {
	t.Helper()
	var a struct {
		Next struct {
			Tasks []struct {
				Name       string
				Configured *place
			}
		}
	}
	f.Do(t, "viewer", http.MethodGet, f.base+"/assistants/edgar", nil).Want(t, http.StatusOK).JSON(t, &a)
	places := map[string]place{}
	for _, task := range a.Next.Tasks {
		places[task.Name] = place{}
		if task.Configured != nil {
			places[task.Name] = *task.Configured
		}
	}
	return places
}

func TestTheConfigurationSaysWhereToRunATask(t *testing.T) {
	t.Parallel()
	c := ownCloud(t)
	newFixture(t, c) // the platform's staff is known with the first tenant
	putTasks(t, c, "Restart Pods of ${DEPLOYMENT}|a/runbook.robot", "Check Disk Usage|b/runbook.robot", "Resolve a Name|c/runbook.robot")
	web, db := configured("web", "shop/web", "a/runbook.robot"), configured("db", "shop/db", "a/runbook.robot")
	webTask := "Restart Pods of ${DEPLOYMENT}"
	ofWeb := place{SLX: "web", Alias: "web health", Resource: "shop/web", Task: "Restart Pods of web", Path: "web-runbook.yaml", SLXs: 2}
	ofDB := place{SLX: "db", Alias: "db health", Resource: "shop/db", Task: "Restart Pods of db", Path: "db-runbook.yaml", SLXs: 2}
	one := func(p place) place { p.SLXs = 1; return p }
	related := yamlFile(configtree.Workspace, "w", "{slxRelationships: [{subject: front, verb: depends-on, directObject: prod--db}]}")
	front := yamlFile(configtree.SLX, "front", "{alias: Front}")
	for name, row := range map[string]struct {
		issue issueFixture
		files []configtree.File
		want  place
	}{
		"no configuration":                                  {issueFixture{}, nil, place{}},
		"a configuration without the task":                  {issueFixture{}, configured("web", "shop/web", "other/runbook.robot"), place{}},
		"the SLX of the issue":                              {issueFixture{slx: "db"}, slices.Concat(web, db), ofDB},
		"the SLX of the issue, with the workspace's prefix": {issueFixture{slx: "prod--web"}, slices.Concat(web, db), ofWeb},
		"the SLX with the resource of the issue":            {issueFixture{slx: "other", resource: "shop/db"}, slices.Concat(web, db), ofDB},
		"an SLX that the issue's SLX is related to":         {issueFixture{slx: "front"}, append(slices.Concat(web, db), front, related), ofDB},
		"the only SLX":                                      {issueFixture{slx: "other"}, web, one(ofWeb)},
		"several SLXs that are not related":                 {issueFixture{slx: "other"}, slices.Concat(web, db), place{SLXs: 2}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFixture(t, c)
			f.setEdgar(t, 0.3, "read-only")
			issue := row.issue
			issue.name, issue.severity, issue.steps = "Pods crash", 1, "Restart the pods of the deployment"
			f.storeIssues(t, issue)
			if row.files != nil {
				f.pushConfig(t, row.files...)
			}
			if got := f.placesOf(t); got[webTask] != row.want {
				t.Errorf("got %+v, want %+v", got, row.want)
			}
		})
	}
}

func TestAConfiguredTaskIsPreferred(t *testing.T) {
	t.Parallel()
	c := ownCloud(t)
	f := newFixture(t, c)
	putTasks(t, c, "Check Disk Usage|a/runbook.robot", "Check Disk Usage|b/runbook.robot", "Check Disk|c/runbook.robot")
	f.setEdgar(t, 0, "read-only")
	f.storeIssues(t, issueFixture{name: "The disk is full", severity: 1, steps: "Check disk usage"})
	sources := func() (sources []string) {
		for _, task := range f.askEdgar(t).Next.Tasks {
			sources = append(sources, strings.TrimPrefix(task.Source, collection+"/blob/main/"))
		}
		return sources
	}
	if got := sources(); len(got) != 3 {
		t.Fatalf("without a configuration: %q", got)
	}
	f.pushConfig(t, configured("disk", "node-1", "b/runbook.robot")...)
	if diff := cmp.Diff([]string{"b/runbook.robot", "c/runbook.robot"}, sources()); diff != "" {
		t.Errorf("the configured task is first, and the other one of its name is not suggested:\n%s", diff)
	}
	f.pushConfig(t, yamlFile(configtree.SLX, "disk", "{alias: Disk}"))
	if got := sources(); len(got) != 3 {
		t.Errorf("after the configuration was removed: %q", got)
	}
	var counts struct{ Issues []issueAnswer }
	f.Search(t, "viewer", f.base+"/issues", "state=active").Want(t, http.StatusOK).JSON(t, &counts)
	if len(counts.Issues) != 1 {
		t.Error("removed configuration has resolved an issue")
	}
}

func TestATitleMatchesATaskThatRan(t *testing.T) {
	t.Parallel()
	c := ownCloud(t)
	f := newFixture(t, c)
	f.setEdgar(t, 0, "read-write")
	f.storeIssues(t, issueFixture{name: "Lag", severity: 1, task: "Drain queue orders now", slx: "queue", resource: "broker", steps: "Drain queue orders now"})
	f.pushConfig(t, yamlFile(configtree.SLX, "queue", "{alias: Queue, additionalContext: {qualified_name: broker-1}}"),
		yamlFile(configtree.TaskSet, "queue", `{tasks: ["Drain queue ${QUEUE} now"]}`))
	want := place{SLX: "queue", Alias: "Queue", Resource: "broker-1", Task: "Drain queue orders now", Path: "queue-taskset.yaml", SLXs: 1}
	if got := f.placesOf(t); got["Drain queue orders now"] != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

type configGraphAnswer struct {
	Commit        string
	ConfigNodes   []struct{ ID, Kind, Name, Alias, Path, Detail string }
	ConfigEdges   []struct{ From, Kind, To string }
	NextPageToken string
}

func (f *fixture) getConfigGraph(t testing.TB, body map[string]any) (g configGraphAnswer) {
	t.Helper()
	body["of"] = "configuration"
	f.Do(t, "viewer", http.MethodPost, f.base+"/graph/search", body).Want(t, http.StatusOK).JSON(t, &g)
	return g
}

func (g configGraphAnswer) edges() (edges []string) {
	for _, e := range g.ConfigEdges {
		edges = append(edges, e.From+" "+e.Kind+" "+e.To)
	}
	slices.Sort(edges)
	return edges
}

func TestTheGraphOfTheConfiguration(t *testing.T) {
	t.Parallel()
	f := newFixture(t, cloudtest.Shared(t))
	if g := f.getConfigGraph(t, map[string]any{}); g.Commit != "" || len(g.ConfigNodes) != 0 {
		t.Errorf("without a configuration: %+v", g)
	}
	files := append(configured("web", "shop/web", "a/runbook.robot"), configured("db", "shop/db", "a/runbook.robot")...)
	files = append(files, yamlFile(configtree.SLI, "web", "{displayUnitsShort: ms, codeBundle: {pathToRobot: a/sli.robot}}"),
		yamlFile(configtree.SLO, "web", "{objective: 99, operand: gt, threshold: 1}"),
		yamlFile(configtree.Workspace, "w", "{slxGroups: [{name: shop, slxs: [web]}], slxRelationships: [{subject: web, verb: depends-on, directObject: db}]}"))
	f.pushConfig(t, files...)
	want := []string{
		"sli:web-servicelevelindicator.yaml measures slx:web", "slx:db about resource:shop/db", "slx:db runs task:a/runbook.robot", "slx:db tagged tag:team=db",
		"slx:web about resource:shop/web", "slx:web in group:shop", "slx:web related slx:db", "slx:web runs task:a/runbook.robot", "slx:web tagged tag:team=web",
	}
	g := f.getConfigGraph(t, map[string]any{})
	if diff := cmp.Diff(want, g.edges()); diff != "" || g.Commit != f.MainOf(t, f.Workspace) {
		t.Errorf("commit %s:\n%s", g.Commit, diff)
	}
	for _, n := range g.ConfigNodes {
		if n.Kind == "sli" && n.Detail != "ms; 99 gt 1" {
			t.Errorf("the SLI is %+v", n)
		}
	}
	if diff := cmp.Diff(want[1:4], f.getConfigGraph(t, map[string]any{"slx": "prod--db"}).edges()); diff != "" {
		t.Errorf("of one SLX:\n%s", diff)
	}
	if got := f.countEntries(t, auditlog.ReadGraph); got < 3 {
		t.Errorf("%d reads of the configuration are in the audit log", got)
	}
	other := newFixture(t, f.Cloud)
	if g := other.getConfigGraph(t, map[string]any{}); len(g.ConfigNodes) != 0 {
		t.Errorf("another tenant reads %+v", g)
	}
}

func TestThePagesOfTheConfigurationAreOfOneCommit(t *testing.T) {
	t.Parallel()
	f := newFixture(t, cloudtest.Shared(t))
	var files []configtree.File
	for n := range 120 {
		files = append(files, yamlFile(configtree.SLX, fmt.Sprintf("s%03d", n), "{alias: A}"))
	}
	f.pushConfig(t, files...)
	g := f.getConfigGraph(t, map[string]any{})
	first, slxs, pages := g.Commit, len(g.ConfigNodes), 1
	f.pushConfig(t, files[:3]...)
	for g.NextPageToken != "" {
		g = f.getConfigGraph(t, map[string]any{"pageToken": g.NextPageToken})
		if slxs, pages = slxs+len(g.ConfigNodes), pages+1; g.Commit != first {
			t.Errorf("page %d is of commit %s, the first of %s", pages, g.Commit, first)
		}
	}
	if slxs != 120 || pages != 3 {
		t.Errorf("%d SLXs on %d pages", slxs, pages)
	}
}

// No model ever gets what a configuration says. The canaries are in every part of it that
// an answer shows; that the answers show them is the control.
func TestNoModelGetsTheConfiguration(t *testing.T) {
	t.Parallel()
	c := ownCloud(t)
	f := newModelFixture(t, c, consent.ExplainIssue, consent.SummariseWorkspace, consent.RankNextTasks)
	putTasks(t, c, "Restart ${DEPLOYMENT}|a/runbook.robot", "Restart Everything|b/runbook.robot")
	f.storeIssues(t, issueFixture{name: "Down", severity: 1, slx: "web", steps: "Restart everything of the deployment"})
	f.pushConfig(t, slices.Concat(
		configured("web", "canary-resource", "a/runbook.robot"), configured("canary-slx", "canary-resource-2", "b/runbook.robot"),
		[]configtree.File{yamlFile(configtree.TaskSet, "web", `{tasks: ["canary ${X} title"]}`)})...)
	if got := f.placesOf(t)["Restart ${DEPLOYMENT}"]; got.Resource != "canary-resource" || got.Task != "Restart web" {
		t.Fatalf("the answer does not show the configuration: %+v", got)
	}
	f.explain(t)
	f.Do(t, "viewer", http.MethodPost, f.base+"/assistants/edgar/summary", map[string]any{}).Want(t, http.StatusOK)
	f.Do(t, "viewer", http.MethodPost, f.base+"/assistants/edgar/rank", map[string]any{}).Want(t, http.StatusOK)
	requests := c.Vertex.Requests(f.project)
	if len(requests) != 3 {
		t.Fatalf("the model got %d requests, want 3", len(requests))
	}
	for _, r := range requests {
		body := string(r.Body)
		for _, text := range []string{"canary", "Restart web", "web health", "runbook.yaml", "configured"} {
			if strings.Contains(body, text) {
				t.Errorf("a request to the model has %q: %s", text, body)
			}
		}
		if !strings.Contains(body, "Restart") {
			t.Errorf("a request does not have the suggested tasks, so this test checks nothing: %s", body)
		}
	}
}
