package suite_test

import (
	"fmt"
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

// given is the receipt of a response, and what its entry must say.
type given struct {
	request string
	id      string // empty: the response has no receipt
	want    receipt
}

// wantReceipts compares receipts to the logs of the tenant and of the platform, where what
// staff do for no tenant is.
func (f *matrixFixture) wantReceipts(t *testing.T, all []given) {
	t.Helper()
	entries := map[string]receipt{"": {}} // the zero receipt: a response without one
	for _, log := range []tenant.ID{f.tenant.ID, ""} {
		for _, e := range auditEntries(t, f.cloud, log) {
			entries[e.ID] = receipt{e.Action, e.Outcome, tenant.Role(e.Actor.Role)}
		}
	}
	for _, g := range all {
		got, found := entries[g.id]
		if diff := cmp.Diff(g.want, got); diff != "" || !found {
			t.Errorf("%s: the log has the entry %q: %t; %s", g.request, g.id, found, diff)
		}
	}
}

// Each response to a request that was recorded names its entry: the one that was
// written first, and also that of a denial.
func TestEveryRecordedRequestHasAReceipt(t *testing.T) {
	t.Parallel()
	f := newMatrixFixture(t, cloudtest.Shared(t))
	all := []tenant.Role{tenant.Runner, tenant.Builder, tenant.Viewer, tenant.Auditor, tenant.Admin, tenant.Platform}
	var receipts []given
	for route, o := range operations {
		t.Run(route, func(t *testing.T) {
			for _, role := range all {
				allowed := slices.Contains(o.roles, role)
				path, body := o.ask(t, f, f.places[0].calledBy(role))
				method, _, _ := strings.Cut(route, " ")
				r := f.cloud.Do(t, f.token(t, string(role), "", time.Hour), method, path, body)
				want := receipt{o.action, auditlog.Denied, role}
				switch {
				case allowed && o.receipt != "":
					want = receipt{o.receipt, auditlog.Allowed, role}
				case allowed && !o.recordedFirst:
					want = receipt{}
				case allowed && o.ends:
					want.Action, want.Outcome = auditlog.EndReadOutput, auditlog.Done
				case allowed:
					want.Outcome = auditlog.Allowed
				}
				request := fmt.Sprintf("%s as %s, status %d", route, role, r.Status)
				receipts = append(receipts, given{request, r.Header.Get(access.ReceiptHeader), want})
			}
		})
	}
	f.wantReceipts(t, receipts)
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
