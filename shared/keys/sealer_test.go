package keys_test

import (
	"errors"
	"testing"
	"time"

	"cloud.google.com/go/kms/apiv1/kmspb"
	"github.com/google/uuid"

	"github.com/strongroom-dev/strongroom/emulator/cloudtest"
	"github.com/strongroom-dev/strongroom/emulator/suite"
	"github.com/strongroom-dev/strongroom/shared/keys"
	"github.com/strongroom-dev/strongroom/shared/tenant"
)

// sealerOf seals under a tenant's key, with data keys in a collection.
func sealerOf(t testing.TB, c *cloudtest.Cloud, record tenant.Record, collection string) *keys.Sealer {
	t.Helper()
	db, err := c.Operator.Default(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	client, err := c.Operator.KMS(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return keys.NewSealer(keys.Config{Collection: db.Collection(collection), KeyName: record.KeyName, KMS: client, Now: c.Clock.Now})
}

func TestADisabledKeyOpensNothingAfterFiveMinutes(t *testing.T) {
	t.Parallel()
	c := cloudtest.New(t, suite.Options{})
	record := c.Tenant(t).Record
	s := sealerOf(t, c, record, "deks-of-a-disabled-key")
	sealed, err := s.Seal(t.Context(), []byte("text"), []byte("here"))
	if err != nil {
		t.Fatal(err)
	}
	c.SetKeyState(t, record.KeyName, kmspb.CryptoKeyVersion_DISABLED)
	if _, err := sealerOf(t, c, record, "deks-of-a-disabled-key").Open(t.Context(), sealed, []byte("here")); !errors.Is(err, keys.ErrKeyUnavailable) {
		t.Errorf("another process opens it: %v", err)
	}
	c.Clock.Advance(5*time.Minute + time.Second)
	if _, err := s.Open(t.Context(), sealed, []byte("here")); !errors.Is(err, keys.ErrKeyUnavailable) {
		t.Errorf("after five minutes: %v", err)
	}
	if _, err := s.Seal(t.Context(), []byte("text"), []byte("here")); !errors.Is(err, keys.ErrKeyUnavailable) {
		t.Errorf("it seals: %v", err)
	}
	c.SetKeyState(t, record.KeyName, kmspb.CryptoKeyVersion_ENABLED)
	if text, err := s.Open(t.Context(), sealed, []byte("here")); err != nil || string(text) != "text" {
		t.Errorf("enabled again: %q, %v", text, err)
	}
}

func TestOpenRefuses(t *testing.T) {
	t.Parallel()
	c := cloudtest.Shared(t)
	record := c.Tenant(t).Record
	collection := "deks-" + uuid.NewString()
	s := sealerOf(t, c, record, collection)
	sealed, err := s.Seal(t.Context(), []byte("text"), []byte("here"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Open(t.Context(), sealed, []byte("there")); !errors.Is(err, keys.ErrSealed) {
		t.Errorf("at another place: %v", err)
	}
	for i := range sealed {
		changed := append([]byte{}, sealed...)
		changed[i] ^= 1
		if _, err := s.Open(t.Context(), changed, []byte("here")); !errors.Is(err, keys.ErrSealed) {
			t.Errorf("with byte %d changed: %v", i, err)
		}
		if _, err := s.Open(t.Context(), sealed[:i], []byte("here")); !errors.Is(err, keys.ErrSealed) {
			t.Errorf("cut to %d bytes: %v", i, err)
		}
	}
	if _, err := sealerOf(t, c, c.Tenant(t).Record, collection).Open(t.Context(), sealed, []byte("here")); err == nil {
		t.Error("another key opens it")
	}
}

func BenchmarkSeal(b *testing.B) {
	c := cloudtest.Shared(b)
	s := sealerOf(b, c, c.Tenant(b).Record, "deks-"+uuid.NewString())
	text := make([]byte, 1<<10)
	b.SetBytes(int64(len(text)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := s.Seal(b.Context(), text, []byte("here")); err != nil {
			b.Fatal(err)
		}
	}
}
