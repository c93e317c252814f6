package command_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"cloud.google.com/go/kms/apiv1/kmspb"

	"github.com/strongroom-dev/strongroom/emulator/cloudtest"
	"github.com/strongroom-dev/strongroom/emulator/faults"
	"github.com/strongroom-dev/strongroom/emulator/suite"
	"github.com/strongroom-dev/strongroom/scripts/strongroom/api"
)

// exporter is an auditor of a tenant of its own cloud, which has runs.
type exporter struct {
	*program
	cloud *cloudtest.Cloud
	keys  string // file of verifier keys
}

func newExporter(t *testing.T, config faults.HTTPConfig) *exporter {
	t.Helper()
	cloud := cloudtest.New(t, suite.Options{})
	p := programOf(t, cloud.Tenant(t), "auditor")
	p.recordRuns(t, 3)
	e := &exporter{program: p.proxied(t, config), cloud: cloud, keys: filepath.Join(t.TempDir(), "keys.txt")}
	published := p.tenant.Do(t, "auditor", http.MethodGet, "/v1/tenants/"+string(p.tenant.ID)+"/audit/log/keys", nil).Want(t, http.StatusOK)
	writeFile(t, e.keys, string(published.Body))
	return e
}

// create creates an export and waits until it is done.
func (e *exporter) create(t *testing.T, args ...string) (id string) {
	t.Helper()
	id = decode[api.Export](t, e.program, append([]string{"exports", "create", "--json"}, args...)...).ID
	e.cloud.FinishExports(t)
	return id
}

func (e *exporter) pull(t *testing.T, id, dir string, args ...string) result {
	t.Helper()
	return e.run(t, append([]string{"exports", "pull", id, dir, "--backoff", "5ms"}, args...)...)
}

// isBucket reports whether a request is for an object.
func isBucket(r *http.Request) bool { return r.URL.Query().Has("X-Goog-Signature") }

func TestAnExportIsCreatedPulledAndVerified(t *testing.T) {
	t.Parallel()
	var fetched atomic.Int64
	unavailable := everyOther(faults.Unavailable)
	e := newExporter(t, faults.HTTPConfig{Fault: func(r *http.Request) faults.Fault {
		if isBucket(r) {
			fetched.Add(1)
		}
		return unavailable(r)
	}})
	id := e.create(t, "--kind", "audit,metadata", "--kind", "inventory")
	dir := filepath.Join(t.TempDir(), "export")
	if r := e.run(t, "exports", "wait", id, "--interval", "100ms"); r.code != 0 || !strings.Contains(r.stderr, "done: ") {
		t.Errorf("%+v", r)
	}
	if r := e.pull(t, id, dir, "--parallel", "1"); r.code != 0 || !strings.Contains(r.stderr, "is complete; fetched ") {
		t.Fatalf("%+v", r)
	}
	once := fetched.Load()
	if r := e.pull(t, id, dir); r.code != 0 || fetched.Load() != once || !strings.Contains(r.stderr, "nothing was fetched") {
		t.Errorf("the second pull fetched %d files: %+v", fetched.Load()-once, r)
	}
	e.cloud.SetKeyState(t, e.tenant.KeyName, kmspb.CryptoKeyVersion_DISABLED)
	e.env["STRONGROOM_URL"] = e.cloud.URL // without faults
	if r := e.pull(t, id, t.TempDir(), "--retry-for", "50ms"); r.code != 14 || !strings.Contains(r.stderr, "the tenant's key cannot be used: enable it") {
		t.Errorf("a disabled key: %+v", r)
	}
	delete(e.env, "STRONGROOM_TOKEN")
	e.env["STRONGROOM_URL"] = "http://127.0.0.1:1"
	if r := e.run(t, "exports", "verify", dir); r.code != 0 || !strings.HasSuffix(r.stdout, "OK\n") {
		t.Errorf("%+v", r)
	}
	var report struct {
		OK     bool
		Export string
	}
	r := e.run(t, "exports", "verify", dir, "--keys", e.keys, "--json").want(t)
	if err := json.Unmarshal([]byte(r.stdout), &report); err != nil || !report.OK || report.Export != id {
		t.Errorf("%v: %s", err, r.stdout)
	}
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) < 5 {
		t.Errorf("%v, %v", entries, err)
	}
}

// stalled is a proxy in which one response of the bucket stops half-way.
type stalled struct {
	mu      sync.Mutex
	stall   bool
	hold    func() // called before a request for an object; nil: nothing
	ranges  []string
	reached chan struct{} // closed when a response has stopped
	release chan struct{}
}

func (s *stalled) config() faults.HTTPConfig {
	return faults.HTTPConfig{
		Fault: func(r *http.Request) faults.Fault {
			if !isBucket(r) {
				return faults.None
			}
			s.mu.Lock()
			hold := s.hold
			s.hold = nil
			if value := r.Header.Get("Range"); value != "" {
				s.ranges = append(s.ranges, value)
			}
			s.mu.Unlock()
			if hold != nil {
				hold()
			}
			return faults.None
		},
		Edit: func(res *http.Response) error {
			s.mu.Lock()
			defer s.mu.Unlock()
			if s.stall && isBucket(res.Request) && strings.Contains(res.Request.URL.Path, "/audit/") {
				s.stall = false
				res.Body = struct {
					io.Reader
					io.Closer
				}{io.MultiReader(io.LimitReader(res.Body, res.ContentLength/2), s), res.Body}
			}
			return nil
		},
	}
}

// Read implements io.Reader: nothing comes until the test is over.
func (s *stalled) Read([]byte) (int, error) {
	close(s.reached)
	<-s.release
	return 0, io.ErrUnexpectedEOF
}

func TestAKilledPullContinuesWhereItEnded(t *testing.T) {
	t.Parallel()
	s := &stalled{stall: true, reached: make(chan struct{}), release: make(chan struct{})}
	e := newExporter(t, s.config())
	t.Cleanup(func() { close(s.release) })
	id := e.create(t, "--kind", "audit", "--kind", "metadata")
	dir := filepath.Join(t.TempDir(), "export")
	cmd := e.process(t, "exports", "pull", id, dir)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	cloudtest.Receive(t, "a file is half read", s.reached)
	if r := e.pull(t, id, dir); r.code != 1 || !strings.Contains(r.stderr, "another process uses it") {
		t.Errorf("a second pull at the same time: %+v", r)
	}
	cloudtest.Eventually(t, "half of the file is on the disk", func() bool { return len(partials(t, filepath.Join(dir, "audit"))) > 0 })
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait() // it was killed
	if r := e.run(t, "exports", "verify", dir); r.code != 1 || !strings.Contains(r.stdout, "is not complete: a pull was interrupted") {
		t.Errorf("an interrupted copy: %+v", r)
	}
	half := partials(t, filepath.Join(dir, "audit"))[0]
	s.mu.Lock()
	s.hold = func() { e.cloud.Clock.Advance(16 * time.Minute) } // the URL expires before it is used
	s.mu.Unlock()
	if r := e.pull(t, id, dir, "--parallel", "1"); r.code != 0 {
		t.Fatalf("%+v", r)
	}
	if want := fmt.Sprintf("bytes=%d-", half); !slices.Contains(s.ranges, want) {
		t.Errorf("the second pull requested the ranges %v, want %s", s.ranges, want)
	}
	e.run(t, "exports", "verify", dir).want(t)
}

// partials returns the sizes of partial files with content.
func partials(t *testing.T, dir string) (sizes []int64) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, entry os.DirEntry, err error) error {
		if err == nil && strings.HasSuffix(path, ".part") {
			info, err := entry.Info()
			if err == nil && info.Size() > 0 {
				sizes = append(sizes, info.Size())
			}
			return err
		}
		return err
	})
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		t.Fatal(err)
	}
	return sizes
}

// TestVerifyNamesEveryChangedFile changes each file of a copy in each way.
func TestVerifyNamesEveryChangedFile(t *testing.T) {
	t.Parallel()
	e := newExporter(t, faults.HTTPConfig{})
	dir := filepath.Join(t.TempDir(), "export")
	e.pull(t, e.create(t, "--kind", "audit", "--kind", "inventory"), dir).want(t)
	files := copied(t, dir)
	for name, content := range files {
		if name == "keys.txt" {
			continue
		}
		for what, change := range map[string]func(path string) error{
			"a bit is flipped":   func(path string) error { return os.WriteFile(path, []byte(flipped(content)), 0o600) },
			"it is truncated":    func(path string) error { return os.Truncate(path, int64(len(content)-1)) },
			"a byte is appended": func(path string) error { return os.Truncate(path, int64(len(content)+1)) },
			"it is removed":      os.Remove,
		} {
			if err := change(filepath.Join(dir, name)); err != nil {
				t.Fatal(err)
			}
			if r := e.run(t, "exports", "verify", dir, "--quiet", "--keys", e.keys); r.code != 1 || !strings.Contains(r.stdout, "PROBLEM ") || !namesFile(r.stdout, name) {
				t.Errorf("%s: %s: %+v", name, what, r)
			}
			writeFile(t, filepath.Join(dir, name), content)
		}
	}
	for _, name := range []string{"audit/added.jsonl.gz", "added", "manifest-added.note", "lists/.x.part"} {
		writeFile(t, filepath.Join(dir, name), "x")
		if r := e.run(t, "exports", "verify", dir, "--quiet"); r.code != 1 || !namesFile(r.stdout, name) {
			t.Errorf("%s is added: %+v", name, r)
		}
		if err := os.Remove(filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	e.run(t, "exports", "verify", dir).want(t)
}

// namesFile reports whether a report names a file. A second note, or none, is a problem
// of the copy as a whole.
func namesFile(report, name string) bool {
	return strings.Contains(report, "PROBLEM "+name+": ") || strings.HasSuffix(name, ".note") && strings.Contains(report, "an export has one")
}

func flipped(content string) string {
	data := []byte(content)
	data[len(data)/2] ^= 1
	return string(data)
}

// copied returns the files of a copy.
func copied(t *testing.T, dir string) map[string]string {
	t.Helper()
	files := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, entry os.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		data, err := os.ReadFile(path)
		files[strings.TrimPrefix(path, dir+"/")] = string(data)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

func TestTheExitCodeOfWaitSaysHowAnExportEnded(t *testing.T) {
	t.Parallel()
	e := newExporter(t, faults.HTTPConfig{})
	id := decode[api.Export](t, e.program, "exports", "create", "--kind", "metadata", "--json").ID
	if again := decode[api.Export](t, e.program, "exports", "create", "--kind", "metadata", "--json", "--id", id); again.ID != id {
		t.Errorf("the same ID creates the export %s, not %s", again.ID, id)
	}
	if r := e.run(t, "exports", "create", "--kind", "audit", "--id", id); r.code != 13 || !strings.Contains(r.stderr, "already used for another request") {
		t.Errorf("another request with the same ID: %+v", r)
	}
	if r := e.run(t, "exports", "wait", id, "--timeout", "1ms"); r.code != 124 || !strings.Contains(r.stderr, "queued: begins") {
		t.Errorf("a timeout: %+v", r)
	}
	if r := e.pull(t, id, t.TempDir()); r.code != 13 || !strings.Contains(r.stderr, "wait until its state is done") {
		t.Errorf("an export that is not done: %+v", r)
	}
	e.cloud.SetKeyState(t, e.tenant.KeyName, kmspb.CryptoKeyVersion_DISABLED)
	e.cloud.RunScheduled(t, "audit-integrator")
	e.cloud.Clock.Advance(time.Minute)
	cloudtest.Eventually(t, "the export is paused", func() bool { return e.tenant.Export(t, id).State == "paused" })
	if r := e.run(t, "exports", "wait", id, "--timeout", "1ms"); r.code != 124 || !strings.Contains(r.stderr, "enable the key, and the export continues") {
		t.Errorf("a disabled key: %+v", r)
	}
	if r := e.run(t, "exports", "create", "--kind", "metadata"); r.code != 11 {
		t.Errorf("an export while the key is disabled: %+v", r)
	}
	e.run(t, "exports", "cancel", id).want(t)
	if r := e.run(t, "exports", "wait", id, "--json"); r.code != 5 || !strings.Contains(r.stdout, `"state":"canceled"`) || !strings.Contains(r.stderr, "was canceled") {
		t.Errorf("a canceled export: %+v", r)
	}
	if r := e.run(t, "exports", "wait", cloudtest.NewRun(t)); r.code != 12 {
		t.Errorf("an export that does not exist: %+v", r)
	}
	if r := e.run(t, "exports", "ls").want(t); !strings.Contains(r.stdout, id+"  canceled") {
		t.Errorf("%+v", r)
	}
}

func TestSchedulesOfExportsAreSet(t *testing.T) {
	t.Parallel()
	p := programOf(t, cloudtest.Shared(t).Tenant(t), "admin")
	p.run(t, "exports", "schedule", "set", "nightly", "--every", "daily", "--time-zone", "Europe/Berlin", "--kind", "audit").want(t)
	set := decode[api.ExportSchedule](t, p, "exports", "schedule", "show", "nightly", "--json")
	if set.TimeZone != "Europe/Berlin" || set.Every != "daily" || len(set.Kinds) != 1 {
		t.Errorf("%+v", set)
	}
	if r := p.run(t, "exports", "schedule", "ls").want(t); !strings.Contains(r.stdout, "nightly   daily  Europe/Berlin") {
		t.Errorf("%+v", r)
	}
	p.run(t, "exports", "schedule", "delete", "nightly").want(t)
	if r := p.run(t, "exports", "schedule", "show", "nightly"); r.code != 12 || !strings.Contains(r.stderr, "no such schedule") {
		t.Errorf("%+v", r)
	}
}

func TestExportCommandsRejectBadFlags(t *testing.T) {
	t.Parallel()
	p := programOf(t, cloudtest.Shared(t).Tenant(t), "auditor")
	empty := filepath.Join(t.TempDir(), "empty")
	writeFile(t, empty, "")
	for _, args := range [][]string{
		{"create", "--kind", "all"}, {"create", "--workspace", "A B"}, {"create", "--id", "x"}, {"create", "--from", "x"}, {"create", "x"},
		{"create", "--to", "2026-01-01T00:00:01Z"}, {"create", "--wait", "--interval", "1ms"}, {"create", "--pull", "x", "--parallel", "0"},
		{"show", "x"}, {"wait", "x"}, {"wait", someRun, "--timeout", "-1s"}, {"cancel"}, {"pull", someRun}, {"pull", "x", "x"},
		{"pull", someRun, "x", "--parallel", "65"}, {"pull", someRun, "x", "--keys", empty}, {"pull", someRun, "x", "--keys", empty + "x"},
		{"verify", empty}, {"verify", "a", "b"}, {"verify", filepath.Dir(empty)}, {"verify", ".", "--keys", empty},
		{"schedule", "set", "nightly"}, {"schedule", "set", "A", "--every", "daily"}, {"schedule", "set", "a", "--every", "yearly"},
		{"schedule", "set", "a", "--every", "daily", "--kind", "x"}, {"schedule", "show", "A"}, {"ls", "--limit", "-1"},
	} {
		if r := p.run(t, append([]string{"exports"}, args...)...); r.code != 2 || !strings.HasPrefix(r.stderr, "strongroom: ") {
			t.Errorf("%q: %+v", args, r)
		}
	}
	if _, err := os.Stat("x"); err == nil {
		t.Error("a rejected command created a directory")
	}
}
