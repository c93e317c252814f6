package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// tree is the project's source: the files that git tracks or would track.
type tree struct {
	root   string   // directory of go.mod
	module string   // module path
	files  []string // regular files, relative to root, with slashes, sorted
}

func openTree(ctx context.Context) (*tree, error) {
	root, module, err := findModule(ctx)
	if err != nil {
		return nil, err
	}
	t := &tree{root: root, module: module}
	names, err := output(ctx, t.root, "git", "ls-files", "-z", "--cached", "--others", "--exclude-standard")
	if err != nil {
		return nil, err
	}
	for name := range strings.SplitSeq(names, "\x00") {
		// git still lists a file whose deletion is not committed.
		if info, err := os.Lstat(t.path(name)); err == nil && info.Mode().IsRegular() {
			t.files = append(t.files, name)
		}
	}
	slices.Sort(t.files)
	return t, nil
}

func findModule(ctx context.Context) (root, path string, err error) {
	text, err := output(ctx, ".", "go", "list", "-m", "-f", "{{.Path}}\n{{.Dir}}")
	path, root, _ = strings.Cut(strings.TrimSpace(text), "\n")
	return root, path, err
}

func (t *tree) path(name string) string { return filepath.Join(t.root, filepath.FromSlash(name)) }

func (t *tree) read(name string) ([]byte, error) { return os.ReadFile(t.path(name)) }

// ending returns the files whose names end in suffix.
func (t *tree) ending(suffix string) []string {
	return slices.DeleteFunc(slices.Clone(t.files), func(name string) bool {
		return !strings.HasSuffix(name, suffix)
	})
}

// eachGo calls look with every Go file and its text.
func (t *tree) eachGo(look func(name string, text []byte) error) error {
	for _, name := range t.ending(".go") {
		text, err := t.read(name)
		if err != nil {
			return err
		}
		if err := look(name, text); err != nil {
			return err
		}
	}
	return nil
}

// output runs a program in dir and returns its standard output. The error
// contains everything that the program wrote.
func output(ctx context.Context, dir, name string, args ...string) (string, error) {
	return outputWith(ctx, nil, dir, name, args...)
}

// outputWith is output with more variables in the environment.
func outputWith(ctx context.Context, env []string, dir, name string, args ...string) (string, error) {
	var stdout, stderr strings.Builder
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Env = append(os.Environ(), env...)
	cmd.Dir, cmd.Stdout, cmd.Stderr = dir, &stdout, &stderr
	if err := cmd.Run(); err != nil {
		return "", fmt.Errorf("%s%s%s: %w", stdout.String(), stderr.String(), strings.Join(cmd.Args, " "), err)
	}
	return stdout.String(), nil
}
