package main

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// plant makes a tree of files and their texts.
func plant(t *testing.T, files map[string]string) *tree {
	t.Helper()
	tree := &tree{root: t.TempDir(), module: "example.com/m", files: slices.Sorted(maps.Keys(files))}
	for name, text := range files {
		if err := os.MkdirAll(filepath.Dir(tree.path(name)), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(tree.path(name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return tree
}

func TestOpenTreeFindsThisFile(t *testing.T) {
	t.Parallel()
	root, _, err := findModule(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(root, ".git")); err != nil {
		t.Skip("this is no clone, so git lists no files: ", err)
	}
	tree, err := openTree(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Contains(tree.files, "scripts/check/tree_test.go") {
		t.Errorf("scripts/check/tree_test.go is not among %d files", len(tree.files))
	}
}

func TestCheckFormat(t *testing.T) {
	t.Parallel()
	tree := plant(t, map[string]string{
		"good.go": "package a\n", "wrong.go": "package  a\n", "broken.go": "package\n", "text.md": "package  a\n",
	})
	_, err := checkFormat(t.Context(), tree)
	if err == nil {
		t.Fatal("no error")
	}
	lines := strings.Split(err.Error(), "\n")
	if len(lines) != 2 || !strings.HasPrefix(lines[0], "broken.go: ") || lines[1] != "wrong.go: run gofmt -w wrong.go" {
		t.Errorf("got %q, want broken.go and wrong.go", lines)
	}
}

func TestLintChecks(t *testing.T) {
	t.Parallel()
	got := lintChecks("# settings\nall # everything\n\n  -ST1000\n")
	if diff := cmp.Diff([]string{"all", "-ST1000"}, got); diff != "" {
		t.Errorf("checks (-want +got):\n%s", diff)
	}
}
