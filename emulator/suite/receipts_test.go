package suite_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/strongroom-dev/strongroom/emulator/cloudtest"
	"github.com/strongroom-dev/strongroom/shared/access"
	"github.com/strongroom-dev/strongroom/shared/auditlog"
	"github.com/strongroom-dev/strongroom/shared/tenant"
)

// receipt is what an audit entry that a response names says.
type receipt struct {
	Action  auditlog.Action
	Outcome auditlog.Outcome
	Role    tenant.Role
}

// receiptOf finds the entry of a response in the logs that a role acts in. A response without a
// receipt has the zero receipt.
func (f *matrixFixture) receiptOf(t *testing.T, r cloudtest.Response, role tenant.Role) receipt {
	t.Helper()
	id := r.Header.Get(access.ReceiptHeader)
	if id == "" {
		return receipt{}
	}
	logs := []tenant.ID{f.tenant.ID}
	if role == tenant.Platform {
		logs = append(logs, "") // what staff do for no tenant is in the platform's log
	}
	for _, log := range logs {
		for _, e := range auditEntries(t, f.cloud, log) {
			if e.ID == id {
				return receipt{e.Action, e.Outcome, tenant.Role(e.Actor.Role)}
			}
		}
	}
	t.Errorf("the log has no entry %s", id)
	return receipt{}
}

// Each response to a request that was recorded names its entry: the one that was
// written first, and also that of a denial.
func TestEveryRecordedRequestHasAReceipt(t *testing.T) {
	t.Parallel()
	f := newMatrixFixture(t, cloudtest.Shared(t))
	all := []tenant.Role{tenant.Runner, tenant.Viewer, tenant.Auditor, tenant.Admin, tenant.Platform}
	for route, o := range operations {
		t.Run(route, func(t *testing.T) {
			for _, role := range all {
				allowed := slices.Contains(o.roles, role)
				path, body := o.ask(t, f, f.places[0])
				method, _, _ := strings.Cut(route, " ")
				r := f.cloud.Do(t, f.token(t, string(role), "", time.Hour), method, path, body)
				want := receipt{o.action, auditlog.Denied, role}
				switch {
				case allowed && !o.recordedFirst:
					want = receipt{}
				case allowed:
					want.Outcome = auditlog.Allowed
				}
				if diff := cmp.Diff(want, f.receiptOf(t, r, role)); diff != "" {
					t.Errorf("as %s, status %d: %s", role, r.Status, diff)
				}
			}
		})
	}
}

// The receipt of a request that repeats another is that of the first response.
func TestARepeatedRequestThatRecordsNothingHasNoReceipt(t *testing.T) {
	t.Parallel()
	tn := cloudtest.Shared(t).Tenant(t)
	for path, body := range map[string]any{
		tn.RunPath(cloudtest.NewRun(t)):                                aStart,
		"/v1/workspaces/" + string(tn.Workspace) + "/slis/latency":     anObjective,
		"/v1/workspaces/" + string(tn.Workspace) + "/assistants/edgar": anAssistant,
	} {
		role := "admin"
		if strings.Contains(path, "/runs/") {
			role = "runner"
		}
		for _, want := range []bool{true, false} {
			r := tn.Do(t, role, http.MethodPut, path, body).Want(t, http.StatusOK)
			if got := r.Header.Get(access.ReceiptHeader) != ""; got != want {
				t.Errorf("PUT %s: a receipt: %t, want %t", path, got, want)
			}
		}
	}
}

// A receipt belongs to the request itself, and not to the end of the read that the
// log also has, or to a failure that follows.
func TestAReadThatFailsAfterItWasRecordedHasItsReceipt(t *testing.T) {
	t.Parallel()
	c := cloudtest.Shared(t)
	tn := c.Tenant(t)
	id := cloudtest.NewRun(t)
	keep(t, tn, id)
	r := tn.Do(t, "auditor", http.MethodGet, tn.RunPath(id)+"/outputs/kept.log", nil, "Range", "bytes=100-").Want(t, http.StatusRequestedRangeNotSatisfiable)
	for _, e := range auditEntries(t, c, tn.ID) {
		if e.ID == r.Header.Get(access.ReceiptHeader) {
			if e.Action != auditlog.ReadOutput {
				t.Errorf("the receipt is of %s", e.Action)
			}
			return
		}
	}
	t.Error("the response has no receipt that is in the log")
}
