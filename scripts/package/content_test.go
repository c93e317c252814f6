package main

import (
	"archive/zip"
	"bytes"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// names are the files of a zip, in its order.
func names(t *testing.T, content []byte) []string {
	t.Helper()
	z, err := zip.NewReader(bytes.NewReader(content), int64(len(content)))
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, file := range z.File {
		if !file.Modified.Equal(epoch) || file.Mode() != 0o644 {
			t.Fatalf("%s has time %v and mode %v", file.Name, file.Modified, file.Mode())
		}
		all = append(all, file.Name)
	}
	return all
}

func TestAnArchiveHoldsWhatTheGoCommandNamesAndLicencesAndNoMore(t *testing.T) {
	t.Parallel()
	eachProgram(t, func(t *testing.T, name string, p program) {
		environ, err := offline()
		if err != nil {
			t.Fatal(err)
		}
		packages, err := list(t.Context(), p.dir, environ, ".")
		if err != nil {
			t.Fatal(err)
		}
		want := []string{"go.mod", "go.sum", modulesTxt}
		for _, used := range packages {
			for _, file := range used.files() {
				relative, err := filepath.Rel(p.dir, filepath.Join(used.Dir, file))
				if err != nil {
					t.Fatal(err)
				}
				want = append(want, filepath.ToSlash(relative))
			}
		}
		slices.Sort(want)
		got := names(t, p.content)
		if !slices.IsSorted(got) {
			t.Error("the names are not sorted")
		}
		code := slices.DeleteFunc(slices.Clone(got), func(name string) bool {
			return strings.HasPrefix(name, "vendor/") && legal(path.Base(name))
		})
		if diff := cmp.Diff(want, code); diff != "" {
			t.Errorf("go list names other files (-named +packed):\n%s", diff)
		}
		if p.archive.Files != len(got) || p.archive.SHA256 != digest(p.content) || p.archive.Bytes != len(p.content) {
			t.Errorf("the manifest says %+v of %d files in %d bytes", p.archive, len(got), len(p.content))
		}
	})
}

func TestAnArchiveHoldsNoTestsAndNothingThatIsNotDeployed(t *testing.T) {
	t.Parallel()
	eachProgram(t, func(t *testing.T, function string, p program) {
		home := p.suite.Functions[function].Package
		for _, name := range names(t, p.content) {
			own := !strings.HasPrefix(name, "vendor/")
			top, _, _ := strings.Cut(name, "/")
			switch {
			case strings.HasSuffix(name, "_test.go"), strings.Contains(name, "/testdata/"):
				t.Errorf("%s is a test's", name)
			case own && !slices.Contains([]string{"functions", "shared", rootName, "go.mod", "go.sum"}, top):
				t.Errorf("%s is not deployed", name)
			case top == "functions" && path.Dir(name) != home && path.Dir(name) != home+"/static": // which it embeds
				t.Errorf("%s is of another function", name)
			}
		}
	})
}

func TestEveryModuleInAnArchiveHasItsLicence(t *testing.T) {
	t.Parallel()
	eachProgram(t, func(t *testing.T, _ string, p program) {
		all := names(t, p.content)
		for module := range p.archive.Modules {
			if !slices.ContainsFunc(all, func(name string) bool { return covers(name, module) }) {
				t.Errorf("%s is without its license", module)
			}
		}
	})
}

// covers reports whether a file is a license at the root of a module, or of
// the repository that the module is a part of.
func covers(name, module string) bool {
	root := strings.TrimPrefix(path.Dir(name), "vendor/")
	return legal(path.Base(name)) && (root == module || strings.HasPrefix(module, root+"/"))
}

// The rules are those of cmd/go/functions_framework of
// github.com/GoogleCloudPlatform/buildpacks.
func TestTheBuildpackTakesAnArchive(t *testing.T) {
	t.Parallel()
	eachProgram(t, func(t *testing.T, _ string, p program) {
		checkRoot(t, p.dir)
		environ, err := offline()
		if err != nil {
			t.Fatal(err)
		}
		module, err := runGo(t.Context(), p.dir, environ, "list", "-m")
		if first, _, _ := strings.Cut(string(module), "/"); err != nil || !strings.Contains(first, ".") {
			t.Errorf("the module is %q (%v); the first element of its path must hold a dot", module, err)
		}
		version, err := runGo(t.Context(), p.dir, environ, "list", "-m", "-f", "{{.Version}}", path.Dir(framework))
		if got := strings.TrimSpace(string(version)); err != nil || got == "" || got != p.archive.Modules[path.Dir(framework)] {
			t.Errorf("the framework's version is %q (%v)", got, err)
		}
		if _, err := os.Stat(filepath.Join(p.dir, "vendor", framework)); err != nil {
			t.Error(err)
		}
	})
}

// checkRoot wants exactly one package at the root, which imports the framework
// itself.
func checkRoot(t *testing.T, dir string) {
	t.Helper()
	files, err := fs.Glob(os.DirFS(dir), "*.go")
	if err != nil || len(files) != 1 {
		t.Fatalf("Go files at the root: %v (%v)", files, err)
	}
	file, err := parser.ParseFile(token.NewFileSet(), filepath.Join(dir, files[0]), nil, parser.ImportsOnly)
	if err != nil {
		t.Fatal(err)
	}
	var imports []string
	for _, i := range file.Imports {
		imports = append(imports, strings.Trim(i.Path.Value, `"`))
	}
	if !slices.Contains(imports, registration) || file.Name.Name == "main" {
		t.Errorf("package %s imports %v", file.Name.Name, imports)
	}
}
