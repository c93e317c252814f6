package slx_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/strongroom-dev/strongroom/shared/configtree"
	"github.com/strongroom-dev/strongroom/shared/slx"
)

func document(kind, name, spec string) string {
	return "apiVersion: runwhen.com/v1\nkind: " + kind + "\nmetadata: {name: prod--" + name + "}\nspec:\n" + spec
}

func tree(t *testing.T, files map[string]string) configtree.Tree {
	t.Helper()
	var list []configtree.File
	for path, text := range files {
		list = append(list, configtree.File{Path: path, Data: []byte(text)})
	}
	tree, faults := configtree.New(list)
	if len(faults) > 0 {
		t.Fatal(faults)
	}
	return tree
}

func build(t *testing.T, files map[string]string) slx.Graph {
	t.Helper()
	elements, omitted, _ := collected(tree(t, files))
	return slx.Build("c1", elements, omitted)
}

var shop = map[string]string{
	"slxs/web/slx.yaml": document(configtree.SLX, "web", `  alias: Web Deployment
  additionalContext: {qualified_name: prod/shop/web, hierarchy: [a, b]}
  tags: [{name: team, value: shop}, {name: "", value: x}]
`),
	"slxs/web/runbook.yaml": document(configtree.Runbook, "web", `  codeBundle: {repoUrl: "https://github.com/Example/tasks.git", ref: main, pathToRobot: codebundles/deployment/runbook.robot}
  configProvided: [{name: NAMESPACE, value: shop}, {name: URL, value: "https://u:p@h"}]
`),
	"slxs/web/sli.yaml": document(configtree.SLI, "web", `  displayUnitsShort: ms
  codeBundle: {repoUrl: "https://github.com/example/tasks", pathToRobot: codebundles/deployment/sli.robot}
`),
	"slxs/web/slo.yaml":    document(configtree.SLO, "web", "  objective: 99.5\n  operand: gt\n  threshold: 0.9\n"),
	"slxs/db/taskset.yaml": document(configtree.TaskSet, "db", "  tasks: [\"Restart ${POD}\", {title: \"Check ${POD}\"}]\n"),
	"workspace.yaml": document(configtree.Workspace, "ws", `  slxGroups: [{name: checkout, slxs: [prod--web, db, absent]}]
  slxRelationships: [{subject: web, verb: depends-on, directObject: prod--db}]
`),
}

func TestAConfigurationIsReadAsSLXs(t *testing.T) {
	t.Parallel()
	got := build(t, shop)
	runbook := slx.Source{Repository: "https://github.com/example/tasks", Path: "codebundles/deployment/runbook.robot"}
	want := slx.Graph{
		Directory: slx.Directory{Commit: "c1", SLXs: 2, First: []string{"db"}, Tasks: []slx.Place{
			{Source: runbook, SLXs: []string{"web"}, Count: 1},
			{Title: "Check ${POD}", SLXs: []string{"db"}, Count: 1}, {Title: "Restart ${POD}", SLXs: []string{"db"}, Count: 1},
		}},
		Pages: [][]slx.SLX{{
			{Name: "db", Tasks: []slx.Tasks{{Path: "slxs/db/taskset.yaml", Titles: []string{"Restart ${POD}", "Check ${POD}"}}}, Groups: []string{"checkout"}},
			{
				Name: "web", Alias: "Web Deployment", Path: "slxs/web/slx.yaml", Resource: "prod/shop/web", Tags: []slx.Tag{{Name: "team", Value: "shop"}},
				Tasks: []slx.Tasks{{Path: "slxs/web/runbook.yaml", Source: runbook, Variables: []slx.Variable{{Name: "NAMESPACE", Value: "shop"}}}},
				SLIs: []slx.SLI{{
					Path: "slxs/web/sli.yaml", Unit: "ms", Source: slx.NewSource("https://github.com/example/tasks", "codebundles/deployment/sli.robot"),
					Objectives: []slx.Objective{{Objective: "99.5", Operand: "gt", Threshold: "0.9"}},
				}},
				Groups: []string{"checkout"}, Relations: []slx.Relation{{SLX: "web", Verb: "depends-on", To: "db"}},
			},
		}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestEachSLXIsOnItsPage(t *testing.T) {
	t.Parallel()
	files := map[string]string{}
	for n := range 300 {
		name := fmt.Sprintf("S%03d", n)
		files["slxs/"+name+"/slx.yaml"] = document(configtree.SLX, name, "  alias: "+strings.Repeat("x", n%200)+"\n")
	}
	g := build(t, files)
	if g.Directory.SLXs != 300 || len(g.Pages) != 6 {
		t.Fatalf("%d SLXs on %d pages", g.Directory.SLXs, len(g.Pages))
	}
	for n, page := range g.Pages {
		for _, x := range page {
			if at := g.Directory.Page("prod--" + strings.ToLower(x.Name)); at != n {
				t.Errorf("%s is on page %d, not %d", x.Name, n, at)
			}
		}
	}
	if at := g.Directory.Page("a"); at != -1 {
		t.Errorf("a name before the first is on page %d", at)
	}
}

func TestWhatDoesNotFitIsLeftOutAndCounted(t *testing.T) {
	t.Parallel()
	var elements []slx.Element
	for n := range 2 * slx.MaxPageSLXs * slx.MaxPages {
		elements = append(elements, slx.Element{Kind: configtree.SLX, SLX: fmt.Sprint(n), Path: "p"})
	}
	g := slx.Build("c", elements, 3)
	if got, want := g.Directory.Omitted, int64(3+len(elements)-g.Directory.SLXs); got != want || len(g.Pages) != slx.MaxPages {
		t.Errorf("%d are left out, want %d; %d pages", got, want, len(g.Pages))
	}
	long := strings.Repeat("x", 300)
	got := build(t, map[string]string{"slx.yaml": document(configtree.SLX, "a", "  alias: "+long+"\n  tags: [{name: "+long+", value: y}]\n")})
	if x := got.Pages[0][0]; x.Alias != "" || len(x.Tags) != 0 {
		t.Errorf("long texts are read: %+v", x)
	}
	files := map[string]string{}
	for n := range 9 {
		files[fmt.Sprintf("f%d.md", n)] = "text"
	}
	if elements, omitted, kinds := collected(tree(t, files)); len(elements) > 0 || omitted > 0 || len(kinds) > 0 {
		t.Errorf("texts have %d elements", len(elements)+int(omitted))
	}
}

func TestTheOrderOfElementsMakesNoDifference(t *testing.T) {
	t.Parallel()
	want := build(t, shop)
	elements, _, _ := collected(tree(t, shop))
	for range 20 {
		rand.Shuffle(len(elements), func(i, j int) { elements[i], elements[j] = elements[j], elements[i] })
		if diff := cmp.Diff(want, slx.Build("c1", elements, 0)); diff != "" {
			t.Fatal(diff)
		}
	}
}

func TestPartsAndPagesAreReadAsTheyWereWritten(t *testing.T) {
	t.Parallel()
	var elements []slx.Element
	for n := range 3000 {
		elements = append(elements, slx.Element{Kind: configtree.SLX, SLX: fmt.Sprint(n), Path: "p", Alias: strings.Repeat("\x01é", 80)})
	}
	var read []slx.Element
	parts := slx.Parts(elements)
	for _, part := range parts {
		encoded, err := slx.Encode(part)
		if err != nil || len(encoded) > slx.MaxPartBytes {
			t.Fatalf("%d bytes, %v", len(encoded), err)
		}
		decoded, err := slx.Decode[[]slx.Element](encoded)
		if err != nil {
			t.Fatal(err)
		}
		read = append(read, decoded...)
	}
	if diff := cmp.Diff(elements, read); diff != "" || len(parts) < 2 {
		t.Errorf("%d parts; %s", len(parts), diff)
	}
	if _, err := slx.Decode[slx.Directory]([]byte("x")); err == nil {
		t.Error("bytes that are not compressed are read")
	}
}

func TestFillReplacesTheVariablesOfTheConfiguration(t *testing.T) {
	t.Parallel()
	got := slx.Fill("Check ${A} in ${B} of ${C}", []slx.Variable{{Name: "A", Value: "x"}, {Name: "B", Value: "${C}"}})
	if got != "Check x in ${C} of ${C}" {
		t.Errorf("got %q", got)
	}
}

func FuzzElementsOfAnyDocument(f *testing.F) {
	for _, text := range shop {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		tree, faults := configtree.New([]configtree.File{{Path: "a.yaml", Data: data}})
		if len(faults) > 0 {
			return
		}
		elements, omitted, _ := collected(tree)
		g := slx.Build("c", elements, omitted)
		for _, page := range g.Pages {
			for _, x := range page {
				if g.Directory.Page(x.Name) < 0 {
					t.Errorf("%q is on no page", x.Name)
				}
			}
		}
	})
}

// collected returns the elements of a tree, how many did not fit, and the kinds of documents.
func collected(tree configtree.Tree) ([]slx.Element, int64, map[string]int64) {
	c := slx.Collect(tree)
	return c.Elements, c.Omitted, c.Kinds
}
