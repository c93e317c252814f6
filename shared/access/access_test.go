package access_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/strongroom-dev/strongroom/emulator/cloudtest"
	"github.com/strongroom-dev/strongroom/emulator/iam"
	"github.com/strongroom-dev/strongroom/emulator/suite"
	"github.com/strongroom-dev/strongroom/shared/access"
	"github.com/strongroom-dev/strongroom/shared/api"
	"github.com/strongroom-dev/strongroom/shared/auditlog"
	"github.com/strongroom-dev/strongroom/shared/directory"
	"github.com/strongroom-dev/strongroom/shared/gcp"
	"github.com/strongroom-dev/strongroom/shared/tenant"
)

func TestMain(m *testing.M) { cloudtest.Main(m) }

const auditKey = "projects/" + suite.ProjectID + "/locations/" + suite.Location + "/keyRings/platform/cryptoKeys/audit"

// guard is that of the function runs.
func guard(t *testing.T, c *cloudtest.Cloud) *access.Guard {
	t.Helper()
	return guardAt(t, c, c.Clock.Now)
}

func guardAt(t *testing.T, c *cloudtest.Cloud, now func() time.Time) *access.Guard {
	t.Helper()
	clients := gcp.NewClients(c.As(suite.FunctionAccount("runs")))
	t.Cleanup(func() { _ = clients.Close() })
	g, err := access.NewGuard(t.Context(), access.Config{Audience: suite.Audience, Config: auditlog.Config{AuditKeyName: auditKey}}, clients, now)
	if err != nil {
		t.Fatal(err)
	}
	return g
}

func request(action auditlog.Action) access.Request {
	return access.Request{Action: action, Workspace: "prod", Resource: "runs/1"}
}

// wantRefused checks the answer and returns it.
func wantRefused(t *testing.T, err error, status int) *api.Problem {
	t.Helper()
	var p *api.Problem
	if !errors.As(err, &p) || p.Status != status {
		t.Fatalf("got %v, want status %d", err, status)
	}
	return p
}

// reasons are those of the denials on a tenant's record.
func reasons(t *testing.T, g *access.Guard, tn *cloudtest.Tenant) (all []string) {
	t.Helper()
	db, err := tn.Cloud.Operator.Default(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	reader, err := auditlog.OpenReader(t.Context(), auditlog.Config{AuditKeyName: auditKey}, tn.Cloud.Operator, tn.Cloud.Clock.Now)
	if err != nil {
		t.Fatal(err)
	}
	for e, err := range reader.Entries(t.Context(), db, tn.ID) {
		if err != nil {
			t.Fatal(err)
		}
		if e.Outcome == auditlog.Denied {
			all = append(all, string(e.Action)+" "+e.Reason+" "+e.Resource)
		}
	}
	return all
}

func TestAuthorizeGivesWhoAndWhere(t *testing.T) {
	t.Parallel()
	c := cloudtest.Shared(t)
	tn := c.Tenant(t)
	s, err := guard(t, c).Authorize(t.Context(), "Bearer "+tn.Token(t, "viewer"), request(auditlog.ReadRun))
	if err != nil {
		t.Fatal(err)
	}
	if s.Tenant.ID != tn.ID || s.Workspace != "prod" || s.Principal.Role != tenant.Viewer || s.DB == nil {
		t.Errorf("session %+v", s)
	}
}

func TestAuthorizeFollowsTheTenantsState(t *testing.T) {
	t.Parallel()
	c := cloudtest.New(t, suite.Options{})
	tn, g := c.Tenant(t), guard(t, c)
	header := "Bearer " + tn.Token(t, "viewer")
	if _, err := g.Authorize(t.Context(), header, request(auditlog.ReadRun)); err != nil {
		t.Fatal(err)
	}
	tn.State = tenant.Suspended
	if err := c.Directory.Put(t.Context(), tn.Record); err != nil {
		t.Fatal(err)
	}
	c.Clock.Advance(2 * time.Minute) // a record is in force a minute
	_, err := g.Authorize(t.Context(), header, request(auditlog.ReadRun))
	wantRefused(t, err, http.StatusForbidden)
	if diff := cmp.Diff([]string{"runs.read tenant-suspended runs/1"}, reasons(t, g, tn)); diff != "" {
		t.Errorf("denials: %s", diff)
	}
}

func TestAuthorizeFollowsMembership(t *testing.T) {
	t.Parallel()
	c := cloudtest.Shared(t)
	tn, g := c.Tenant(t), guard(t, c)
	db, err := c.Directory.Client(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	member := directory.Member(db, tn.ID, "prod", c.URL+"/emulator/oidc", "viewer@"+string(tn.ID)+".example")
	if _, err := member.Delete(t.Context()); err != nil {
		t.Fatal(err)
	}
	_, err = g.Authorize(t.Context(), "Bearer "+tn.Token(t, "viewer"), request(auditlog.ReadOutput))
	wantRefused(t, err, http.StatusForbidden)
	if diff := cmp.Diff([]string{"outputs.read workspace runs/1"}, reasons(t, g, tn)); diff != "" {
		t.Errorf("denials: %s", diff)
	}
}

func TestAuthorizeAllowsNobodyAnActionThatIsNotInTheTable(t *testing.T) {
	t.Parallel()
	c := cloudtest.Shared(t)
	tn, g := c.Tenant(t), guard(t, c)
	for _, persona := range []string{"runner", "viewer", "auditor", "admin", "platform"} {
		_, err := g.Authorize(t.Context(), "Bearer "+tn.Token(t, persona), request("doors.open"))
		wantRefused(t, err, http.StatusForbidden)
	}
}

func TestUnauthenticatedAreCountedAndNotWritten(t *testing.T) {
	t.Parallel()
	c := cloudtest.Shared(t)
	tn, g := c.Tenant(t), guard(t, c)
	headers := []string{"", "Bearer x", "Basic x", "Bearer " + tn.Token(t, "runner") + "x"}
	for _, header := range headers {
		_, err := g.Authorize(t.Context(), header, request(auditlog.MintUpload))
		if p := wantRefused(t, err, http.StatusUnauthorized); p.GetHeaders().Get("WWW-Authenticate") == "" {
			t.Error("it does not say how to authenticate")
		}
	}
	if got := g.Unauthenticated(); got != int64(len(headers)) {
		t.Errorf("%d counted, want %d", got, len(headers))
	}
	if got := reasons(t, g, tn); len(got) > 0 {
		t.Errorf("written: %v", got)
	}
}

func TestATokenThatCannotBeJudgedNow(t *testing.T) {
	t.Parallel()
	c := cloudtest.New(t, suite.Options{})
	if c.Firestore == nil {
		t.Skip("Google's emulator asks for no role")
	}
	tn := c.Tenant(t)
	err := c.IAM.Unbind(iam.Binding{
		Member: suite.FunctionAccount("runs"), Role: "roles/datastore.viewer", Resource: "projects/" + suite.ProjectID + "/databases/directory",
	})
	if err != nil {
		t.Fatal(err)
	}
	r := tn.Do(t, "viewer", http.MethodGet, tn.RunPath(cloudtest.NewRun(t)), nil).Want(t, http.StatusServiceUnavailable)
	if r.Header.Get("Retry-After") == "" || !strings.Contains(string(r.Body), "cannot be verified at the moment") {
		t.Errorf("answered %v %s", r.Header, r.Body)
	}
}
