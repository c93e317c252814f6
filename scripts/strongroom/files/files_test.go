package files_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/strongroom-dev/strongroom/scripts/strongroom/files"
	"github.com/strongroom-dev/strongroom/shared/grant"
)

func TestFilesBecomeOutputs(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for _, name := range []string{"a/b/c.jsonl", "log.html", "stdout.log", ".hidden", "two words", "a__x", "a/x", strings.Repeat("n", 201)} {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink("/etc/passwd", filepath.Join(dir, "link")); err != nil {
		t.Fatal(err)
	}
	var set files.Set
	set.Reserve("stdout.log")
	if err := set.AddDir(dir); err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for _, f := range set.Files {
		got[f.Name] = f.ContentType
	}
	want := map[string]string{
		"a__b__c.jsonl": "application/jsonl", "log.html": "text/html; charset=utf-8", "a__x": "application/octet-stream",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("outputs (-want +got):\n%s", diff)
	}
	if len(set.Rejected) != 6 {
		t.Errorf("rejected: %v", set.Rejected)
	}
}

func TestADirectoryThatDoesNotExist(t *testing.T) {
	t.Parallel()
	var set files.Set
	if err := set.AddDir(filepath.Join(t.TempDir(), "none")); err != nil || len(set.Files)+len(set.Rejected) > 0 {
		t.Errorf("%+v: %v", set, err)
	}
}

func TestContentTypes(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"a.log": "text/plain; charset=utf-8", "a.TXT": "text/plain; charset=utf-8", "a.json": "application/json",
		"a.xml": "application/xml", "a.png": "image/png", "a.tar.gz": "application/gzip", "a": "application/octet-stream",
	} {
		if got := files.ContentType(name); got != want {
			t.Errorf("%s is %s", name, got)
		}
	}
}

// FuzzOutputNames checks that a valid output name is a safe file name: the spool
// uses it as a directory.
func FuzzOutputNames(f *testing.F) {
	for _, seed := range []string{"stdout.log", "..", "a/b", "a\x00", "", "_", strings.Repeat("x", 200), "é"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, name string) {
		if grant.CheckOutput(name) == nil && (filepath.Base(name) != name || name[0] == '.' || len(name) > 200) {
			t.Errorf("%q is accepted", name)
		}
	})
}
