package command_test

import (
	"encoding/binary"
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/strongroom-dev/strongroom/emulator/cloudtest"
	"github.com/strongroom-dev/strongroom/emulator/faults"
	"github.com/strongroom-dev/strongroom/scripts/strongroom/api"
	"github.com/strongroom-dev/strongroom/scripts/strongroom/view"
)

// uploadReport uploads files as outputs of many parts, with the command line, and
// returns their run.
func (e *exporter) uploadReport(t *testing.T, content string, names ...string) string {
	t.Helper()
	files := t.TempDir()
	for _, name := range names {
		writeFile(t, filepath.Join(files, name), content)
	}
	runner := e.as(t, "runner")
	return decodeSummary(t, runner.run(t, "upload", files, "--task", "t", "--part-size", "50", "--json", "--quiet").want(t).stdout).Run
}

// uploadUndeclared stores an output of one part whose runner declares no SHA-256, and
// returns its run.
func (e *exporter) uploadUndeclared(t *testing.T, content string) string {
	t.Helper()
	run, part := cloudtest.NewRun(t), cloudtest.PartOf("plain.log", 1, []byte(content))
	part.SHA256 = ""
	e.tenant.Mint(t, run, part)[0].Put(t, []byte(content)).Want(t, http.StatusOK)
	return run
}

// createAndPull creates, waits, pulls and verifies with one command, while the test
// moves the clock.
func (e *exporter) createAndPull(t *testing.T, dir string) result {
	t.Helper()
	id, ended := cloudtest.NewRun(t), make(chan result, 1)
	go func() {
		ended <- e.run(t, "exports", "create", "--kind", "outputs", "--id", id, "--pull", dir, "--interval", "100ms", "--backoff", "5ms")
	}()
	cloudtest.Eventually(t, "the export exists", func() bool {
		return e.tenant.Do(t, "auditor", http.MethodGet, "/v1/exports/"+id, nil).Status == http.StatusOK
	})
	e.cloud.FinishExports(t)
	return <-ended
}

func TestOutputsAreExportedUnderTheirOwnNames(t *testing.T) {
	t.Parallel()
	e := newExporter(t, faults.HTTPConfig{Fault: everyOther(faults.Unavailable)})
	report, plain := strings.Repeat("a line of the report\n", 20), "no SHA-256 is known\n"
	longName := strings.Repeat("é", 60) // 360 characters as the name of an output
	directory := filepath.Join("outputs", "prod", e.uploadReport(t, report, "report.log", "with space.txt", longName))
	declared, spaced := filepath.Join(directory, "report.log"), filepath.Join(directory, "with~20space.txt")
	long := filepath.Join(directory, strings.Repeat("~C3~A9", 60)[:160]+"@"+cloudtest.SHA256([]byte(strings.Repeat("~C3~A9", 60)))[:32])
	undeclared := filepath.Join("outputs", "prod", e.uploadUndeclared(t, plain), "plain.log")
	e.cloud.Drain(t)
	dir := filepath.Join(t.TempDir(), "export")
	const note = "crc32c-only: 1 parts of outputs have no SHA-256, so deliberate changes of them are not detected"
	if r := e.createAndPull(t, dir).want(t); !strings.Contains(r.stderr, note) {
		t.Errorf("%+v", r)
	}
	outputs := copied(t, dir)
	for name := range outputs {
		if !strings.HasPrefix(name, "outputs/") {
			delete(outputs, name)
		}
	}
	if diff := cmp.Diff(map[string]string{declared: report, spaced: report, long: report, undeclared: plain}, outputs); diff != "" {
		t.Errorf("the outputs: %s", diff)
	}
	e.env = map[string]string{} // offline
	r := e.run(t, "exports", "verify", dir, "--keys", e.keys).want(t)
	if !strings.Contains(r.stdout, "1 parts of outputs are crc32c-only: accidental changes are detected, deliberate ones are not.") {
		t.Errorf("%+v", r)
	}
	e.wantChangesNamed(t, dir, declared, report)
	e.wantChangesNamed(t, dir, undeclared, plain)
	e.wantDeliberateChange(t, dir, declared, report, 1)
	e.wantDeliberateChange(t, dir, undeclared, plain, 0)
}

// wantChangesNamed changes an output in each way that an accident can, and verifies the
// copy each time.
func (e *exporter) wantChangesNamed(t *testing.T, dir, name, content string) {
	t.Helper()
	path := filepath.Join(dir, name)
	for what, changed := range map[string]string{
		"a bit is flipped": flipped(content), "a byte is added": content + "x", "a byte is removed": content[1:], "it is empty": "",
	} {
		writeFile(t, path, changed)
		if r := e.run(t, "exports", "verify", dir, "--quiet", "--keys", e.keys); r.code != 1 || !namesFile(r.stdout, name) {
			t.Errorf("%s: %s: %+v", name, what, r)
		}
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if r := e.run(t, "exports", "verify", dir, "--quiet", "--keys", e.keys); r.code != 1 || !namesFile(r.stdout, name) || !strings.Contains(r.stderr, "1 problems") {
		t.Errorf("%s: it is removed: %+v", name, r)
	}
	writeFile(t, path, content)
}

// wantDeliberateChange changes an output without changing its CRC32C, and verifies the
// copy. A SHA-256 detects that. If only the CRC32C is known, nothing does, and the
// report counts the part.
func (e *exporter) wantDeliberateChange(t *testing.T, dir, name, content string, code int) {
	t.Helper()
	writeFile(t, filepath.Join(dir, name), sameCRC32C(content))
	var report view.ExportReport
	r := e.run(t, "exports", "verify", dir, "--json", "--quiet", "--keys", e.keys)
	if err := json.Unmarshal([]byte(r.stdout), &report); err != nil {
		t.Fatalf("%v: %+v", err, r)
	}
	if r.code != code || report.OK != (code == 0) || report.CRC32COnly != 1 {
		t.Errorf("%s: %+v", name, r)
	}
	writeFile(t, filepath.Join(dir, name), content)
}

// sameCRC32C returns another text with the same CRC32C: a CRC does not change if a
// multiple of its polynomial is added, and this adds the polynomial itself.
func sameCRC32C(content string) string {
	const polynomial = 1 | 0x82f63b78<<1 // reflected: hash/crc32.Castagnoli
	var added [8]byte
	binary.LittleEndian.PutUint64(added[:], polynomial)
	data := []byte(content)
	for i := range added {
		data[i] ^= added[i]
	}
	return string(data)
}

func TestAPullOfOutputsThatWereKilledContinues(t *testing.T) {
	t.Parallel()
	e := newExporter(t, faults.HTTPConfig{})
	report := strings.Repeat("a line of the report\n", 20)
	run := e.uploadReport(t, report, "report.log")
	e.cloud.Drain(t)
	id, dir := e.create(t, "--kind", "outputs"), t.TempDir()
	e.pull(t, id, dir).want(t)
	path := filepath.Join(dir, "outputs", "prod", run, "report.log")
	partial := filepath.Join(filepath.Dir(path), ".report.log.part")
	if err := os.Rename(path, partial); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(partial, 260); err != nil { // in the sixth of nine parts
		t.Fatal(err)
	}
	if r := e.run(t, "exports", "verify", dir); r.code != 1 || !strings.Contains(r.stdout, "is not complete: a pull was interrupted") {
		t.Errorf("an interrupted copy: %+v", r)
	}
	pulled := decode[struct{ Files int }](t, e.program, "exports", "pull", id, dir, "--json")
	if text, err := os.ReadFile(path); err != nil || string(text) != report || pulled.Files != 4 {
		t.Errorf("%d files are fetched: %q, %v", pulled.Files, text, err)
	}
	e.run(t, "exports", "verify", dir).want(t)
	if got := decode[api.Export](t, e.program, "exports", "show", id, "--json"); got.State != api.ExportDone {
		t.Errorf("%+v", got)
	}
}
