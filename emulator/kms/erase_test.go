package kms_test

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"cloud.google.com/go/kms/apiv1/kmspb"
	"google.golang.org/protobuf/types/known/durationpb"
)

func TestEachVersionIsDestroyedAtItsOwnTime(t *testing.T) {
	t.Parallel()
	f := newFixture(t, "")
	soon := f.keyLike("soon", &kmspb.CryptoKey{Purpose: purpose, DestroyScheduledDuration: durationpb.New(month / 2)})
	f.destroy(soon + "/cryptoKeyVersions/1")
	late := f.encrypt(f.key("late"), "text", "")
	f.destroy(late.GetName())
	f.clock.Advance(month / 2)
	if v, err := f.restore(late.GetName()); err != nil {
		t.Fatalf("the later one cannot be restored: %v, %v", v, err)
	}
	if err := f.setState(late.GetName(), kmspb.CryptoKeyVersion_ENABLED); err != nil {
		t.Fatal(err)
	}
	f.wantDecrypted(ring+"/cryptoKeys/late", late.GetCiphertext(), "", "text")
	v, err := f.admin.GetCryptoKeyVersion(t.Context(), &kmspb.GetCryptoKeyVersionRequest{Name: soon + "/cryptoKeyVersions/1"})
	if err != nil || v.GetState() != kmspb.CryptoKeyVersion_DESTROYED || v.GetDestroyEventTime() == nil {
		t.Errorf("the sooner one is %v, %v", v, err)
	}
}

// A hard link shows what is left in the blocks of the removed file.
func TestMaterialIsOverwrittenBeforeItsFileIsRemoved(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	f := newFixture(t, dir)
	version := f.key("acme") + "/cryptoKeyVersions/1"
	files, err := filepath.Glob(filepath.Join(dir, "material", "*"))
	if err != nil || len(files) != 1 {
		t.Fatalf("material is in %v, %v", files, err)
	}
	second := filepath.Join(dir, "second")
	if err := os.Link(files[0], second); err != nil {
		t.Fatal(err)
	}
	f.destroy(version)
	f.clock.Advance(month)
	if err := f.kms.ApplyDue(); err != nil {
		t.Fatal(err)
	}
	left, err := os.ReadFile(second)
	if err != nil || !bytes.Equal(left, make([]byte, 32)) {
		t.Errorf("%d bytes are left, not all zero: %v", len(left), err)
	}
}
