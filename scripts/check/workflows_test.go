package main

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestWorkflowsHavePinnedActionsAndScripts(t *testing.T) {
	t.Parallel()
	hash := strings.Repeat("0a", 20)
	tree := plant(t, map[string]string{
		".github/workflows/a.yml": strings.Join([]string{
			"steps:",
			"  - uses: actions/checkout@" + hash + " # v7.0.1",
			"  - uses: actions/checkout@v7",
			"    uses: actions/checkout@" + hash[:39],
			"  - run: .ci/run",
			"  - run: go run ./scripts/x all",
			"  - run: go run ./scripts/y all",
			"  - run: |",
			"  - run: go test ./...",
		}, "\n"),
		".ci/run":         "",
		"scripts/x/x.go":  "package main\n",
		"docs/a/uses.yml": "uses: a/b@v1\n",
	})
	_, err := checkWorkflows(t.Context(), tree)
	want := `.github/workflows/a.yml:3: actions/checkout@v7 is not pinned: use the hash of a commit
.github/workflows/a.yml:4: actions/checkout@` + hash[:39] + ` is not pinned: use the hash of a commit
.github/workflows/a.yml:7: scripts/y does not exist
.github/workflows/a.yml:8: the step "|" is not a script of this tree: write one, or use go run ./scripts/NAME
.github/workflows/a.yml:9: the step "go test ./..." is not a script of this tree: write one, or use go run ./scripts/NAME`
	if err == nil {
		t.Fatal("nothing was found")
	}
	if diff := cmp.Diff(want, err.Error()); diff != "" {
		t.Error(diff)
	}
}
