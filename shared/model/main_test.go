package model_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"cloud.google.com/go/firestore"

	"github.com/strongroom-dev/strongroom/emulator/cloudtest"
	"github.com/strongroom-dev/strongroom/emulator/suite"
	"github.com/strongroom-dev/strongroom/emulator/vertex"
	"github.com/strongroom-dev/strongroom/shared/auditlog"
	"github.com/strongroom-dev/strongroom/shared/consent"
	"github.com/strongroom-dev/strongroom/shared/ledger"
	"github.com/strongroom-dev/strongroom/shared/model"
	"github.com/strongroom-dev/strongroom/shared/prompt"
)

func TestMain(m *testing.M) { cloudtest.Main(m) }

var explanation = prompt.Explanation{Issue: prompt.Issue{ID: "issue-1", Title: "DNS is slow", Severity: 2}}

// fixture is a tenant with an own model, and a gateway.
type fixture struct {
	cloud   *cloudtest.Cloud
	tenant  *cloudtest.Tenant
	project string // of the tenant's own model
	gateway *model.Gateway
}

// newFixture returns a tenant that has consented to send explanations to its own model.
func newFixture(t testing.TB, c *cloudtest.Cloud) fixture {
	t.Helper()
	tn := c.Tenant(t)
	f := fixture{cloud: c, tenant: tn, project: tn.OwnModel(t).ProjectID, gateway: c.Gateway(t, "assistants", nil, nil)}
	tn.Consent(t, consent.ExplainIssue, consent.SingleTenant)
	return f
}

func (f fixture) db(t testing.TB) *firestore.Client {
	t.Helper()
	db, err := f.cloud.Operator.Default(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return db
}

// request returns a request of the assistants' account, whose database client is its own.
func (f fixture) request(t testing.TB, p prompt.Payload) model.Request {
	t.Helper()
	db, err := f.cloud.Clients(suite.FunctionAccount("assistants")).Default(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return model.Request{
		Tenant: f.tenant.Record, DB: db, Workspace: f.tenant.Workspace, Payload: p, Resource: "issues/issue-1",
		Actor: auditlog.Actor{Issuer: "https://issuer.example", Subject: "ada", Role: "viewer"},
	}
}

// sends lists the tenant's ledger, newest first.
func (f fixture) sends(t testing.TB) []ledger.Listed {
	t.Helper()
	all, err := ledger.Home{DB: f.db(t), Tenant: f.tenant.ID}.List(context.WithoutCancel(t.Context()), "", ledger.Position{}, 100)
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// entries returns the entries of the tenant's audit log with an action.
func (f fixture) entries(t testing.TB, action auditlog.Action) (all []auditlog.Entry) {
	t.Helper()
	r, err := auditlog.OpenReader(t.Context(), auditlog.Config{AuditKeyName: f.cloud.PlatformKey("audit")}, f.cloud.Operator, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	for e, err := range r.Entries(t.Context(), f.db(t), f.tenant.ID) {
		if err != nil {
			t.Fatal(err)
		}
		if e.Action == action {
			all = append(all, e)
		}
	}
	return all
}

// answers makes the tenant's own model answer like this.
func (f fixture) answers(t testing.TB, a vertex.Answer) {
	t.Helper()
	f.cloud.Vertex.Respond(f.project, func(vertex.Request) vertex.Answer { return a })
}

// longText returns a text of n bytes.
func longText(n int) string { return strings.Repeat("0123456789abcdef", n/16+1)[:n] }
