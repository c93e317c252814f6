package reseal_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// sealingFiles are the files that seal, with the field that they seal. Other tests
// check that these fields are resealed. This one checks that there are no others.
var sealingFiles = map[string]string{
	"functions/runs/report.go":                "sightings.line",
	"functions/assistantupdate/fold_issue.go": "issues.text",
	"functions/assistants/assistant.go":       "assistants.name",
	"functions/configs/review.go":             "configReviews.waivers",                       // TestAfterEveryOperation in infra
	"functions/configs/elements.go":           "configElements.elements",                     // TestAfterEveryOperation in infra
	"functions/configgraph/build.go":          "configGraphs.directory and configPages.slxs", // TestAfterEveryOperation in infra
	"functions/assistants/issues_act.go":      "issues.ignoreReason",
	"functions/configs/hold.go":               "configHolds.key", // TestAfterEveryOperation in infra
	"functions/console/cookie.go":             "cookies, under the console's own key",
	"shared/auditlog/log.go":                  "under the platform's key",
	"shared/model/begin.go":                   "modelRequests.request", // TestAfterEveryOperation in infra
}

func TestEverySealedFieldIsKnown(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("../../*/*/*.go")
	if err != nil || len(files) == 0 {
		t.Fatalf("find the sources: %d files, %v", len(files), err)
	}
	found := map[string]string{}
	for _, file := range files {
		name := strings.TrimPrefix(filepath.ToSlash(file), "../../")
		deployed := strings.HasPrefix(name, "functions/") || strings.HasPrefix(name, "shared/")
		if deployed && !strings.HasPrefix(name, "shared/keys/") && !strings.HasSuffix(name, "_test.go") && seals(t, file) {
			found[name] = sealingFiles[name]
		}
	}
	if diff := cmp.Diff(sealingFiles, found); diff != "" {
		t.Errorf("sealing files, known (-) and found (+); add the sealed field of a new file to fields and to write:\n%s", diff)
	}
}

// seals reports whether a file uses a method Seal.
func seals(t *testing.T, file string) (found bool) {
	t.Helper()
	tree, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	ast.Inspect(tree, func(n ast.Node) bool {
		if s, ok := n.(*ast.SelectorExpr); ok && s.Sel.Name == "Seal" {
			found = true
		}
		return true
	})
	return found
}
