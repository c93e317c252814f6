package tenant_test

import (
	"strings"
	"testing"

	"github.com/strongroom-dev/strongroom/shared/tenant"
)

func good() tenant.Record {
	return tenant.Record{
		ID: "acme", State: tenant.Active, ProjectID: "p", Location: "europe-west3", OutputsBucket: "b", KeyName: "k", SigningAccount: "a",
		Trust: []tenant.Trust{
			{Issuer: "i", JWKS: `{"keys":[{"kty":"RSA"}]}`, Rules: []tenant.Rule{
				{Claims: map[string]string{"c": "v"}, Role: tenant.Runner, Workspaces: []tenant.WorkspaceID{"prod"}},
				{Claims: map[string]string{"c": "v"}, Role: tenant.Viewer},
			}},
			{Issuer: "i", JWKSURL: "https://issuer.example/jwks?x=1"},
		},
	}
}

func TestValidateAcceptsAGoodRecord(t *testing.T) {
	t.Parallel()
	if err := good().Validate(); err != nil {
		t.Error(err)
	}
}

func TestValidateNamesWhatIsWrong(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		change func(*tenant.Record)
		want   string
	}{
		"no id":                          {func(r *tenant.Record) { r.ID = "" }, "a tenant ID has"},
		"an id with a slash":             {func(r *tenant.Record) { r.ID = "a/b" }, "a tenant ID has"},
		"no state":                       {func(r *tenant.Record) { r.State = "" }, "neither active nor suspended"},
		"no bucket":                      {func(r *tenant.Record) { r.OutputsBucket = "" }, "outputsBucket is missing"},
		"no key":                         {func(r *tenant.Record) { r.KeyName = "" }, "keyName is missing"},
		"a topic by its ID alone":        {func(r *tenant.Record) { r.AuditTopic = "audit" }, "auditTopic is not projects/"},
		"a topic with a path":            {func(r *tenant.Record) { r.AuditTopic = "projects/p/topics/a/b" }, "auditTopic is not projects/"},
		"a negative lifetime":            {func(r *tenant.Record) { r.Limits.UploadLifetime = -1 }, "uploadLifetime"},
		"a negative quota":               {func(r *tenant.Record) { r.Quotas.RunsPerDay = -1 }, "quotas: runsPerDay is negative"},
		"a negative quota of workspaces": {func(r *tenant.Record) { r.WorkspaceQuotas.BytesPerDay = -1 }, "workspaceQuotas: bytesPerDay is negative"},
		"exports of each workspace":      {func(r *tenant.Record) { r.WorkspaceQuotas.ExportsPerDay = 1 }, "workspaceQuotas: exportsPerDay is for the tenant"},
		"no issuer":                      {func(r *tenant.Record) { r.Trust[1].Issuer = "" }, "trust[1]: issuer is missing"},
		"no keys":                        {func(r *tenant.Record) { r.Trust[1].JWKSURL = "" }, "trust[1]: neither jwks nor jwksUrl"},
		"keys that are no JSON":          {func(r *tenant.Record) { r.Trust[0].JWKS = "{" }, "trust[0]: jwks"},
		"a key set without keys":         {func(r *tenant.Record) { r.Trust[0].JWKS = `{"keys":[]}` }, "trust[0]: jwks"},
		"keys that are no set":           {func(r *tenant.Record) { r.Trust[0].JWKS = `[]` }, "trust[0]: jwks"},
		"a URL without TLS":              {func(r *tenant.Record) { r.Trust[1].JWKSURL = "http://issuer.example/" }, "trust[1]: jwksUrl"},
		"a URL without a host":           {func(r *tenant.Record) { r.Trust[1].JWKSURL = "https:///jwks" }, "trust[1]: jwksUrl"},
		"a URL with a user":              {func(r *tenant.Record) { r.Trust[1].JWKSURL = "https://u:p@issuer.example/" }, "trust[1]: jwksUrl"},
		"an invalid URL":                 {func(r *tenant.Record) { r.Trust[1].JWKSURL = "https://%zz" }, "trust[1]: jwksUrl"},
		"a rule without claims":          {func(r *tenant.Record) { r.Trust[0].Rules[1].Claims = nil }, "rules[1]: it has no claims"},
		"a runner without workspaces":    {func(r *tenant.Record) { r.Trust[0].Rules[0].Workspaces = nil }, "rules[0]: the role runner needs at least one workspace"},
		"runs shared by viewers":         {func(r *tenant.Record) { r.Trust[0].Rules[1].ShareRuns = true }, "rules[1]: only a rule with the role runner can share runs"},
		"a workspace that is misnamed":   {func(r *tenant.Record) { r.Trust[0].Rules[0].Workspaces[0] = "../x" }, `rules[0]: workspace "../x"`},
		"a role of the platform's staff": {func(r *tenant.Record) { r.Trust[0].Rules[1].Role = tenant.Platform }, `the role "platform"`},
		"no role":                        {func(r *tenant.Record) { r.Trust[0].Rules[1].Role = "" }, `the role ""`},
	} {
		r := good()
		c.change(&r)
		if err := r.Validate(); err == nil || !strings.Contains(err.Error(), c.want) || strings.Count(err.Error(), "\n") > 0 {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestValidateJoinsAllThatIsWrong(t *testing.T) {
	t.Parallel()
	first := tenant.Record{}.Validate().Error()
	if n := strings.Count(first, "\n") + 1; n != 7 {
		t.Errorf("%d faults: %s", n, first)
	}
	for range 10 {
		if again := (tenant.Record{}).Validate().Error(); again != first {
			t.Fatalf("in another order: %s", again)
		}
	}
}
