package files_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/strongroom-dev/strongroom/scripts/strongroom/files"
)

func TestFilesBecomeOutputs(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "results")
	for _, name := range []string{"a/b/c.jsonl", "log.html", "stdout.log", ".hidden", "two words", "a__x", "a/x", strings.Repeat("é", 100)} {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for name, target := range map[string]string{"out": "/etc/passwd", "nowhere": "none", "in": "log.html", "up": "../results/log.html", "dir": "a"} {
		if err := os.Symlink(target, filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	link := filepath.Join(filepath.Dir(dir), "link")
	if err := os.Symlink(dir, link); err != nil {
		t.Fatal(err)
	}
	for _, root := range []string{dir, link} {
		var set files.Set
		set.Reserve("stdout.log")
		if err := set.AddDir(root); err != nil {
			t.Fatal(err)
		}
		got := map[string]string{}
		for _, f := range set.Files {
			got[f.Name] = f.ContentType
		}
		want := map[string]string{
			"a~2Fb~2Fc.jsonl": "application/jsonl", "log.html": "text/html; charset=utf-8", "a__x": "application/octet-stream",
			"a~2Fx": "application/octet-stream", "~2Ehidden": "application/octet-stream", "two~20words": "application/octet-stream",
			"results~2Fstdout.log": "text/plain; charset=utf-8", "in": "application/octet-stream", "up": "application/octet-stream",
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("outputs (-want +got):\n%s", diff)
		}
		if len(set.Rejected) != 4 {
			t.Errorf("rejected: %v", set.Rejected)
		}
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

func TestPatternsThatAreNotValid(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"", "/", "./", "[", "a[b", "[z-a]"} {
		if _, err := files.ParseRules([]string{text}, nil); err == nil || !strings.Contains(err.Error(), "--include ") {
			t.Errorf("%q is a pattern: %v", text, err)
		}
		if _, err := files.ParseRules(nil, []string{"ok", text}); err == nil || !strings.Contains(err.Error(), "--exclude ") {
			t.Errorf("%q is a pattern: %v", text, err)
		}
	}
}

// FuzzRules checks that a name without special characters is a pattern of itself only.
func FuzzRules(f *testing.F) {
	for _, seed := range []string{"*.log", "a/**/b", "[!a-z]?", "**", "[]]", "a\\b", "é"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		dir := t.TempDir()
		rules, err := files.ParseRules([]string{text}, nil)
		if err != nil || strings.ContainsAny(text, "*?[/\x00") || len(text) > 100 || !filepath.IsLocal(text) || filepath.Clean(text) != text || text == "." {
			return
		}
		if err := os.WriteFile(filepath.Join(dir, text), nil, 0o600); err != nil {
			t.Skip(err)
		}
		if err := os.WriteFile(filepath.Join(dir, text+"x"), nil, 0o600); err != nil {
			t.Skip(err)
		}
		set := files.Set{Rules: rules}
		if err := set.AddDir(dir); err != nil || len(set.Files)+len(set.Rejected) != 1 || set.Excluded != 1 {
			t.Errorf("%q selects %+v: %v", text, set, err)
		}
	})
}
