package lazyregexp_test

import (
	"bytes"
	"io/fs"
	"os"
	"strings"
	"testing"

	"github.com/strongroom-dev/strongroom/shared/lazyregexp"
)

func TestAPatternIsCompiledAtItsFirstUse(t *testing.T) {
	t.Parallel()
	r := lazyregexp.New(`^([a-z]+)-([0-9]+)$`)
	if !r.MatchString("run-12") || r.MatchString("run-") || r.ReplaceAllString("run-12", "$2") != "12" {
		t.Error("it differs from a regular expression")
	}
}

func TestATestFailsIfAPatternIsNotValid(t *testing.T) {
	t.Parallel()
	defer func() {
		if recover() == nil {
			t.Error("the pattern was accepted")
		}
	}()
	lazyregexp.New("(")
}

// A command that only prints its help, and an instance of a function that starts, wait for
// each pattern that is compiled at the start.
func TestNoPackageCompilesAPatternWhenItIsImported(t *testing.T) {
	t.Parallel()
	for _, dir := range []string{"../../shared", "../../functions", "../../scripts/strongroom"} {
		tree := os.DirFS(dir)
		err := fs.WalkDir(tree, ".", func(name string, entry fs.DirEntry, err error) error {
			if err != nil || entry.IsDir() || !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") || strings.HasPrefix(name, "lazyregexp/") {
				return err
			}
			text, err := fs.ReadFile(tree, name)
			if bytes.Contains(text, []byte("regexp.MustCompile(")) {
				t.Errorf("%s/%s: use lazyregexp.New instead of regexp.MustCompile", dir, name)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}
