package kms_test

import (
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"time"

	"cloud.google.com/go/kms/apiv1/kmspb"
	"github.com/google/go-cmp/cmp"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/fieldmaskpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/strongroom-dev/strongroom/emulator/kms"
)

func (w *world) setState(version string, state kmspb.CryptoKeyVersion_CryptoKeyVersionState) error {
	_, err := w.admin.UpdateCryptoKeyVersion(w.t.Context(), &kmspb.UpdateCryptoKeyVersionRequest{
		CryptoKeyVersion: &kmspb.CryptoKeyVersion{Name: version, State: state},
		UpdateMask:       &fieldmaskpb.FieldMask{Paths: []string{"state"}},
	})
	return err
}

func (w *world) destroy(version string) *kmspb.CryptoKeyVersion {
	w.t.Helper()
	v, err := w.admin.DestroyCryptoKeyVersion(w.t.Context(), &kmspb.DestroyCryptoKeyVersionRequest{Name: version})
	if err != nil {
		w.t.Fatal(err)
	}
	return v
}

func (w *world) restore(version string) (*kmspb.CryptoKeyVersion, error) {
	return w.admin.RestoreCryptoKeyVersion(w.t.Context(), &kmspb.RestoreCryptoKeyVersionRequest{Name: version})
}

// refusesAs checks the code and the violation that Google's answer holds.
func refusesAs(t *testing.T, err error, violation, subject string) {
	t.Helper()
	refuses(t, err, codes.FailedPrecondition)
	for _, detail := range status.Convert(err).Details() {
		failure, ok := detail.(*errdetails.PreconditionFailure)
		if ok && failure.GetViolations()[0].GetType() == violation && failure.GetViolations()[0].GetSubject() == subject {
			return
		}
	}
	t.Errorf("no violation %s of %s in %v", violation, subject, status.Convert(err).Details())
}

func TestADisabledKeyIsRefusedUntilItIsEnabled(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "")
	key := w.key("acme")
	sealed := w.encrypt(key, "text", "")
	if err := w.setState(sealed.GetName(), kmspb.CryptoKeyVersion_DISABLED); err != nil {
		t.Fatal(err)
	}
	_, err := w.decrypt(key, sealed.GetCiphertext(), "")
	refusesAs(t, err, "KEY_DISABLED", sealed.GetName())
	_, err = w.user.Encrypt(t.Context(), &kmspb.EncryptRequest{Name: key})
	refusesAs(t, err, "KEY_DISABLED", sealed.GetName())
	if err := w.setState(sealed.GetName(), kmspb.CryptoKeyVersion_ENABLED); err != nil {
		t.Fatal(err)
	}
	w.opens(key, sealed.GetCiphertext(), "", "text")
}

func TestAScheduledDestructionCanBeTakenBackInTime(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "")
	key := w.key("acme")
	sealed := w.encrypt(key, "text", "")
	v := w.destroy(sealed.GetName())
	if wait := v.GetDestroyTime().AsTime().Sub(w.clock.Now()); wait > month || wait < month-time.Minute {
		t.Errorf("it would be destroyed in %v, want 30 days", wait)
	}
	_, err := w.decrypt(key, sealed.GetCiphertext(), "")
	refusesAs(t, err, "KEY_DESTROY_SCHEDULED", sealed.GetName())
	refuses(t, w.setState(sealed.GetName(), kmspb.CryptoKeyVersion_ENABLED), codes.FailedPrecondition)

	w.clock.Advance(month - time.Minute)
	v, err = w.restore(sealed.GetName())
	if err != nil || v.GetState() != kmspb.CryptoKeyVersion_DISABLED || v.GetDestroyTime() != nil {
		t.Fatalf("restore gave %v, %v", v, err)
	}
	if err := w.setState(sealed.GetName(), kmspb.CryptoKeyVersion_ENABLED); err != nil {
		t.Fatal(err)
	}
	w.clock.Advance(2 * month)
	w.opens(key, sealed.GetCiphertext(), "", "text")
}

func TestADestroyedVersionIsGoneFromDisk(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	w := newWorld(t, dir)
	key := w.key("acme")
	sealed := w.encrypt(key, "text", "")
	files := materialFiles(t, dir)
	if len(files) != 1 || len(files[0]) != 32 {
		t.Fatalf("%d files of material, want one of 32 bytes", len(files))
	}
	w.destroy(sealed.GetName())
	w.clock.Advance(month)
	if err := w.kms.Settle(); err != nil {
		t.Fatal(err)
	}
	if len(materialFiles(t, dir)) != 0 || onDisk(t, dir, files[0]) {
		t.Error("the material is still on disk")
	}
	_, err := w.decrypt(key, sealed.GetCiphertext(), "")
	refusesAs(t, err, "KEY_DESTROYED", sealed.GetName())
	_, err = w.restore(sealed.GetName())
	refuses(t, err, codes.FailedPrecondition)

	again := newWorld(t, dir)
	_, err = again.decrypt(key, sealed.GetCiphertext(), "")
	refusesAs(t, err, "KEY_DESTROYED", sealed.GetName())
}

func TestADestructionFallsDueWhileTheCloudIsOff(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	w := newWorld(t, dir)
	sealed := w.encrypt(w.key("acme"), "text", "")
	w.destroy(sealed.GetName())
	w.clock.Advance(month)
	if _, err := kms.New(kms.Config{Clock: w.clock, IAM: w.iam, Dir: dir}); err != nil {
		t.Fatal(err)
	}
	if len(materialFiles(t, dir)) != 0 {
		t.Error("the material is still on disk")
	}
}

func TestKeysAreKeptAcrossARestart(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	w := newWorld(t, dir)
	key := w.keyLike("acme", &kmspb.CryptoKey{Purpose: purpose, Labels: map[string]string{"tenant": "acme"}})
	before, err := w.admin.GetCryptoKey(t.Context(), &kmspb.GetCryptoKeyRequest{Name: key})
	if err != nil {
		t.Fatal(err)
	}
	sealed := w.encrypt(key, "text", "aad")

	again := newWorld(t, dir)
	again.opens(key, sealed.GetCiphertext(), "aad", "text")
	after, err := again.admin.GetCryptoKey(t.Context(), &kmspb.GetCryptoKeyRequest{Name: key})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(before.String(), after.String()); diff != "" {
		t.Error(diff)
	}
}

func TestARotatedKeyStillDecryptsTheOld(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "")
	key := w.key("acme")
	old := w.encrypt(key, "old", "")
	v, err := w.admin.CreateCryptoKeyVersion(t.Context(), &kmspb.CreateCryptoKeyVersionRequest{Parent: key})
	if err != nil {
		t.Fatal(err)
	}
	if got := w.encrypt(key, "still old", "").GetName(); got != old.GetName() {
		t.Errorf("a new version is primary by itself: %s", got)
	}
	_, err = w.admin.UpdateCryptoKeyPrimaryVersion(t.Context(),
		&kmspb.UpdateCryptoKeyPrimaryVersionRequest{Name: key, CryptoKeyVersionId: "2"})
	if err != nil {
		t.Fatal(err)
	}
	renewed := w.encrypt(key, "new", "")
	if renewed.GetName() != v.GetName() {
		t.Errorf("the new primary does not encrypt, but %s", renewed.GetName())
	}
	w.opens(key, renewed.GetCiphertext(), "", "new")
	w.opens(key, old.GetCiphertext(), "", "old")
}

func TestKeysRotateByTheClock(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "")
	period := 90 * 24 * time.Hour
	first := w.clock.Now().Add(period)
	key := w.keyLike("acme", &kmspb.CryptoKey{
		Purpose:          purpose,
		NextRotationTime: timestamppb.New(first),
		RotationSchedule: &kmspb.CryptoKey_RotationPeriod{RotationPeriod: durationpb.New(period)},
	})
	old := w.encrypt(key, "old", "")
	w.clock.Advance(period - time.Minute)
	if got := w.encrypt(key, "", "").GetName(); got != key+"/cryptoKeyVersions/1" {
		t.Errorf("%s encrypts before the rotation", got)
	}
	w.clock.Advance(2*period + 2*time.Minute)
	if got := w.encrypt(key, "", "").GetName(); got != key+"/cryptoKeyVersions/4" {
		t.Errorf("%s encrypts after three rotations", got)
	}
	w.opens(key, old.GetCiphertext(), "", "old")
	k, err := w.admin.GetCryptoKey(t.Context(), &kmspb.GetCryptoKeyRequest{Name: key})
	if err != nil {
		t.Fatal(err)
	}
	if want := first.Add(3 * period); !k.GetNextRotationTime().AsTime().Equal(want) {
		t.Errorf("the next rotation is at %v, want %v", k.GetNextRotationTime().AsTime(), want)
	}
}

func materialFiles(t *testing.T, dir string) [][]byte {
	t.Helper()
	var all [][]byte
	walk(t, filepath.Join(dir, "material"), func(content []byte) { all = append(all, content) })
	return all
}

func onDisk(t *testing.T, dir string, secret []byte) bool {
	t.Helper()
	found := false
	walk(t, dir, func(content []byte) { found = found || bytes.Contains(content, secret) })
	return found
}

func walk(t *testing.T, dir string, visit func(content []byte)) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		content, err := os.ReadFile(path)
		visit(content)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}
