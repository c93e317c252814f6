package command_test

import (
	"encoding/base64"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"github.com/strongroom-dev/strongroom/emulator/logtest"
)

// forger serves the log of logtest, in any state, with the log's own key: what
// the platform would have to do to show two logs.
type forger struct {
	*httptest.Server
	mu       sync.Mutex
	files    fstest.MapFS
	cosigned []string // notes that were sent
	status   int      // for cosignatures
}

func newForger(t *testing.T) *forger {
	t.Helper()
	f := &forger{status: http.StatusOK}
	f.Server = httptest.NewServer(http.HandlerFunc(f.serve))
	t.Cleanup(f.Close)
	return f
}

func (f *forger) serve(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	defer f.mu.Unlock()
	path := strings.TrimPrefix(r.URL.Path, "/v1/tenants/acme/audit/log/")
	file := f.files[path]
	switch {
	case path == "cosignatures":
		body := make([]byte, r.ContentLength)
		_, _ = r.Body.Read(body)
		f.cosigned = append(f.cosigned, string(body))
		w.WriteHeader(f.status)
	case file == nil:
		http.Error(w, "no such file", http.StatusNotFound)
	default:
		_, _ = w.Write(file.Data)
	}
}

// show makes the forger serve a state of a log.
func (f *forger) show(t *testing.T, l *logtest.Log, size int) {
	t.Helper()
	f.mu.Lock()
	defer f.mu.Unlock()
	f.files = l.Copy(t, size)
}

// victim runs as an auditor of the forger's tenant.
func (f *forger) victim(t *testing.T) *program {
	t.Helper()
	return &program{spool: t.TempDir(), secrets: &secrets{}, env: map[string]string{"STRONGROOM_URL": f.URL, "STRONGROOM_TOKEN": tokenOfAcme}}
}

// tokenOfAcme names the tenant acme, and nobody has signed it.
var tokenOfAcme = "e30." + base64.RawURLEncoding.EncodeToString([]byte(`{"iss":"https://issuer.example.com","aud":"https://strongroom.dev/tenants/acme"}`)) + ".x"

func TestACopyNeverGoesBack(t *testing.T) {
	t.Parallel()
	l := logtest.New(t, 600)
	rewritten := l.Fork(600)
	rewritten.Entries[17] = logtest.Entry(999)
	f := newForger(t)
	p := f.victim(t)
	for name, c := range map[string]struct {
		shown *logtest.Log
		size  int
		want  string
	}{
		"a smaller log":                 {l, 299, "has fewer entries than the copy"},
		"another log of the same size":  {rewritten, 300, "was rewritten (a fork)"},
		"a larger log that differs":     {rewritten, 600, "was rewritten (a fork)"},
		"a log that another key signed": {logtest.New(t, 600), 600, "no longer lists a key"},
	} {
		dir := filepath.Join(t.TempDir(), "log")
		f.show(t, l, 300)
		p.run(t, "audit", "pull", dir).want(t)
		before := readDir(t, dir)
		f.show(t, c.shown, c.size)
		if r := p.run(t, "audit", "pull", dir); r.code != 1 || !strings.Contains(r.stderr, c.want) {
			t.Errorf("%s: %+v", name, r)
		}
		if diff := cmp.Diff(before, readDir(t, dir)); diff != "" {
			t.Errorf("%s: the copy has changed: %s", name, diff)
		}
		f.show(t, l, 600)
		if r := p.run(t, "audit", "pull", dir); r.code != 0 {
			t.Errorf("after %s, the true log: %+v", name, r)
		}
	}
}

// readDir returns the content of all files below a directory.
func readDir(t *testing.T, dir string) map[string]string {
	t.Helper()
	files := map[string]string{}
	_ = filepath.WalkDir(dir, func(path string, entry os.DirEntry, err error) error {
		if err == nil && !entry.IsDir() {
			data, _ := os.ReadFile(path)
			name, _ := filepath.Rel(dir, path)
			files[filepath.ToSlash(name)] = string(data)
		}
		return nil
	})
	return files
}

func TestAPullFetchesFullTilesOnce(t *testing.T) {
	t.Parallel()
	l := logtest.New(t, 600)
	f := newForger(t)
	p := f.victim(t)
	dir := t.TempDir()
	f.show(t, l, 550)
	p.run(t, "audit", "pull", dir).want(t)
	f.show(t, l, 600)
	f.mu.Lock()
	delete(f.files, "tile/0/000")
	delete(f.files, "tile/entries/001")
	f.mu.Unlock()
	r := p.run(t, "audit", "pull", dir).want(t)
	if !strings.Contains(r.stderr, "in 2 files; the copy has 600 entries, 50 of them new") {
		t.Errorf("%+v", r)
	}
	for path := range readDir(t, dir) {
		if strings.HasSuffix(path, ".p/38") {
			t.Errorf("the partial tile %s of the earlier state is left", path)
		}
	}
	writeFile(t, filepath.Join(dir, "tile", "0", "000.new"), "left by a crash")
	if err := os.Remove(filepath.Join(dir, "tile", "0", "001")); err != nil {
		t.Fatal(err)
	}
	p.run(t, "audit", "pull", dir).want(t)
}

func TestAWitnessSignsWhatHasOnlyGrown(t *testing.T) {
	t.Parallel()
	l := logtest.New(t, 600)
	rewritten := l.Fork(600)
	rewritten.Entries[17] = logtest.Entry(999)
	for name, c := range map[string]struct {
		shown *logtest.Log
		size  int
		want  string // of the error; empty: it signs
	}{
		"the same log":                 {l, 300, ""},
		"a larger log":                 {l, 600, ""},
		"a smaller log":                {l, 299, "has fewer entries than this witness has signed"},
		"another log of the same size": {rewritten, 300, "was rewritten (a fork)"},
		"a larger log that differs":    {rewritten, 600, "was rewritten (a fork)"},
		"a log of another key":         {logtest.New(t, 600), 600, "no longer lists a key"},
	} {
		f := newForger(t)
		p := f.victim(t)
		dir := filepath.Join(t.TempDir(), "witness")
		f.show(t, l, 300)
		r := p.run(t, "audit", "witness", "--state", dir, "--once", "--name", "witness.example.com").want(t)
		if !strings.Contains(r.stderr, "the verifier key of this witness is witness.example.com+") || len(f.cosigned) != 1 {
			t.Fatalf("%+v", r)
		}
		before := readDir(t, dir)
		if info, err := os.Stat(filepath.Join(dir, "witness.key")); err != nil || info.Mode().Perm() != 0o600 {
			t.Fatalf("the key is not private: %v, %v", info, err)
		}
		f.show(t, c.shown, c.size)
		r = p.run(t, "audit", "witness", "--state", dir, "--once")
		after := readDir(t, dir)
		if c.want == "" {
			if r.want(t); after["checkpoint"] != f.cosigned[1] {
				t.Errorf("%s: the state has %q, and the platform %q", name, after["checkpoint"], f.cosigned[1])
			}
			continue
		}
		if r.code != 1 || !strings.Contains(r.stderr, c.want) || len(f.cosigned) != 1 || after["checkpoint"] != before["checkpoint"] {
			t.Errorf("%s: %+v", name, r)
		}
		evidence := 0
		for file, text := range after {
			if strings.HasPrefix(file, "evidence-") && (text == before["checkpoint"] || text == string(f.files["checkpoint"].Data)) {
				evidence++
			}
		}
		if accuses := !strings.Contains(c.want, "no longer lists"); accuses && evidence != 2 {
			t.Errorf("%s: %d files of evidence", name, evidence)
		}
	}
}

func TestAWitnessExplainsRefusals(t *testing.T) {
	t.Parallel()
	for status, want := range map[int]string{
		http.StatusForbidden: "is the verifier key registered", http.StatusConflict: "restored from an old copy",
		http.StatusUnprocessableEntity: "published another checkpoint of this size",
	} {
		f := newForger(t)
		f.show(t, logtest.New(t, 5), 5)
		f.status = status
		dir := t.TempDir()
		p := f.victim(t)
		if r := p.run(t, "audit", "witness", "--state", dir, "--once"); r.code == 0 || !strings.Contains(r.stderr, want) {
			t.Errorf("%d: %+v", status, r)
		}
		f.status = http.StatusOK // the signature is sent again
		p.run(t, "audit", "witness", "--state", dir, "--once").want(t)
	}
}
