package cloudtest

import (
	"testing"
	"time"

	"github.com/strongroom-dev/strongroom/emulator/suite"
	"github.com/strongroom-dev/strongroom/shared/auditlog"
	"github.com/strongroom-dev/strongroom/shared/tenant"
)

// AppendAuditEntries appends n entries to the tenant's audit log.
func (tn *Tenant) AppendAuditEntries(t testing.TB, n int) {
	t.Helper()
	config := auditlog.Config{AuditKeyName: "projects/" + suite.ProjectID + "/locations/" + suite.Location + "/keyRings/platform/cryptoKeys/audit"}
	log, err := auditlog.Open(t.Context(), config, tn.Cloud.Operator, tn.Cloud.Clock.Now)
	if err != nil {
		t.Fatal(err)
	}
	db, err := tn.Cloud.Operator.Default(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for range n {
		if _, err := log.Append(t.Context(), db, auditlog.Entry{Tenant: tn.ID, Action: auditlog.StartRun}); err != nil {
			t.Fatal(err)
		}
	}
}

// ExpireAuditEntries lets the clock continue until Firestore has deleted the documents of all audit
// entries of the tenant that are in full bundles, and returns how many documents of the cloud it
// has deleted.
func (tn *Tenant) ExpireAuditEntries(t testing.TB) (deleted int) {
	t.Helper()
	const day = 24 * time.Hour
	if err := tn.Cloud.SetRetention(t.Context(), tn.ID, tenant.Retention{AuditEntryDays: tenant.MinRetentionDays}); err != nil {
		t.Fatal(err)
	}
	for _, days := range []int{tenant.MinRetentionDays, 8} { // everything is due, and 7 days later it expires
		tn.Cloud.Clock.Advance(time.Duration(days) * day)
		tn.Cloud.RunScheduled(t, "legal-holds")
		deleted += tn.Cloud.DeleteExpired(t)
	}
	return deleted
}
