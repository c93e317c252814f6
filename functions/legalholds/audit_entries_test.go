package legalholds_test

import (
	"net/http"
	"strings"
	"testing"

	"cloud.google.com/go/firestore/apiv1/firestorepb"

	"github.com/strongroom-dev/strongroom/emulator/cloudtest"
	"github.com/strongroom-dev/strongroom/emulator/suite"
	"github.com/strongroom-dev/strongroom/shared/auditlog"
	"github.com/strongroom-dev/strongroom/shared/retention"
	"github.com/strongroom-dev/strongroom/shared/tenant"
	"github.com/strongroom-dev/strongroom/shared/tilelog"
)

// entries counts the documents of audit entries: all, those that expire, and those that expire although
// no full bundle has them.
func entries(f *retained) (all, marked, early int) {
	f.Cloud.Firestore.Walk(func(_, document string, fields map[string]*firestorepb.Value) bool {
		if strings.HasPrefix(document, "tenants/"+string(f.ID)+"/audit/") {
			all++
			if fields[retention.Field] != nil {
				marked++
				if index, ok := fields["index"]; !ok || index.GetIntegerValue() >= tilelog.TileWidth {
					early++
				}
			}
		}
		return true
	})
	return all, marked, early
}

// TestLaw13AuditEntriesExpireOnceABundleHasThem: the document of an entry expires only if the entry
// is in a full bundle of the published log, if readers know that, and if no hold covers anything.
func TestLaw13AuditEntriesExpireOnceABundleHasThem(t *testing.T) {
	t.Parallel()
	c := cloudtest.New(t, suite.Options{})
	f := &retained{Tenant: c.Tenant(t, "prod", "dev")}
	var err error
	if f.db, err = c.Operator.Default(t.Context()); err != nil {
		t.Fatal(err)
	}
	const total = tilelog.TileWidth + 40
	f.AppendAuditEntries(t, total)
	want := func(when string, marked int, expired int64) {
		t.Helper()
		tree, err := auditlog.ReadTree(t.Context(), f.db, f.ID)
		if err != nil {
			t.Fatal(err)
		}
		if _, got, early := entries(f); got != marked || early != 0 || tree.Expired != expired {
			t.Errorf("%s: %d entries are marked, want %d; %d of them too early; the tree says %d, want %d", when, got, marked, early, tree.Expired, expired)
		}
	}
	f.set(t, tenant.Retention{AuditEntryDays: 40})
	f.pass(t, 150)
	want("before the log is published", 0, 0)
	c.RunScheduled(t, "audit-integrator")
	f.Do(t, "admin", http.MethodPut, "/v1/tenant/holds/case", map[string]any{"workspace": "dev"}).Want(t, http.StatusOK)
	f.pass(t, 8)
	want("under a hold on a workspace", 0, 0)
	f.lift(t)
	f.pass(t, 1)
	want("in the notice", tilelog.TileWidth, tilelog.TileWidth)
	f.Do(t, "admin", http.MethodPut, "/v1/tenant/holds/case", map[string]any{}).Want(t, http.StatusOK)
	f.pass(t, 6)
	want("under a hold that was placed in the notice", 0, tilelog.TileWidth)
	f.lift(t)
	f.pass(t, 1)
	before, _, _ := entries(f)
	f.pass(t, 8)
	if after, _, _ := entries(f); before-after != tilelog.TileWidth {
		t.Errorf("of %d entries %d are left, want %d less", before, after, tilelog.TileWidth)
	}
	if got := f.counted(t); got["auditEntries"] != tilelog.TileWidth || len(got) != 1 {
		t.Errorf("what was deleted: %v", got)
	}
}
