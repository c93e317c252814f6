package cloudtest

import (
	"testing"
	"time"

	"github.com/strongroom-dev/strongroom/shared/tenant"
)

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
