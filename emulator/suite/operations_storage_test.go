package suite_test

import (
	"context"
	"testing"
	"time"

	"github.com/strongroom-dev/strongroom/shared/storageprobe"
	"github.com/strongroom-dev/strongroom/shared/tenant"
)

// verifiedStorage returns a request for the last verification of the storage.
func verifiedStorage(t *testing.T, f *matrixFixture, _ place) (string, any) {
	t.Helper()
	f.setVerification(t, storageprobe.Verification{ID: "test", Bucket: f.tenant.OutputsBucket, Started: time.Now(), Finished: time.Now()})
	return "/v1/tenant/storage", nil
}

// unverifiedStorage returns a request to verify a storage that was not verified lately.
func unverifiedStorage(t *testing.T, f *matrixFixture, _ place) (string, any) {
	t.Helper()
	f.setVerification(t, storageprobe.Verification{})
	return "/v1/tenant/storage/verify", everything
}

func (f *matrixFixture) setVerification(t *testing.T, v storageprobe.Verification) {
	t.Helper()
	ctx := context.WithoutCancel(t.Context())
	db, err := f.cloud.Directory.Database(ctx, f.tenant.Record)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := storageprobe.Ref(db, f.tenant.ID, tenant.Outputs).Set(ctx, v); err != nil {
		t.Fatal(err)
	}
}
