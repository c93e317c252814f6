package keys_test

import (
	"testing"
	"time"

	"cloud.google.com/go/firestore"
	"cloud.google.com/go/kms/apiv1/kmspb"

	"github.com/strongroom-dev/strongroom/emulator/cloudtest"
	"github.com/strongroom-dev/strongroom/emulator/kms"
	"github.com/strongroom-dev/strongroom/emulator/suite"
	"github.com/strongroom-dev/strongroom/shared/keys"
	"github.com/strongroom-dev/strongroom/shared/tenant"
)

func TestMain(m *testing.M) { cloudtest.Main(m) }

// day is a day of the embedded clock.
const day = 24 * time.Hour

// process is what one process of a function knows of a tenant's keys.
func process(t *testing.T, c *cloudtest.Cloud, record tenant.Record) *keys.Tenant {
	t.Helper()
	k, err := keys.NewTenants(c.Operator, c.Clock.Now).Of(t.Context(), record, database(t, c))
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func database(t *testing.T, c *cloudtest.Cloud) *firestore.Client {
	t.Helper()
	db, err := c.Operator.Default(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return db
}

// seal seals text for a place, and fails the test if it cannot.
func seal(t *testing.T, k *keys.Tenant, text, place string) []byte {
	t.Helper()
	sealed, err := k.Seal(t.Context(), []byte(text), []byte(place))
	if err != nil {
		t.Fatal(err)
	}
	return sealed
}

// wantOpen fails the test unless sealed opens as text.
func wantOpen(t *testing.T, k *keys.Tenant, sealed []byte, text, place string) {
	t.Helper()
	plain, err := k.Open(t.Context(), sealed, []byte(place))
	if err != nil || string(plain) != text {
		t.Errorf("opened as %q with %v, want %q", plain, err, text)
	}
}

// destroy destroys every version of a tenant's KMS key permanently.
func destroy(t *testing.T, c *cloudtest.Cloud, record tenant.Record) {
	t.Helper()
	ctx := kms.As(t.Context(), suite.OperatorAccount)
	_, err := c.KMS.DestroyCryptoKeyVersion(ctx, &kmspb.DestroyCryptoKeyVersionRequest{Name: record.KeyName + "/cryptoKeyVersions/1"})
	if err != nil {
		t.Fatal(err)
	}
	c.Clock.Advance(2 * day)
}
