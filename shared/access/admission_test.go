package access_test

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/danielgtaylor/huma/v2"
	"github.com/google/go-cmp/cmp"

	"github.com/strongroom-dev/strongroom/emulator/cloudtest"
	"github.com/strongroom-dev/strongroom/shared/access"
	"github.com/strongroom-dev/strongroom/shared/api"
	"github.com/strongroom-dev/strongroom/shared/auditlog"
	"github.com/strongroom-dev/strongroom/shared/directory"
)

type readingRequest struct {
	Workspace string `path:"workspace" class:"operational"`
	Limit     int    `query:"limit" class:"operational" maximum:"10"`
}

type readingResponse struct {
	Secret string `header:"Secret" class:"operational"`
	Body   struct {
		Text string `json:"text" class:"text"`
	}
}

const secretText = "what a member may read"

// readings are handlers of an operation of ProtectReading.
var readings = map[string]func(context.Context, *access.Guard) (*readingResponse, error){
	"a handler that reads only": func(context.Context, *access.Guard) (*readingResponse, error) {
		out := &readingResponse{Secret: secretText}
		out.Body.Text = secretText
		return out, nil
	},
	"a handler that finds nothing": func(context.Context, *access.Guard) (*readingResponse, error) {
		return nil, api.Refuse(http.StatusNotFound, secretText)
	},
	"a handler that records and writes": func(ctx context.Context, g *access.Guard) (*readingResponse, error) {
		s := access.From(ctx)
		_, err := g.Audit.Append(ctx, s.DB, auditlog.Entry{
			Tenant: s.Tenant.ID, Actor: auditlog.By(s.Principal), Action: auditlog.ReadRun, Outcome: auditlog.Allowed, Workspace: s.Workspace, Resource: "runs/1",
		})
		_, written := s.DB.Collection("tenants").Doc(string(s.Tenant.ID)).Collection("written").Doc("1").Set(ctx, map[string]any{"by": "the handler"})
		return &readingResponse{Secret: secretText}, errors.Join(err, written)
	},
	"a handler that waits": func(ctx context.Context, _ *access.Guard) (*readingResponse, error) {
		return &readingResponse{Secret: secretText}, access.Admitted(ctx)
	},
	"a handler that panics": func(context.Context, *access.Guard) (*readingResponse, error) { panic(secretText) },
}

// serveReading serves a handler behind ProtectReading.
func serveReading(t *testing.T, c *cloudtest.Cloud, handle func(context.Context, *access.Guard) (*readingResponse, error)) (*access.Guard, *cloudtest.Cloud) {
	t.Helper()
	g := guard(t, c)
	a := api.New("test", c.Clock.Now, slog.New(slog.DiscardHandler))
	api.Register(a, g.ProtectReading(huma.Operation{
		OperationID: "read", Method: http.MethodGet, Path: "/v1/workspaces/{workspace}/secret", Errors: []int{400, 401, 403, 404, 422, 503},
	}, auditlog.ReadRun), func(ctx context.Context, _ *readingRequest) (*readingResponse, error) { return handle(ctx, g) })
	server := httptest.NewServer(a.Handler())
	t.Cleanup(server.Close)
	return g, cloudtest.AtURL(server.URL)
}

// removeMember ends the viewer's membership.
func removeMember(t *testing.T, c *cloudtest.Cloud, tn *cloudtest.Tenant) {
	t.Helper()
	db, err := c.Directory.Client(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := directory.Member(db, tn.ID, "prod", c.URL+"/emulator/oidc", "viewer@"+string(tn.ID)+".example").Delete(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// Whatever a handler does while a viewer's membership is read, a viewer who is not a member
// gets the denial and nothing of the handler, and only the denial is written.
func TestADeniedViewerGetsNothingOfAHandlerThatReadsMeanwhile(t *testing.T) {
	t.Parallel()
	for name, handle := range readings {
		for _, query := range []string{"", "?limit=11"} {
			t.Run(name+query, func(t *testing.T) {
				t.Parallel()
				c := cloudtest.Shared(t)
				tn := c.Tenant(t)
				removeMember(t, c, tn)
				g, at := serveReading(t, c, handle)
				got := at.Do(t, tn.Token(t, "viewer"), http.MethodGet, "/v1/workspaces/prod/secret"+query, nil)
				if name == "a handler that panics" && query == "" {
					got.Want(t, http.StatusInternalServerError)
				} else {
					got.Want(t, http.StatusForbidden)
				}
				if strings.Contains(string(got.Body), secretText) || got.Header.Get("Secret") != "" || strings.Contains(string(got.Body), "limit") {
					t.Errorf("the viewer gets %v %s", got.Header, got.Body)
				}
				if diff := cmp.Diff([]string{"runs.read workspace "}, reasons(t, g, tn)); diff != "" {
					t.Errorf("denials: %s", diff)
				}
				wantNothingWritten(t, c, tn)
			})
		}
	}
}

func wantNothingWritten(t *testing.T, c *cloudtest.Cloud, tn *cloudtest.Tenant) {
	t.Helper()
	db, err := c.Directory.Database(t.Context(), tn.Record)
	if err != nil {
		t.Fatal(err)
	}
	for _, collection := range []string{"written", "audit"} {
		docs, err := db.Collection("tenants").Doc(string(tn.ID)).Collection(collection).Where("outcome", "!=", "denied").Documents(t.Context()).GetAll()
		if err != nil {
			t.Fatal(err)
		}
		if len(docs) > 0 {
			t.Errorf("%d documents were written to %s", len(docs), collection)
		}
	}
}

func TestAMemberGetsTheResponseOfAHandlerThatReadsMeanwhile(t *testing.T) {
	t.Parallel()
	want := map[string]int{
		"a handler that reads only":         http.StatusOK,
		"a handler that finds nothing":      http.StatusNotFound,
		"a handler that records and writes": http.StatusOK,
		"a handler that waits":              http.StatusOK,
		"a handler that panics":             http.StatusInternalServerError,
	}
	for name, handle := range readings {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := cloudtest.Shared(t)
			tn := c.Tenant(t)
			_, at := serveReading(t, c, handle)
			got := at.Do(t, tn.Token(t, "viewer"), http.MethodGet, "/v1/workspaces/prod/secret", nil).Want(t, want[name])
			if recorded := got.Header.Get(access.ReceiptHeader) != ""; recorded != (name == "a handler that records and writes") {
				t.Errorf("receipt: %v", got.Header)
			}
		})
	}
}
