package command_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/strongroom-dev/strongroom/emulator/cloudtest"
	"github.com/strongroom-dev/strongroom/scripts/strongroom/api"
)

// tokenFile writes the token of a persona to a file.
func tokenFile(t *testing.T, p *program, persona string) string {
	t.Helper()
	token := p.tenant.Token(t, persona)
	p.secrets.add(token)
	name := filepath.Join(t.TempDir(), persona+".token")
	if err := os.WriteFile(name, []byte(token+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

func TestAnAdminManagesTrustRules(t *testing.T) {
	t.Parallel()
	tenant := cloudtest.Shared(t).Tenant(t)
	admin, auditor := programOf(t, tenant, "admin"), programOf(t, tenant, "auditor")
	newcomer, subject := tokenFile(t, admin, "newcomer"), "newcomer@"+string(tenant.ID)+".example"

	if r := admin.run(t, "tenant", "trust", "test", newcomer); r.code != 0 || !strings.Contains(r.stdout, "no rule matches") || !strings.Contains(r.stdout, "persona is different") {
		t.Errorf("a test without a rule: %+v", r)
	}
	wantText(t, admin.run(t, "tenant", "trust", "test", newcomer, "--role", "viewer").want(t), "has the role viewer", "(not saved)", "matches")
	added := decode[api.TrustRule](t, admin, "tenant", "trust", "add", newcomer, "--role", "viewer", "--json")
	if added.Owner != "api" || added.Role != "viewer" || len(added.Claims) != 1 || added.Claims[0].Value != subject {
		t.Errorf("the rule is %+v", added)
	}
	wantText(t, admin.run(t, "tenant", "trust", "add", newcomer, "--role", "viewer").want(t), added.ID, "every process has seen it by")
	wantText(t, auditor.run(t, "tenant", "show").want(t), "sign-in   "+tenant.Cloud.Issuer.URL())
	wantText(t, auditor.run(t, "tenant", "trust", "list").want(t), "1 key", "signs in the client", "terraform", "persona=admin", "sub="+subject, added.ID)
	if trust := decode[api.Trust](t, auditor, "tenant", "trust", "ls", "--json"); len(trust.Rules) != 7 || trust.Rules[6].ID != added.ID {
		t.Errorf("the trust is %+v", trust)
	}
	wantText(t, admin.run(t, "tenant", "trust", "rm", added.ID).want(t), subject)
	if r := admin.run(t, "tenant", "trust", "remove", added.ID); r.code != 12 {
		t.Errorf("a rule that is gone: %+v", r)
	}
}

func TestTrustCommandsThatFail(t *testing.T) {
	t.Parallel()
	tenant := cloudtest.Shared(t).Tenant(t)
	admin := programOf(t, tenant, "admin")
	newcomer, viewer := tokenFile(t, admin, "newcomer"), tokenFile(t, admin, "viewer")
	signedOut := programOf(t, tenant, "admin")
	delete(signedOut.env, "STRONGROOM_TOKEN")
	down := programOf(t, tenant, "admin")
	down.env["STRONGROOM_URL"] = "http://127.0.0.1:1"
	for name, c := range map[string]struct {
		by   *program
		args []string
		code int
		text string
	}{
		"nobody is signed in":                 {by: signedOut, args: []string{"ls"}, code: 10},
		"an auditor adds a rule":              {by: admin.as(t, "auditor"), args: []string{"add", newcomer, "--role", "viewer"}, code: 11},
		"a viewer lists the rules":            {by: admin.as(t, "viewer"), args: []string{"ls"}, code: 11},
		"a rule that does not exist":          {args: []string{"rm", strings.Repeat("0", 64)}, code: 12},
		"a workspace that does not exist":     {args: []string{"add", newcomer, "--role", "runner", "--write", "no-such"}, code: 12},
		"a rule after one that matches first": {args: []string{"add", viewer, "--role", "admin"}, code: 13, text: "another rule matches the token first"},
		"a rule for another subject":          {args: []string{"add", newcomer, "--role", "viewer", "--claim", "sub=ann"}, code: 13, text: "the claim sub of the token is different"},
		"the platform does not respond":       {by: down, args: []string{"ls", "--timeout", "1s"}, code: 124},
		"no role":                             {args: []string{"add", newcomer}, code: 2, text: "no role"},
		"a role that cannot be added":         {args: []string{"add", newcomer, "--role", "builder"}, code: 2},
		"a claim without a value":             {args: []string{"test", newcomer, "--role", "viewer", "--claim", "sub"}, code: 2, text: "NAME=VALUE"},
		"a claim without a role":              {args: []string{"test", newcomer, "--claim", "sub=ann"}, code: 2, text: "also needs --role"},
		"a runner without a workspace":        {args: []string{"add", newcomer, "--role", "runner"}, code: 2, text: "names its workspaces"},
		"the token instead of a file":         {args: []string{"test", "eyJcanary"}, code: 2, text: "not the token itself"},
		"an ID that is not one":               {args: []string{"rm", "ann"}, code: 2},
		"a test of a rule that fails":         {args: []string{"test", viewer, "--role", "admin"}, code: 1, text: "does not give the token its role"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if c.by == nil {
				c.by = admin
			}
			r := c.by.run(t, append([]string{"tenant", "trust"}, c.args...)...)
			if r.code != c.code || !strings.Contains(r.stderr, c.text) || strings.Contains(r.stderr, "eyJ") {
				t.Errorf("exits with %d, want %d: %s", r.code, c.code, r.stderr)
			}
		})
	}
}

func TestATokenOfTheStandardInputIsTested(t *testing.T) {
	t.Parallel()
	tenant := cloudtest.Shared(t).Tenant(t)
	admin := programOf(t, tenant, "admin")
	token := tenant.Token(t, "auditor")
	admin.secrets.add(token)
	wantText(t, admin.runWith(t, strings.NewReader(token+"\n"), "tenant", "trust", "test", "-").want(t), "has the role auditor")
	if r := admin.runWith(t, strings.NewReader("\n"), "tenant", "trust", "test", "-"); r.code != 2 || !strings.Contains(r.stderr, "has no token") {
		t.Errorf("an empty standard input: %+v", r)
	}
}
