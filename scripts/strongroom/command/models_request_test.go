package command_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/strongroom-dev/strongroom/emulator/cloudtest"
	"github.com/strongroom-dev/strongroom/scripts/strongroom/api"
)

// keepRequests makes a tenant keep the requests to models. The functions see it at the
// tenant's first request.
func keepRequests(t *testing.T, tenant *cloudtest.Tenant) {
	t.Helper()
	limits := tenant.Limits
	limits.KeepModelRequests = 24 * time.Hour
	if _, err := tenant.Cloud.SetLimits(t.Context(), tenant.ID, limits); err != nil {
		t.Fatal(err)
	}
}

func TestTheExactRequestOfAnEntryIsPrinted(t *testing.T) {
	t.Parallel()
	tenant := cloudtest.Shared(t).Tenant(t)
	keepRequests(t, tenant)
	p := modelProgramsOf(t, tenant)
	p.give(t)
	for range 2 {
		p.viewer.run(t, "issues", "explain", p.issue).want(t)
	}
	sends := decode[struct{ Sends []api.ModelSend }](t, p.admin, "models", "sends", "--json").Sends
	received := tenant.Cloud.Vertex.Requests(p.project)
	if len(sends) != 2 || len(received) != 2 {
		t.Fatalf("%d requests on the ledger, %d at the endpoint", len(sends), len(received))
	}
	newest, sum := sends[0].Entry, sends[0].SHA256
	auditor := p.admin.as(t, "auditor")
	for _, entry := range []string{newest, newest[:35]} {
		r := auditor.run(t, "models", "request", entry).want(t)
		if r.stdout != string(received[1].Body) || cloudtest.SHA256([]byte(r.stdout)) != sum || !strings.Contains(r.stderr, sum) {
			t.Errorf("%+v, and the endpoint received %s", r, received[1].Body)
		}
	}
	got := decode[api.StoredRequest](t, auditor, "models", "request", newest, "--json")
	if want := (api.StoredRequest{Entry: newest, SHA256: sum, Request: string(received[1].Body)}); got != want {
		t.Errorf("%+v", got)
	}
	if r := auditor.run(t, "__complete", "models", "request", newest[:8]); !strings.Contains(r.stdout, newest+"\texplain-issue answered ") {
		t.Errorf("%+v", r)
	}
	if r := p.viewer.run(t, "models", "request", newest); r.code != 11 || !strings.Contains(r.stderr, ": 403 Forbidden") || r.stdout != "" {
		t.Errorf("a viewer reads it: %+v", r)
	}
}

func TestARequestThatIsNotStoredIsAClearError(t *testing.T) {
	t.Parallel()
	p := newModelPrograms(t)
	p.give(t)
	p.viewer.run(t, "issues", "explain", p.issue).want(t)
	entry := decode[struct{ Sends []api.ModelSend }](t, p.admin, "models", "sends", "--json").Sends[0].Entry
	reads := decode[struct {
		Entries []string `json:"auditEntries"`
	}](t, p.viewer, "issues", "show", p.issue, "--json").Entries
	if len(reads) != 1 {
		t.Fatalf("the read is recorded as %q", reads)
	}
	for name, row := range map[string]struct {
		entry string
		code  int
		want  string
	}{
		"a request that is not stored":   {entry, 12, "the exact request of entry " + entry + " is not stored, or no longer"},
		"an entry that does not exist":   {cloudtest.NewRun(t), 12, "the ledger has no entry "},
		"an entry of another action":     {reads[0], 1, "does not record a request to a model"},
		"a prefix that no entry has":     {"ffff", 12, "no entry ID starts with ffff"},
		"a text that is not an entry ID": {"../sends", 2, "is not a valid entry ID"},
	} {
		if r := p.admin.run(t, "models", "request", row.entry); r.code != row.code || !strings.Contains(r.stderr, row.want) || r.stdout != "" {
			t.Errorf("%s: %+v, want the code %d and %q", name, r, row.code, row.want)
		}
	}
}

// A platform that shows another request than the one in the audit log is found out.
func TestARequestWithAnotherDigestIsNotPrinted(t *testing.T) {
	t.Parallel()
	const sent = `{"text":"a"}`
	recorded, other := cloudtest.SHA256([]byte(sent)), cloudtest.SHA256([]byte("b"))
	for name, row := range map[string]struct {
		shown, digest string
		code          int
	}{
		"the request of the entry":           {sent, recorded, 0},
		"another request with the digest":    {"b", recorded, 1},
		"another request with its digest":    {"b", other, 1},
		"the request, with another's digest": {sent, other, 1},
	} {
		s := newStub(t, fmt.Sprintf(`{"entry":{"action":"models.send","model":{"sha256":%q}}}`, recorded),
			fmt.Sprintf(`{"entry":%q,"sha256":%q,"request":%q}`, someRun, row.digest, row.shown))
		p := stubbed(t, s)
		p.env["STRONGROOM_TOKEN"] = tokenOfAcme
		r := p.run(t, "models", "request", someRun)
		if r.code != row.code || (r.stdout == sent) != (row.code == 0) || strings.Contains(r.stderr, "is NOT the one that was sent") != (row.code == 1) {
			t.Errorf("%s: %+v", name, r)
		}
	}
}
