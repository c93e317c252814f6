package suite_test

import (
	"strings"
	"testing"
	"time"

	"github.com/strongroom-dev/strongroom/emulator/cloudtest"
	"github.com/strongroom-dev/strongroom/shared/auditlog"
	"github.com/strongroom-dev/strongroom/shared/tenant"
)

// publishLogs publishes an entry in the log of each tenant and in the platform's, and
// registers a witness that has cosigned the tenants' checkpoints.
func (f *matrixFixture) publishLogs(t *testing.T) {
	t.Helper()
	log, err := auditlog.Open(t.Context(), auditlog.Config{AuditKeyName: auditKeyName}, f.cloud.Operator, f.cloud.Clock.Now)
	if err != nil {
		t.Fatal(err)
	}
	f.witness, f.entries = cloudtest.NewWitness(t, "example.com/witness"), map[tenant.ID]string{}
	for _, id := range []tenant.ID{"", f.tenant.ID, f.other.ID} {
		if f.entries[id], err = log.Append(t.Context(), operatorDB(t, f.cloud), auditlog.Entry{Tenant: id, Outcome: auditlog.Allowed}); err != nil {
			t.Fatal(err)
		}
	}
	if err := f.cloud.Scheduler.RunNow(t.Context(), "audit-integrator"); err != nil {
		t.Fatal(err)
	}
	for _, id := range []tenant.ID{f.tenant.ID, f.other.ID} {
		if err := f.cloud.SetWitnesses(t.Context(), id, f.witness.Key); err != nil {
			t.Fatal(err)
		}
		size, signed := f.cosigned(t, id)
		err := auditlog.SaveCosignatures(t.Context(), operatorDB(t, f.cloud), id, []auditlog.Cosignature{
			{Witness: f.witness.Key, Size: size, Time: time.Now(), Checkpoint: signed},
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}

// cosigned returns the size of a log, and its checkpoint with the witness's
// cosignature.
func (f *matrixFixture) cosigned(t *testing.T, id tenant.ID) (int64, []byte) {
	t.Helper()
	tree, err := auditlog.ReadTree(t.Context(), operatorDB(t, f.cloud), id)
	if err != nil {
		t.Fatal(err)
	}
	return tree.Size, f.witness.Cosign(t, tree.Checkpoint)
}

// atEntry returns a request for a published entry of the log of a path.
func atEntry(prefix, suffix string) ask {
	return func(_ *testing.T, f *matrixFixture, _ place) (string, any) {
		id := f.tenant.ID
		if strings.Contains(prefix, "/platform/") {
			id = ""
		}
		return prefix + f.entries[id] + suffix, nil
	}
}

// inLog returns a request below the log of a place's tenant.
func inLog(path string) ask {
	return func(_ *testing.T, f *matrixFixture, p place) (string, any) {
		return auditlog.LogPath(f.owner(p).ID) + "/" + path, nil
	}
}

// inPlatformLog returns a request below the platform's log.
func inPlatformLog(path string) ask { return atFixedPath(auditlog.LogPath("")+"/"+path, nil) }

// cosignature returns a request that stores the cosignature of a witness.
func cosignature(t *testing.T, f *matrixFixture, p place) (string, any) {
	t.Helper()
	_, signed := f.cosigned(t, f.owner(p).ID)
	return auditlog.LogPath(f.owner(p).ID) + "/cosignatures", cloudtest.Text(signed)
}
