package main

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// three packages: our own, one that it imports, one that that one imports.
func three(t *testing.T) []pkg {
	t.Helper()
	packages, err := parseListing(strings.NewReader(`
		{"ImportPath":"os","Standard":true}
		{"ImportPath":"example.com/b/far","Module":{"Path":"example.com/b","Version":"v1.2.0"},"GoFiles":["far.go"],"SFiles":["far_amd64.s"]}
		{"ImportPath":"example.com/a/near","Imports":["example.com/b/far"],"Module":{"Path":"example.com/a","Version":"v1.5.0"},"GoFiles":["near.go"]}
		{"ImportPath":"our.com/house/shared/x","Imports":["os","example.com/a/near"],"Module":{"Path":"our.com/house","Main":true},"GoFiles":["x.go"],"EmbedFiles":["texts/x.json"]}`))
	if err != nil {
		t.Fatal(err)
	}
	return packages
}

func TestFilesHaveTheirPlaces(t *testing.T) {
	t.Parallel()
	want := map[string]bool{
		"shared/x/x.go": true, "shared/x/texts/x.json": true, "vendor/example.com/a/near/near.go": true,
		"vendor/example.com/b/far/far.go": true, "vendor/example.com/b/far/far_amd64.s": true,
	}
	if diff := cmp.Diff(want, placed("our.com/house", three(t))); diff != "" {
		t.Error(diff)
	}
}

func TestAPackageOfNoModuleCannotBePacked(t *testing.T) {
	t.Parallel()
	_, err := parseListing(strings.NewReader(`{"ImportPath":"stray"}`))
	if err == nil || !strings.Contains(err.Error(), "stray") {
		t.Errorf("the error is %v", err)
	}
}

const fullMod = `module our.com/house

go 1.26.0

require (
	example.com/a v1.5.0
	example.com/b v1.2.0
	example.com/unused v1.0.0
)
`

func TestGoModKeepsTheModulesThatAreThere(t *testing.T) {
	t.Parallel()
	packages := three(t)
	got, err := reduceGoMod([]byte(fullMod), packages, imported(packages))
	if err != nil {
		t.Fatal(err)
	}
	want := `module our.com/house

go 1.26.0

require example.com/a v1.5.0

require example.com/b v1.2.0 // indirect
`
	if diff := cmp.Diff(want, string(got)); diff != "" {
		t.Error(diff)
	}
}

func TestGoModIsRefusedWhenItCannotBeReduced(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct{ mod, says string }{
		"a module is missing":            {strings.Replace(fullMod, "\texample.com/b v1.2.0\n", "", 1), "1 of the 2 modules"},
		"a module is replaced":           {fullMod + "replace example.com/a => ../a\n", "replace"},
		"a version is excluded":          {fullMod + "exclude example.com/a v1.4.0\n", "exclude"},
		"a tool would be vendored along": {fullMod + "tool example.com/unused/cmd\n", "tool"},
		"it is no go.mod":                {"require {", "read go.mod"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if _, err := reduceGoMod([]byte(row.mod), three(t), nil); err == nil || !strings.Contains(err.Error(), row.says) {
				t.Errorf("the error is %v, want one with %q", err, row.says)
			}
		})
	}
}

func TestGoSumKeepsBothLinesOfEachModule(t *testing.T) {
	t.Parallel()
	full := "example.com/a v1.4.0/go.mod h1:0=\nexample.com/a v1.5.0 h1:1=\nexample.com/a v1.5.0/go.mod h1:2=\nexample.com/unused v1.0.0 h1:3=\n"
	want := "example.com/a v1.5.0 h1:1=\nexample.com/a v1.5.0/go.mod h1:2=\n"
	if diff := cmp.Diff(want, string(reduceGoSum([]byte(full), versions(three(t))))); diff != "" {
		t.Error(diff)
	}
}

const fullModulesTxt = `# example.com/a v1.5.0
## explicit; go 1.24
example.com/a
example.com/a/near
# example.com/b v1.2.0
## explicit
example.com/b/far
# example.com/unused v1.0.0
## explicit; go 1.24
example.com/unused
`

func TestModulesTxtKeepsThePackagesThatAreThere(t *testing.T) {
	t.Parallel()
	want := `# example.com/a v1.5.0
## explicit; go 1.24
example.com/a/near
# example.com/b v1.2.0
## explicit
example.com/b/far
`
	if diff := cmp.Diff(want, string(reduceModulesTxt([]byte(fullModulesTxt), three(t)))); diff != "" {
		t.Error(diff)
	}
}

func FuzzReduceModulesTxt(f *testing.F) {
	f.Add(fullModulesTxt)
	f.Add("#\n# x\n## explicit\n\n# example.com/a v1.5.0 => ../a\nexample.com/a/near")
	f.Fuzz(func(t *testing.T, text string) {
		packages := three(t)
		once := reduceModulesTxt([]byte(text), packages)
		if twice := reduceModulesTxt(once, packages); string(twice) != string(once) {
			t.Errorf("reduced again, %q is %q", once, twice)
		}
		for line := range strings.Lines(string(once)) {
			if !strings.Contains(text, line) {
				t.Errorf("%q was not there", line)
			}
		}
	})
}
