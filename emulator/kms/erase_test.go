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
	w := newWorld(t, "")
	soon := w.keyLike("soon", &kmspb.CryptoKey{Purpose: purpose, DestroyScheduledDuration: durationpb.New(month / 2)})
	w.destroy(soon + "/cryptoKeyVersions/1")
	late := w.encrypt(w.key("late"), "text", "")
	w.destroy(late.GetName())
	w.clock.Advance(month / 2)
	if v, err := w.restore(late.GetName()); err != nil {
		t.Fatalf("the later one cannot be restored: %v, %v", v, err)
	}
	if err := w.setState(late.GetName(), kmspb.CryptoKeyVersion_ENABLED); err != nil {
		t.Fatal(err)
	}
	w.opens(ring+"/cryptoKeys/late", late.GetCiphertext(), "", "text")
	v, err := w.admin.GetCryptoKeyVersion(t.Context(), &kmspb.GetCryptoKeyVersionRequest{Name: soon + "/cryptoKeyVersions/1"})
	if err != nil || v.GetState() != kmspb.CryptoKeyVersion_DESTROYED || v.GetDestroyEventTime() == nil {
		t.Errorf("the sooner one is %v, %v", v, err)
	}
}

// A second name of the file shows what is left of its blocks.
func TestMaterialIsOverwrittenBeforeItsFileIsRemoved(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	w := newWorld(t, dir)
	version := w.key("acme") + "/cryptoKeyVersions/1"
	files, err := filepath.Glob(filepath.Join(dir, "material", "*"))
	if err != nil || len(files) != 1 {
		t.Fatalf("material is in %v, %v", files, err)
	}
	second := filepath.Join(dir, "second")
	if err := os.Link(files[0], second); err != nil {
		t.Fatal(err)
	}
	w.destroy(version)
	w.clock.Advance(month)
	if err := w.kms.Settle(); err != nil {
		t.Fatal(err)
	}
	left, err := os.ReadFile(second)
	if err != nil || !bytes.Equal(left, make([]byte, 32)) {
		t.Errorf("%d bytes are left, not all zero: %v", len(left), err)
	}
}
