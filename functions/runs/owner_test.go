package runs_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/strongroom-dev/strongroom/emulator/cloudtest"
	"github.com/strongroom-dev/strongroom/emulator/suite"
	"github.com/strongroom-dev/strongroom/shared/auditlog"
)

// another returns a token of a runner of the tenant that is not the persona.
func another(t *testing.T, tn *cloudtest.Tenant) string {
	t.Helper()
	token, err := tn.Cloud.Issuer.Token(map[string]any{
		"sub": "another-runner", "aud": suite.Audience + "/tenants/" + string(tn.ID), "persona": "runner",
	}, time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	return token
}

// writes are the requests that write to a run.
var writes = map[string]struct {
	method, path string
	body         any
}{
	"a start":     {http.MethodPut, "", aStart},
	"a report":    {http.MethodPost, "/report", aReport},
	"a heartbeat": {http.MethodPost, "/heartbeat", nil},
	"an upload":   {http.MethodPost, "/uploads", fields{"parts": []fields{{"output": "stdout.log", "part": 1, "contentType": "text/plain"}}}},
}

func TestARunBelongsToTheIdentityThatWroteToItFirst(t *testing.T) {
	t.Parallel()
	c := cloudtest.Shared(t)
	tn := c.Tenant(t)
	stranger := another(t, tn)
	for first, f := range writes {
		id := cloudtest.NewRun(t)
		tn.Do(t, "runner", f.method, tn.RunPath(id)+f.path, f.body).Want(t, http.StatusOK)
		before := readRun(t, tn, id)
		for second, s := range writes {
			if got := c.Do(t, stranger, s.method, tn.RunPath(id)+s.path, s.body); got.Status != http.StatusForbidden {
				t.Errorf("%s by another runner after %s: %d %s", second, first, got.Status, got.Body)
			}
		}
		if diff := cmp.Diff(before, readRun(t, tn, id)); diff != "" {
			t.Errorf("after %s, the run changed: %s", first, diff)
		}
		tn.Do(t, "runner", http.MethodPost, tn.RunPath(id)+"/report", aReport).Want(t, http.StatusOK)
	}
	denied := map[auditlog.Action]int{}
	for _, e := range audited(t, tn) {
		if e.Outcome == auditlog.Denied && e.Reason == "owner" && e.Actor.Subject == "another-runner" {
			denied[e.Action]++
		}
	}
	want := map[auditlog.Action]int{auditlog.StartRun: 4, auditlog.ReportRun: 4, auditlog.MintUpload: 4, auditlog.HeartbeatRun: 4}
	if diff := cmp.Diff(want, denied); diff != "" {
		t.Errorf("denials in the audit log: %s", diff)
	}
}

func TestARuleMayLetItsRunnersShareRuns(t *testing.T) {
	t.Parallel()
	c := cloudtest.Shared(t)
	tn := c.Tenant(t)
	tn.Trust[0].Rules[0].ShareRuns = true
	if err := c.Directory.Put(t.Context(), tn.Record); err != nil {
		t.Fatal(err)
	}
	id := cloudtest.NewRun(t)
	begin(t, tn, id, aStart).Want(t, http.StatusOK)
	c.Do(t, another(t, tn), http.MethodPost, tn.RunPath(id)+"/report", aReport).Want(t, http.StatusOK)
}

func TestAStartIsOnTheAuditLogOnce(t *testing.T) {
	t.Parallel()
	tn := cloudtest.Shared(t).Tenant(t)
	id := cloudtest.NewRun(t)
	for range 2 {
		begin(t, tn, id, aStart).Want(t, http.StatusOK)
	}
	begin(t, tn, id, with(aStart, fields{"task": "other"})).Want(t, http.StatusConflict)
	var starts []auditlog.Entry
	for _, e := range audited(t, tn) {
		if e.Action == auditlog.StartRun {
			starts = append(starts, e)
		}
	}
	if len(starts) != 1 || starts[0].Outcome != auditlog.Allowed || starts[0].Resource != "runs/"+id ||
		starts[0].Actor.Role != "runner" || starts[0].Actor.Subject == "" || starts[0].Workspace != tn.Workspace {
		t.Errorf("starts in the audit log: %+v", starts)
	}
}

// audited returns the tenant's audit log.
func audited(t *testing.T, tn *cloudtest.Tenant) (entries []auditlog.Entry) {
	t.Helper()
	log, err := auditlog.OpenReader(t.Context(), auditlog.Config{
		AuditKeyName: "projects/" + suite.ProjectID + "/locations/" + suite.Location + "/keyRings/platform/cryptoKeys/audit",
	}, tn.Cloud.Operator, tn.Cloud.Clock.Now)
	if err != nil {
		t.Fatal(err)
	}
	for e, err := range log.Entries(t.Context(), database(t, tn.Cloud), tn.ID) {
		if err != nil {
			t.Fatal(err)
		}
		entries = append(entries, e)
	}
	return entries
}
