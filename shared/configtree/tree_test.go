package configtree_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/strongroom-dev/strongroom/shared/configtree"
)

// slx is a document in the shape that the public generators write.
const slx = `apiVersion: runwhen.com/v1
kind: ServiceLevelX
metadata:
  name: ws--api
  labels: {slx: api, workspace: ws}
spec:
  alias: API health
  statement: The API answers.
  configProvided:
    - {name: NAMESPACE, value: shop}
  tags:
    - name: "[k8s]team"
      value: payments
`

func file(path, text string) configtree.File {
	return configtree.File{Path: path, Data: []byte(text)}
}

func TestTreeHasADigestThatEveryChangeChanges(t *testing.T) {
	t.Parallel()
	digest := func(files ...configtree.File) string {
		t.Helper()
		tree, faults := configtree.New(files)
		if len(faults) > 0 {
			t.Fatal(faults)
		}
		return tree.Digest().String()
	}
	base := digest(file("slxs/api/slx.yaml", slx), file("README.md", "text"))
	if got := digest(file("README.md", "text"), file("slxs/api/slx.yaml", slx)); got != base {
		t.Error("the order of the files changes the digest")
	}
	for name, files := range map[string][]configtree.File{
		"a byte more":    {file("slxs/api/slx.yaml", slx+"\n"), file("README.md", "text")},
		"another name":   {file("slxs/api/slx.yml", slx), file("README.md", "text")},
		"a file less":    {file("slxs/api/slx.yaml", slx)},
		"contents moved": {file("slxs/api/slx.yaml", slx), file("README.md", "tex"), file("T.md", "t")},
	} {
		if digest(files...) == base {
			t.Errorf("%s: the digest is the same", name)
		}
	}
}

func TestDigestIsTheOneOfTheDocumentation(t *testing.T) {
	t.Parallel()
	tree, faults := configtree.New([]configtree.File{file("b.md", "b"), file("a.md", "")})
	if len(faults) > 0 {
		t.Fatal(faults)
	}
	// printf 'strongroom-config-tree/v1\n100644 e3b0…b855 0 a.md\n100644 3e23…c09d 1 b.md\n' | sha256sum
	if got, want := tree.Digest().String(), "88fa0e7d1369c7f041c709cb154508e1214d05f727be183c886906af1aaba7b7"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	parsed, err := configtree.ParseDigest(tree.Digest().String())
	if err != nil || parsed != tree.Digest() {
		t.Errorf("parsed as %s, %v", parsed, err)
	}
	if _, err := configtree.ParseDigest(strings.ToUpper(tree.Digest().String())); err == nil {
		t.Error("a digest in capitals is accepted, so one tree has two names")
	}
}

func TestTreeIsRefused(t *testing.T) {
	t.Parallel()
	many := func(n int) (files []configtree.File) {
		for i := range n {
			files = append(files, file(fmt.Sprintf("f%d.md", i), ""))
		}
		return files
	}
	big := strings.Repeat("x", configtree.MaxFileBytes)
	document := func(text string) []configtree.File {
		return []configtree.File{file("a.yaml", "apiVersion: runwhen.com/v1\nkind: Runbook\nmetadata: {name: a}\n"+text)}
	}
	for name, test := range map[string]struct {
		files []configtree.File
		want  string // in the fault
	}{
		"200,000 files":                        {many(200_000), "at most 20000"},
		"a file that is too large":             {[]configtree.File{file("a.md", big+"x")}, "at most 1048576"},
		"a tree that is too large":             {slices.Repeat([]configtree.File{file("a.md", big)}, 33), "at most 33554432"},
		"a path that leaves the tree":          {[]configtree.File{file("a/../b.md", "")}, "a/../b.md: a path has no"},
		"a directory of git":                   {[]configtree.File{file(".git/config.md", "")}, "start with a dot"},
		"a directory of git in capitals":       {[]configtree.File{file("x/.GIT/a.md", "")}, "start with a dot"},
		"git's short name":                     {[]configtree.File{file("git~1/a.md", "")}, "characters"},
		"a name with a newline":                {[]configtree.File{file("a\nb.md", "")}, "characters"},
		"an absolute path":                     {[]configtree.File{file("/a.md", "")}, "no empty"},
		"names that differ only in case":       {[]configtree.File{file("A.md", ""), file("a.md", "")}, "only in case"},
		"directories that differ only in case": {[]configtree.File{file("A/x.md", ""), file("a/y.md", "")}, "only in case"},
		"a path twice":                         {[]configtree.File{file("a.md", ""), file("a.md", "")}, "only in case"},
		"a file that is also a directory":      {[]configtree.File{file("a.md", ""), file("a.md/b.md", "")}, "a file where"},
		"the token of the builder":             {[]configtree.File{file("uploadInfo.yaml", slx)}, "builder's token"},
		"a binary file":                        {[]configtree.File{file("a.yaml", "\xff\xfe")}, "not UTF-8"},
		"a program":                            {[]configtree.File{file("run.sh", "")}, "not YAML"},
		"broken YAML":                          {[]configtree.File{file("a.yaml", "a: [")}, "not valid YAML"},
		"an empty file":                        {[]configtree.File{file("a.yaml", "---\n")}, "no document"},
		"a list":                               {[]configtree.File{file("a.yaml", "- a\n")}, "a document is a mapping"},
		"another apiVersion":                   {[]configtree.File{file("a.yaml", "apiVersion: v1\nkind: Secret\n")}, "apiVersion: the apiVersion must be"},
		"an unknown kind":                      {[]configtree.File{file("a.yaml", "apiVersion: runwhen.com/v1\nkind: Secret\n")}, "kind: the kind must be"},
		"no name":                              {[]configtree.File{file("a.yaml", "apiVersion: runwhen.com/v1\nkind: Runbook\n")}, "metadata.name"},
		"an alias":                             {document("spec: {a: &a [x], b: *a}\n"), "anchors and aliases"},
		"a merge key":                          {document("spec:\n  <<: {a: b}\n"), "merges"},
		"a custom tag":                         {document("spec: !python/object:x {}\n"), "tags"},
		"a key twice":                          {document("spec: {a: b, a: c}\n"), "appears twice"},
		"a mapping as a key":                   {document("spec: {? {a: b} : c}\n"), "a key is a text"},
		"33 levels":                            {document("spec: " + strings.Repeat("[", 40) + strings.Repeat("]", 40) + "\n"), "levels"},
		"100,000 values":                       {document("spec: [" + strings.Repeat("a,", 110_000) + "]\n"), "values"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tree, faults := configtree.New(test.files)
			if len(faults) == 0 || !strings.Contains(faults[0].String(), test.want) {
				t.Errorf("got %v, want a fault with %q", faults, test.want)
			}
			if diff := cmp.Diff(0, len(tree.Files)); diff != "" {
				t.Error("a refused tree has files")
			}
		})
	}
}

func TestAliasBombIsRefusedBeforeItExpands(t *testing.T) {
	t.Parallel()
	bomb := "apiVersion: runwhen.com/v1\nkind: Runbook\nmetadata: {name: a}\na0: &a0 [x,x,x,x,x,x,x,x,x]\n"
	for i := range 30 {
		bomb += fmt.Sprintf("a%d: &a%d [%s*a%d]\n", i+1, i+1, strings.Repeat(fmt.Sprintf("*a%d,", i), 8), i)
	}
	_, faults := configtree.New([]configtree.File{file("a.yaml", bomb)})
	if len(faults) != 1 || !strings.Contains(faults[0].Message, "anchors") {
		t.Errorf("got %v", faults)
	}
}

func TestValuesHaveTheirFields(t *testing.T) {
	t.Parallel()
	tree, faults := configtree.New([]configtree.File{file("slx.yaml", slx)})
	if len(faults) > 0 {
		t.Fatal(faults)
	}
	got := map[string]configtree.Value{}
	for v := range tree.Files[0].Documents()[0].Values() {
		if v.Key != "" {
			got[v.Field] = v
		}
	}
	want := configtree.Value{Field: "spec.configProvided[0].value", Key: "value", Name: "NAMESPACE", Text: "shop", Line: 10}
	if diff := cmp.Diff(want, got["spec.configProvided[0].value"]); diff != "" {
		t.Errorf("a value (-want +got):\n%s", diff)
	}
	if got["spec.tags[0].value"].Name != "[k8s]team" || got["metadata.labels.slx"].Text != "api" {
		t.Errorf("values are %v", got)
	}
	if diff := cmp.Diff(map[string]int64{configtree.SLX: 1}, tree.Counts); diff != "" {
		t.Error(diff)
	}
}

func documentsOf(tree configtree.Tree) (all [][]configtree.Document) {
	for _, f := range tree.Files {
		all = append(all, f.Documents())
	}
	return all
}

func FuzzFile(f *testing.F) {
	f.Add("a.yaml", []byte(slx))
	f.Add("slxs/a/runbook.yaml", []byte("a: &a b\nc: *a"))
	f.Add(".git/x", []byte("? {a: b}\n: c\n---\n- - - x"))
	f.Fuzz(func(t *testing.T, path string, data []byte) {
		tree, faults := configtree.New([]configtree.File{{Path: path, Data: data}})
		if (len(tree.Files) == 1) == (len(faults) > 0) {
			t.Fatalf("a tree with %d files and %d faults", len(tree.Files), len(faults))
		}
		for _, d := range slices.Concat(documentsOf(tree)...) {
			for v := range d.Values() {
				if len(v.Text) > len(data) {
					t.Fatal("a value is longer than its file")
				}
			}
		}
		for _, fault := range faults {
			if strings.ContainsAny(fault.String(), "\n\x1b\x00") {
				t.Fatalf("a fault has control characters: %q", fault)
			}
		}
	})
}
