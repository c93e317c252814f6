package command_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/strongroom-dev/strongroom/emulator/cloudtest"
	"github.com/strongroom-dev/strongroom/emulator/faults"
	"github.com/strongroom-dev/strongroom/emulator/logtest"
	"github.com/strongroom-dev/strongroom/emulator/suite"
	"github.com/strongroom-dev/strongroom/scripts/strongroom/api"
	"github.com/strongroom-dev/strongroom/shared/auditverify"
)

// auditorOf runs as an auditor of a tenant of its own cloud, in which n starts of
// runs are recorded and published.
func auditorOf(t *testing.T, n int, config faults.HTTPConfig) *program {
	t.Helper()
	tenant := cloudtest.New(t, suite.Options{}).Tenant(t)
	p := programOf(t, tenant, "auditor")
	if config.Fault != nil { // the proxy changes URLs in JSON, also in entries, which then have no proof
		p = p.proxied(t, config)
	}
	delete(p.env, "STRONGROOM_WORKSPACE")
	p.recordRuns(t, n)
	p.publish(t)
	return p
}

// recordRuns starts runs, and returns the receipts.
func (p *program) recordRuns(t *testing.T, n int) (receipts []string) {
	t.Helper()
	for range n {
		run := cloudtest.NewRun(t)
		res := p.tenant.Do(t, "runner", http.MethodPut, p.tenant.RunPath(run), api.Start{Task: "check", Start: ago(0)}).Want(t, http.StatusOK)
		receipts = append(receipts, res.Header.Get("Strongroom-Audit-Entry"))
	}
	return receipts
}

// publish runs the integrator.
func (p *program) publish(t *testing.T) {
	t.Helper()
	if err := p.tenant.Cloud.Scheduler.RunNow(t.Context(), "audit-integrator"); err != nil {
		t.Fatal(err)
	}
}

func TestTheLogIsPulledAndVerified(t *testing.T) {
	t.Parallel()
	p := auditorOf(t, 3, faults.HTTPConfig{Fault: everyOther(faults.Unavailable)})
	dir := filepath.Join(t.TempDir(), "log")
	for _, n := range []int{0, 300, 2} {
		receipts := filepath.Join(t.TempDir(), "receipts")
		writeFile(t, receipts, strings.Join(p.recordRuns(t, n), "\n")+"\n")
		p.publish(t)
		r := p.run(t, "audit", "pull", dir, "--receipts", receipts).want(t)
		if !strings.HasSuffix(r.stdout, "OK\n") {
			t.Errorf("%+v", r)
		}
		if r := p.run(t, "audit", "verify", dir, "--max-age", "100d", "--receipts", receipts, "--key", filepath.Join(dir, "keys")); r.code != 0 {
			t.Errorf("%+v", r)
		}
	}
	report := decode[auditverify.Report](t, p, "audit", "verify", dir, "--json")
	if report.Size < 305 || !strings.HasSuffix(report.Origin, "/v1/tenants/"+string(p.tenant.ID)+"/audit/log") {
		t.Errorf("%+v", report)
	}
	writeFile(t, filepath.Join(dir, "tile", "entries", "000"), "changed")
	if r := p.run(t, "audit", "verify", dir); r.code != 1 || !strings.Contains(r.stdout, "FAULT malformed-file: tile/entries/000: ") || strings.HasSuffix(r.stdout, "OK\n") {
		t.Errorf("%+v", r)
	}
}

func TestEntriesAreListedByFilters(t *testing.T) {
	t.Parallel()
	p := auditorOf(t, 5, faults.HTTPConfig{})
	p.tenant.Do(t, "viewer", http.MethodGet, "/v1/audit/entries", nil).Want(t, http.StatusForbidden)
	p.publish(t)
	all := p.entries(t, "--limit", "0", "--oldest")
	for i, e := range all {
		if e.Index == nil || *e.Index != uint64(i) {
			t.Fatalf("entry %d: %+v", i, e)
		}
	}
	newest := p.entries(t, "--limit", "2")
	if diff := cmp.Diff(all[len(all)-1:], newest[:1]); diff != "" || len(newest) != 2 {
		t.Error(diff)
	}
	for name, c := range map[string]struct {
		args []string
		want int
	}{
		"an action":                  {[]string{"--action", "runs.start"}, 5},
		"an action and a workspace":  {[]string{"--action", "runs.start", "--workspace", string(p.tenant.Workspace)}, 5},
		"another workspace":          {[]string{"--workspace", "other"}, 0},
		"an outcome":                 {[]string{"--outcome", "denied"}, 1},
		"a run that nobody started":  {[]string{"--run", someRun}, 0},
		"a run and its resource":     {[]string{"--run", someRun, "--resource", "runs/" + someRun}, 0},
		"an export":                  {[]string{"--resource", "exports/" + someRun}, 0},
		"a schedule of exports":      {[]string{"--resource", "export-schedules/nightly"}, 0},
		"an actor that did nothing":  {[]string{"--actor", "nobody", "--issuer", "https://nobody.example.com"}, 0},
		"the actor of an entry":      {[]string{"--actor", all[0].ActorID, "--action", "runs.start"}, 5},
		"before everything happened": {[]string{"--to", "2001-01-01T00:00:00Z"}, 0},
	} {
		if got := p.entries(t, append(c.args, "--limit", "0")...); len(got) != c.want {
			t.Errorf("%s: %d entries, want %d", name, len(got), c.want)
		}
	}
	table := p.run(t, "audit", "ls", "--limit", "3").want(t)
	if strings.Count(table.stdout, "\n") != 4 || !strings.Contains(table.stderr, "truncated to 3 entries") {
		t.Errorf("%+v", table)
	}
}

func TestEntriesAreFilteredByAPrefixOfARun(t *testing.T) {
	t.Parallel()
	p := auditorOf(t, 1, faults.HTTPConfig{})
	run := cloudtest.NewRun(t)
	p.tenant.Do(t, "runner", http.MethodPut, p.tenant.RunPath(run), api.Start{Task: "check", Start: ago(0)}).Want(t, http.StatusOK)
	p.publish(t)
	if r := p.run(t, "audit", "ls", "--run", run[:30]); r.code != 2 || !strings.Contains(r.stderr, "no workspace: use --workspace") {
		t.Errorf("without a workspace: %+v", r)
	}
	p.env["STRONGROOM_WORKSPACE"] = string(p.tenant.Workspace)
	for _, prefix := range []string{run, run[:30]} {
		if got := p.entries(t, "--run", prefix); len(got) != 1 {
			t.Errorf("%s: %d entries", prefix, len(got))
		}
	}
	for args, want := range map[string]string{"--run fff": "no run ID starts with fff", "--run xyz": "not a valid run ID"} {
		if r := p.run(t, append([]string{"audit", "ls"}, strings.Fields(args)...)...); r.code == 0 || !strings.Contains(r.stderr, want) {
			t.Errorf("%s: %+v", args, r)
		}
	}
	if r := p.run(t, "__complete", "audit", "ls", "--run", run[:9]).want(t); !strings.Contains(r.stdout, run+"\tcheck ") {
		t.Errorf("%+v", r)
	}
}

// entries runs audit ls.
func (p *program) entries(t *testing.T, args ...string) (entries []api.AuditEntry) {
	t.Helper()
	r := p.run(t, slices.Concat([]string{"audit", "ls", "--json"}, args)...).want(t)
	for line := range strings.Lines(r.stdout) {
		var e api.AuditEntry
		if err := json.Unmarshal([]byte(line), &e); err != nil {
			t.Fatal(err)
		}
		entries = append(entries, e)
	}
	return entries
}

func TestAnEntryIsShownWithItsProof(t *testing.T) {
	t.Parallel()
	p := auditorOf(t, 2, faults.HTTPConfig{})
	receipt := p.recordRuns(t, 1)[0]
	r := p.run(t, "audit", "show", receipt).want(t)
	if !strings.Contains(r.stdout, "not proved") || !strings.Contains(r.stderr, "not in the published log yet") {
		t.Errorf("before it is published: %+v", r)
	}
	p.publish(t)
	r = p.run(t, "audit", "show", receipt).want(t)
	if !strings.Contains(r.stdout, "proved: the entry is in the log") || !strings.Contains(r.stdout, "/audit/log/time ") || !strings.Contains(r.stdout, receipt) {
		t.Errorf("%+v", r)
	}
	shown := decode[struct {
		Index      *uint64
		Proved     bool
		Checkpoint string
	}](t, p, "audit", "show", receipt, "--json")
	if !shown.Proved || shown.Index == nil || shown.Checkpoint == "" {
		t.Errorf("%+v", shown)
	}
	for _, prefix := range []string{receipt[:35], receipt[:13]} {
		if r := p.run(t, "audit", "show", prefix).want(t); !strings.Contains(r.stdout, receipt) {
			t.Errorf("%s: %+v", prefix, r)
		}
	}
	if r := p.run(t, "audit", "show", receipt[:2]); r.code != 2 || !strings.Contains(r.stderr, "several entry IDs start with "+receipt[:2]) || !strings.Contains(r.stderr, " runs.start allowed ") {
		t.Errorf("%+v", r)
	}
	if r := p.run(t, "__complete", "audit", "show", receipt[:30]).want(t); !strings.Contains(r.stdout, receipt+"\t") {
		t.Errorf("%+v", r)
	}
	other := "other.example.com+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
	for name, args := range map[string][]string{
		"a key that did not sign": {"audit", "show", receipt, "--key", "PeterNeumann+" + other[18:]},
		"an entry of nobody":      {"audit", "show", cloudtest.NewRun(t)},
		"what is no ID":           {"audit", "show", "../keys"},
		"a key that is no key":    {"audit", "show", receipt, "--key", other},
	} {
		if r := p.run(t, args...); r.code == 0 || strings.Contains(r.stdout, "proved") {
			t.Errorf("%s: %+v", name, r)
		}
	}
}

func TestReceiptsArePrintedAndInSummaries(t *testing.T) {
	t.Parallel()
	p := auditorOf(t, 0, faults.HTTPConfig{})
	runner := p.as(t, "runner")
	runner.env["STRONGROOM_WORKSPACE"] = string(p.tenant.Workspace)
	input := filepath.Join(t.TempDir(), "result.txt")
	writeFile(t, input, "hello")
	r := runner.run(t, "upload", input, "--task", "check", "--json", "--verbose", "--quiet").want(t)
	var sum struct {
		Run     string
		Entries []string `json:"auditEntries"`
	}
	if err := json.Unmarshal([]byte(r.stdout), &sum); err != nil || len(sum.Entries) < 3 {
		t.Fatalf("%v: %+v", err, r)
	}
	for _, entry := range sum.Entries {
		if !strings.Contains(r.stderr, "strongroom: audit entry "+entry+" records: ") {
			t.Errorf("--verbose does not print %s: %s", entry, r.stderr)
		}
		p.run(t, "audit", "show", entry).want(t)
	}
	viewer := p.as(t, "viewer")
	viewer.env["STRONGROOM_WORKSPACE"] = string(p.tenant.Workspace)
	p.tenant.Cloud.Drain(t)
	listed := decode[struct {
		Entries []string `json:"auditEntries"`
	}](t, viewer, "issues", "ls", "--json")
	if len(listed.Entries) != 1 {
		t.Errorf("issues ls has the receipts %q", listed.Entries)
	}
	if r := viewer.run(t, "outputs", "cat", sum.Run, "result.txt", "-v"); r.code != 0 || r.stdout != "hello" || !strings.Contains(r.stderr, "records: read output") {
		t.Errorf("%+v", r)
	}
	if r := viewer.run(t, "audit", "ls", "-v"); r.code != 11 || !strings.Contains(r.stderr, "strongroom: audit entry ") {
		t.Errorf("a denial: %+v", r)
	}
}

// TestAWitnessSignsForThePlatform registers a witness, and verifies a copy by a policy
// that requires it.
func TestAWitnessSignsForThePlatform(t *testing.T) {
	t.Parallel()
	tenant := cloudtest.New(t, suite.Options{}).Tenant(t)
	dir, state := filepath.Join(t.TempDir(), "log"), filepath.Join(t.TempDir(), "witness")
	args := []string{"audit", "witness", "--key", filepath.Join(t.TempDir(), "key"), "--once", "--name", "witness.example.com", "--state"}
	other := newForger(t) // its log creates the key
	other.show(t, logtest.New(t, 5), 5)
	_, after, _ := strings.Cut(other.victim(t).run(t, append(args, t.TempDir())...).want(t).stderr, "the verifier key of this witness is ")
	key, _, _ := strings.Cut(after, "\n")
	if err := tenant.Cloud.SetWitnesses(t.Context(), tenant.ID, key); err != nil { // before a function reads the tenant's record
		t.Fatal(err)
	}
	p := programOf(t, tenant, "auditor")
	p.recordRuns(t, 3)
	p.publish(t)
	args = append(args, state)
	p.run(t, args...).want(t)
	p.recordRuns(t, 300)
	p.publish(t)
	p.run(t, "audit", "pull", dir).want(t)
	policy, err := os.ReadFile(filepath.Join(dir, "policy"))
	if err != nil || !strings.Contains(string(policy), key) {
		t.Fatalf("%v: %s", err, policy)
	}
	own := filepath.Join(t.TempDir(), "own.policy")
	writeFile(t, own, string(policy))
	r := p.run(t, "audit", "verify", dir, "--policy", own, "--max-age", "1h").want(t)
	if !strings.Contains(r.stdout, "witness.example.com saw the first ") || !strings.Contains(r.stdout, "No witness signed the newest ") {
		t.Errorf("%+v", r)
	}
	p.run(t, args...).want(t)
	r = p.run(t, "audit", "pull", dir, "--policy", own).want(t)
	if strings.Contains(r.stdout, "No witness signed the newest ") || !strings.HasSuffix(r.stdout, "OK\n") {
		t.Errorf("%+v", r)
	}
	writeFile(t, own, strings.Replace(string(policy), key, logtest.NewSigner(t, "other.example.com", true).Key, 1))
	if r := p.run(t, "audit", "verify", dir, "--policy", own); r.code != 1 || !strings.Contains(r.stdout, "FAULT no-quorum") {
		t.Errorf("%+v", r)
	}
}

func TestStaffReadThePlatformsLog(t *testing.T) {
	t.Parallel()
	cloud := cloudtest.New(t, suite.Options{})
	p := staffOf(t, cloud.Tenant(t))
	rejectPermanently(t, cloud, "bad-reference", 1)
	p.run(t, "replay", "quarantine", "assistant-update").want(t)
	p.publish(t)
	if all := p.entries(t, "--action", "quarantine.replay"); len(all) != 1 {
		t.Errorf("%d entries", len(all))
	}
	dir := t.TempDir()
	if r := p.run(t, "audit", "pull", dir).want(t); !strings.Contains(r.stdout, "/v1/platform/audit/log: ") {
		t.Errorf("%+v", r)
	}
}

func TestAuditCommandsRejectBadFlags(t *testing.T) {
	t.Parallel()
	p := programOf(t, cloudtest.Shared(t).Tenant(t), "auditor")
	file := filepath.Join(t.TempDir(), "file")
	writeFile(t, file, "hello\n")
	for _, args := range [][]string{
		{"ls", "--limit", "-1"}, {"ls", "--outcome", "maybe"}, {"ls", "--run", "x"}, {"ls", "--issuer", "x"}, {"ls", "--from", "x"}, {"ls", "x"},
		{"ls", "--workspace", "A B"}, {"show"}, {"show", "x"}, {"show", strings.ToUpper(someRun)}, {"tail", "--interval", "1ms"},
		{"tail", "--from-start", "--after", "3"}, {"pull"}, {"pull", "x", "--parallel", "0"}, {"pull", "x", "--max-age", "x"},
		{"verify", filepath.Join(file, "x")}, {"verify", "a", "b"}, {"verify", ".", "--policy", file}, {"verify", ".", "--policy", file + "x"},
		{"verify", ".", "--key", file}, {"verify", ".", "--key", "a+b+c"}, {"verify", ".", "--since", file + "x"}, {"verify", ".", "--receipts", file + "x"},
		{"verify", ".", "--max-age", "0"}, {"verify", ".", "--max-age", "-1h"}, {"witness"}, {"witness", "--state", "x", "--interval", "0"},
		{"witness", "--state", "x", "--policy", file}, {"witness", "--state", "x", "--log-key", file},
	} {
		if r := p.run(t, append([]string{"audit"}, args...)...); r.code != 2 || !strings.HasPrefix(r.stderr, "strongroom: ") {
			t.Errorf("%q: %+v", args, r)
		}
	}
	if _, err := os.Stat("x"); err == nil {
		t.Error("a rejected command created a directory")
	}
	p.env["STRONGROOM_TOKEN"] = "no.jwt"
	p.env["STRONGROOM_URL"] = "http://127.0.0.1:1"
	if r := p.run(t, "audit", "ls"); r.code != 2 || !strings.Contains(r.stderr, "selects no audit log") {
		t.Errorf("%+v", r)
	}
}

func TestTailPrintsEachEntryOnce(t *testing.T) {
	t.Parallel()
	p := auditorOf(t, 3, faults.HTTPConfig{Fault: everyOther(faults.Unavailable)})
	cmd := p.process(t, "audit", "tail", "--from-start", "--json", "--interval", "1s", "--action", "runs.start")
	out := &safeOutput{}
	cmd.Stdout = out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	cloudtest.Eventually(t, "the first entries are printed", func() bool { return out.lines() == 3 })
	p.recordRuns(t, 2)
	p.publish(t)
	cloudtest.Eventually(t, "later entries are printed", func() bool { return out.lines() == 5 })
	if err := cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err != nil {
		t.Errorf("an interrupted tail: %v", err)
	}
	seen := map[string]bool{}
	for line := range strings.Lines(out.String()) {
		if seen[line] {
			t.Errorf("printed twice: %s", line)
		}
		seen[line] = true
	}
	all := p.entries(t, "--oldest", "--action", "runs.start")
	after := fmt.Sprint(*all[2].Index)
	again := p.process(t, "audit", "tail", "--after", after, "--json", "--interval", "1s", "--action", "runs.start")
	rest := &safeOutput{}
	again.Stdout = rest
	if err := again.Start(); err != nil {
		t.Fatal(err)
	}
	cloudtest.Eventually(t, "the entries after an index are printed", func() bool { return rest.lines() == 2 })
	_ = again.Process.Signal(os.Interrupt)
	_ = again.Wait() // it was interrupted
}

// safeOutput may be written to and read at the same time.
type safeOutput struct {
	mu   sync.Mutex
	text strings.Builder
}

func (o *safeOutput) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.Write(p)
}

func (o *safeOutput) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.String()
}

func (o *safeOutput) lines() int { return strings.Count(o.String(), "\n") }
