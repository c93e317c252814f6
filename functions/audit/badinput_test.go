package audit_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/strongroom-dev/strongroom/shared/access"
)

// TestBadRequestsAreRefusedAndRecordNothing has what is wrong with a request for
// entries. Paths of tiles and cosignatures have tests of their own.
func TestBadRequestsAreRefusedAndRecordNothing(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.append(t, 3)
	f.integrate(t)
	token := f.list(t, "limit", "1").NextPageToken
	before := f.recorded(t)
	const aRun = "0198c2b4-5d1e-7c3a-9f00-2a6b1c4d8e10"
	const entries, workspace = "/v1/audit/entries", "/v1/workspaces/prod/audit/entries"
	for name, c := range map[string]struct{ path, want string }{
		"a forged cursor":                       {entries + "?limit=1&pageToken=" + strings.Repeat("A", len(token)), "400 page-token"},
		"a cursor that is no token":             {entries + "?limit=1&pageToken=!", "400 page-token"},
		"a cursor that was changed":             {entries + "?limit=1&pageToken=" + token[:len(token)-1], "400 page-token"},
		"a cursor of another order":             {entries + "?limit=1&order=oldest&pageToken=" + token, "400 page-token"},
		"a cursor of another filter":            {entries + "?limit=1&outcome=done&pageToken=" + token, "400 page-token"},
		"a cursor of the whole log":             {workspace + "?limit=1&pageToken=" + token, "400 page-token"},
		"an index that the log does not have":   {entries + "?after=4", "400 bad-request"},
		"an index far beyond the log":           {entries + "?after=9223372036854775807", "400 bad-request"},
		"an index beyond 64 bits":               {entries + "?after=9223372036854775808", "422 invalid"},
		"the index -2":                          {entries + "?after=-2", "422 invalid"},
		"a limit of 0":                          {entries + "?limit=0", "422 invalid"},
		"a limit of 1001":                       {entries + "?limit=1001", "422 invalid"},
		"an invalid order":                      {entries + "?order=random", "422 invalid"},
		"an invalid time":                       {entries + "?from=yesterday", "422 invalid"},
		"a resource that no entry has":          {entries + "?resource=word", "422 invalid"},
		"an action that no entry has":           {entries + "?action=word", "422 invalid"},
		"an actor by name":                      {entries + "?actor=alice", "422 invalid"},
		"an invalid outcome":                    {entries + "?outcome=maybe", "422 invalid"},
		"an action with a space":                {entries + "?action=runs%20start", "422 invalid"},
		"a resource with a space":               {entries + "?resource=runs/a%20b", "422 invalid"},
		"a run that is no ID":                   {entries + "?run=1", "422 invalid"},
		"a workspace that is no ID":             {entries + "?workspace=Prod", "422 invalid"},
		"a to that is before from":              {entries + "?from=2026-01-02T00:00:00Z&to=2026-01-01T00:00:00Z", "422 invalid"},
		"a to that is from":                     {entries + "?from=2026-01-02T00:00:00Z&to=2026-01-02T00:00:00Z", "422 invalid"},
		"a resource of another run":             {entries + "?run=" + aRun + "&resource=runs/0198c2b4-5d1e-7c3a-9f00-2a6b1c4d8e11", "422 invalid"},
		"a resource of no run":                  {entries + "?run=" + aRun + "&resource=catalog", "422 invalid"},
		"a parameter that does not exist":       {entries + "?tenant=other", "422 invalid"},
		"a workspace in the path that is no ID": {"/v1/workspaces/PROD/audit/entries", "400 bad-request"},
		"an invalid entry ID":                   {entries + "/1", "400 bad-request"},
		"an ID of an entry in upper case":       {entries + "/0198C2B4-5D1E-7C3A-9F00-2A6B1C4D8E10", "400 bad-request"},
		"a proof of an invalid ID":              {entries + "/x/proof", "400 bad-request"},
		"a tenant in the path that is no ID":    {"/v1/tenants/ACME/audit/log/checkpoint", "400 bad-request"},
	} {
		r := f.Do(t, "auditor", http.MethodGet, c.path, nil)
		if got := fmt.Sprint(r.Status, " ", code(t, r)); got != c.want || r.Header.Get(access.ReceiptHeader) != "" {
			t.Errorf("%s: %s, want %s: %s", name, got, c.want, r.Body)
		}
	}
	if diff := cmp.Diff(before, f.recorded(t)); diff != "" {
		t.Errorf("recorded: %s", diff)
	}
}

func TestAnEntryThatDoesNotExistIsNotFound(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	for _, suffix := range []string{"", "/proof"} {
		f.entry(t, "0198c2b4-5d1e-7c3a-9f00-2a6b1c4d8e10", suffix).Want(t, http.StatusNotFound)
	}
}

func TestEntriesOfAnotherTenantAreNotFound(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	id := fixtureOf(t, f.Cloud).append(t, 1)[0]
	f.entry(t, id, "").Want(t, http.StatusNotFound)
}

func TestViewersAndRunnersCannotReadTheLog(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	for _, persona := range []string{"viewer", "runner"} {
		for _, path := range []string{"/v1/audit/entries", "/v1/workspaces/prod/audit/entries", f.logPath() + "checkpoint"} {
			r := f.Do(t, persona, http.MethodGet, path, nil).Want(t, http.StatusForbidden)
			f.entry(t, r.Header.Get(access.ReceiptHeader), "").Want(t, http.StatusOK)
		}
	}
}
