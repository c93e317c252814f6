package main

import (
	"go/ast"
	"go/token"
	"strings"
	"testing"
)

func TestPlatformsFindsWhatAnotherSystemDoesNotHave(t *testing.T) {
	t.Parallel()
	tree := plant(t, map[string]string{
		"go.mod": "module example.com/m\n\ngo 1.26\n",
		"main.go": `package main

import (
	"os"
	"syscall"

	"example.com/m/lock"
)

func main() {
	lock.Lock()
	info, _ := os.Stat(".")
	_ = info.Sys().(*syscall.Stat_t)
}
`,
		"lock/unix.go":    "//go:build unix\n\npackage lock\n\nfunc Lock() {}\n",
		"lock/windows.go": "package lock\n\nconst Other = 1\n",
	})
	tree.files = nil
	for _, c := range []struct {
		on   platform
		want []string
	}{
		{platform{"linux", "amd64"}, nil},
		{platform{"darwin", "arm64"}, nil},
		{platform{"windows", "amd64"}, []string{"undefined: lock.Lock", "undefined: syscall.Stat_t"}},
	} {
		packages, err := listFor(t.Context(), tree.root, c.on, []string{"."})
		if err != nil {
			t.Fatal(err)
		}
		files := &sourceFiles{set: token.NewFileSet(), parsed: map[string]*ast.File{}}
		if err := files.parse(packages); err != nil {
			t.Fatal(err)
		}
		got := checkTypes(files, packages, c.on)
		if len(got) != len(c.want) {
			t.Errorf("%s: %q, want %q", c.on, got, c.want)
			continue
		}
		for i := range got {
			if !strings.HasSuffix(got[i], c.want[i]) {
				t.Errorf("%s: %q, want %q", c.on, got[i], c.want[i])
			}
		}
	}
}
