package command_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/strongroom-dev/strongroom/emulator/cloudtest"
	"github.com/strongroom-dev/strongroom/emulator/vertex"
	"github.com/strongroom-dev/strongroom/scripts/strongroom/api"
)

// modelPrograms are the persons who use a language model: each with a token of its own.
type modelPrograms struct {
	admin, staff, viewer *program
	project              string // of the tenant's own model
	issue                string
}

func newModelPrograms(t *testing.T) modelPrograms {
	t.Helper()
	return modelProgramsOf(t, cloudtest.Shared(t).Tenant(t))
}

// modelProgramsOf adds a model and an issue to a tenant.
func modelProgramsOf(t *testing.T, tenant *cloudtest.Tenant) modelPrograms {
	t.Helper()
	p := modelPrograms{
		admin: programOf(t, tenant, "admin"), staff: programOf(t, tenant, "platform"), viewer: programOf(t, tenant, "viewer"),
		project: tenant.OwnModel(t).ProjectID,
	}
	programOf(t, tenant, "runner").importLines(t, `{"title":"DNS is slow","severity":1,"next_steps":"Look at the cache"}`, "--task", "t")
	p.issue = p.viewer.oneIssue(t).ID
	return p
}

// ofTenant are the flags with which staff name the tenant.
func (p modelPrograms) ofTenant() []string { return []string{"--tenant", string(p.admin.tenant.ID)} }

// consent runs a command for the consent of the tests.
func consent(t *testing.T, p *program, verb string, flags ...string) result {
	t.Helper()
	return p.run(t, append([]string{"consents", verb, "explain-issue", "single-tenant"}, flags...)...)
}

// give submits both halves.
func (p modelPrograms) give(t *testing.T, flags ...string) {
	t.Helper()
	text := decode[api.Consent](t, p.admin, "consents", "show", "explain-issue", "single-tenant", "--json").Text
	flags = append(flags, "--text", text, "--until", "90d")
	consent(t, p.admin, "give", flags...).want(t)
	consent(t, p.staff, "give", append(flags, p.ofTenant()...)...).want(t)
}

func wantText(t *testing.T, r result, texts ...string) {
	t.Helper()
	for _, text := range texts {
		if !strings.Contains(r.stdout, text) {
			t.Errorf("%+v does not show %q", r, text)
		}
	}
}

func TestConsentsAreReadGivenAndWithdrawn(t *testing.T) {
	t.Parallel()
	p := newModelPrograms(t)
	shown := consent(t, p.admin, "show").want(t)
	wantText(t, shown, "explain-issue at single-tenant, workspace all: not in effect", "tenant's half  none", "gemini-3.5-pro in "+p.project, "\nTEXT v1-", "issue.title")
	if r := p.viewer.run(t, "issues", "explain", p.issue); r.code != 11 || !strings.Contains(r.stderr, "403") || r.stdout != "" {
		t.Errorf("without consent: %+v", r)
	}
	p.give(t)
	wantText(t, p.admin.run(t, "consents", "ls").want(t), "IN EFFECT", "explain-issue        single-tenant  all        yes")
	wantText(t, p.staff.run(t, append([]string{"consents", "ls"}, p.ofTenant()...)...).want(t), "yes", "active until")
	wantText(t, consent(t, p.admin, "show").want(t), ": in effect", "HISTORY", "by ")
	if r := consent(t, p.staff, "show", p.ofTenant()...).want(t); strings.Contains(r.stdout, ", by ") {
		t.Errorf("staff see who gave a half: %s", r.stdout)
	}
	wantText(t, consent(t, p.staff, "withdraw", p.ofTenant()...).want(t), "platform's     withdrawn", "not in effect")
	if r := p.viewer.run(t, "issues", "explain", p.issue); r.code != 11 || !strings.Contains(r.stderr, "platform") {
		t.Errorf("after the withdrawal: %+v", r)
	}
	if n := len(p.admin.tenant.Cloud.Vertex.Requests(p.project)); n != 0 {
		t.Errorf("%d requests were sent", n)
	}
}

// The environment names the workspace of other commands. A consent is for one workspace
// only if the flag says so.
func TestAConsentIsForOneWorkspaceOnlyWithTheFlag(t *testing.T) {
	t.Parallel()
	p := newModelPrograms(t)
	p.give(t)
	p.give(t, "--workspace", string(p.admin.tenant.Workspace))
	var workspaces []string
	for _, c := range decode[struct{ Consents []api.Consent }](t, p.admin, "consents", "ls", "--json").Consents {
		if c.InEffect {
			workspaces = append(workspaces, c.Workspace)
		}
	}
	if got := strings.Join(workspaces, ","); got != ","+string(p.admin.tenant.Workspace) {
		t.Errorf("the consents are for %q", got)
	}
}

func TestAnExplanationIsPrintedAndOnTheLedger(t *testing.T) {
	t.Parallel()
	p := newModelPrograms(t)
	p.give(t)
	c := p.admin.tenant.Cloud
	c.Vertex.Respond(p.project, func(vertex.Request) vertex.Answer {
		return vertex.Answer{Text: "The cache \x1b[31mof " + p.issue + " is small.", Pieces: 4}
	})
	wantText(t, p.viewer.run(t, "issues", "explain", p.issue, "--preview").want(t), "This would be sent. Nothing was sent now.", "field    issue.title (text)", "DNS is slow")
	if n := len(c.Vertex.Requests(p.project)); n != 0 {
		t.Fatalf("a preview sent %d requests", n)
	}
	r := p.viewer.run(t, "issues", "explain", p.issue).want(t)
	wantText(t, r, "The cache ", "gemini-3.5-pro (single-tenant) wrote this. Check it.", "-- evidence: "+p.issue)
	if strings.Contains(r.stdout, "\x1b") {
		t.Errorf("an answer controls the terminal: %q", r.stdout)
	}
	received := c.Vertex.Requests(p.project)
	ledger := decode[struct{ Sends []api.ModelSend }](t, p.admin, "models", "sends", "--json").Sends
	if len(received) != 1 || len(ledger) != 1 || ledger[0].SHA256 != received[0].SHA256 || ledger[0].Status != "answered" {
		t.Fatalf("the endpoint received %d requests, and the ledger has %+v", len(received), ledger)
	}
	wantText(t, p.admin.run(t, "models", "sends", "--feature", "explain-issue").want(t), received[0].SHA256, ledger[0].Entry, "answered STOP")
	if r := p.admin.run(t, "models", "sends", "--feature", "rank-next-tasks").want(t); strings.Contains(r.stdout, received[0].SHA256) {
		t.Errorf("another feature lists it: %s", r.stdout)
	}
	wantText(t, p.staff.run(t, "models", "sends", "--platform").want(t), "FEATURE")
	if r := p.viewer.run(t, "models", "sends"); r.code != 11 || !strings.Contains(r.stderr, ": 403 Forbidden") {
		t.Errorf("a viewer reads the ledger: %+v", r)
	}
}

func TestTheDataMapIsPrinted(t *testing.T) {
	t.Parallel()
	viewer := programOf(t, cloudtest.Shared(t).Tenant(t), "viewer")
	wantText(t, viewer.run(t, "data-map").want(t), "CLASS", "output", "never", "with 2 consents", "tenants/{tenant}/modelSends/{send}")
	for _, class := range decode[api.DataMap](t, viewer, "data-map", "--json").Classes {
		if refused := class.Class == "output" || class.Class == "configuration"; refused && (class.Model || len(class.Consents) > 0) {
			t.Errorf("the map says that a model may have %+v", class)
		}
	}
}

func TestMistakesInConsentsAreReported(t *testing.T) {
	t.Parallel()
	p := newModelPrograms(t)
	for name, row := range map[string]struct {
		args string
		code int
		want string
	}{
		"a destination that does not exist": {"show explain-issue elsewhere", 2, "DESTINATION"},
		"a feature that does not exist":     {"show explain-all shared", 12, "404"},
		"no version of the text":            {"give explain-issue single-tenant --until 90d", 2, "--text is required"},
		"a version of another text":         {"give explain-issue single-tenant --until 90d --text v1-0123456789ab", 13, "409"},
		"no end date":                       {"give explain-issue single-tenant --text v1-0123456789ab", 2, "--until"},
		"an end date in the past":           {"give explain-issue single-tenant --until 2020-01-01T00:00:00Z --text TEXT", 2, "422"},
		"an end date after two years":       {"give explain-issue single-tenant --until 730d --text TEXT", 2, "at most 366 days ahead"},
		"an invalid tenant":                 {"ls --tenant ../acme", 2, "--tenant"},
		"another tenant, as an admin":       {"ls --tenant globex", 11, "403"},
		"an invalid workspace":              {"show explain-issue single-tenant --workspace ../prod", 2, "--workspace"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			text := decode[api.Consent](t, p.admin, "consents", "show", "explain-issue", "single-tenant", "--json").Text
			r := p.admin.run(t, append([]string{"consents"}, strings.Fields(strings.ReplaceAll(row.args, "TEXT", text))...)...)
			if r.code != row.code || !strings.Contains(r.stderr, row.want) || r.stdout != "" {
				t.Errorf("%+v, want the code %d and %q", r, row.code, row.want)
			}
		})
	}
}

// A request to a model costs money and is on the ledger, so the program never repeats it.
func TestARequestToAModelIsNotRepeated(t *testing.T) {
	t.Parallel()
	for name, args := range map[string][]string{
		"explain": {"issues", "explain", noIssue}, "summary": {"assistant", "summary", "oncall"},
		"rank": {"assistant", "rank", "oncall"},
	} {
		s := newStub(t, "not JSON", "not JSON")
		if r := stubbed(t, s).run(t, args...); r.code != 1 {
			t.Errorf("%s: %+v", name, r)
		}
		if got := s.received(); len(got) != 1 || !strings.HasPrefix(got[0], http.MethodPost+" ") {
			t.Errorf("%s sends %q", name, got)
		}
	}
}
