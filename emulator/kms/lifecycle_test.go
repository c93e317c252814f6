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

func (f *fixture) setState(version string, state kmspb.CryptoKeyVersion_CryptoKeyVersionState) error {
	_, err := f.admin.UpdateCryptoKeyVersion(f.t.Context(), &kmspb.UpdateCryptoKeyVersionRequest{
		CryptoKeyVersion: &kmspb.CryptoKeyVersion{Name: version, State: state},
		UpdateMask:       &fieldmaskpb.FieldMask{Paths: []string{"state"}},
	})
	return err
}

func (f *fixture) destroy(version string) *kmspb.CryptoKeyVersion {
	f.t.Helper()
	v, err := f.admin.DestroyCryptoKeyVersion(f.t.Context(), &kmspb.DestroyCryptoKeyVersionRequest{Name: version})
	if err != nil {
		f.t.Fatal(err)
	}
	return v
}

func (f *fixture) restore(version string) (*kmspb.CryptoKeyVersion, error) {
	return f.admin.RestoreCryptoKeyVersion(f.t.Context(), &kmspb.RestoreCryptoKeyVersionRequest{Name: version})
}

// wantViolation checks the code and the violation in the error.
func wantViolation(t *testing.T, err error, violation, subject string) {
	t.Helper()
	wantCode(t, err, codes.FailedPrecondition)
	for _, detail := range status.Convert(err).Details() {
		failure, ok := detail.(*errdetails.PreconditionFailure)
		if ok && failure.GetViolations()[0].GetType() == violation && failure.GetViolations()[0].GetSubject() == subject {
			return
		}
	}
	t.Errorf("no violation %s of %s in %v", violation, subject, status.Convert(err).Details())
}

func TestADisabledKeyIsUnusableUntilItIsEnabled(t *testing.T) {
	t.Parallel()
	f := newFixture(t, "")
	key := f.key("acme")
	sealed := f.encrypt(key, "text", "")
	if err := f.setState(sealed.GetName(), kmspb.CryptoKeyVersion_DISABLED); err != nil {
		t.Fatal(err)
	}
	_, err := f.decrypt(key, sealed.GetCiphertext(), "")
	wantViolation(t, err, "KEY_DISABLED", sealed.GetName())
	_, err = f.user.Encrypt(t.Context(), &kmspb.EncryptRequest{Name: key})
	wantViolation(t, err, "KEY_DISABLED", sealed.GetName())
	if err := f.setState(sealed.GetName(), kmspb.CryptoKeyVersion_ENABLED); err != nil {
		t.Fatal(err)
	}
	f.wantDecrypted(key, sealed.GetCiphertext(), "", "text")
}

func TestAScheduledDestructionCanBeCanceledInTime(t *testing.T) {
	t.Parallel()
	f := newFixture(t, "")
	key := f.key("acme")
	sealed := f.encrypt(key, "text", "")
	v := f.destroy(sealed.GetName())
	if wait := v.GetDestroyTime().AsTime().Sub(f.clock.Now()); wait > month || wait < month-time.Minute {
		t.Errorf("it would be destroyed in %v, want 30 days", wait)
	}
	_, err := f.decrypt(key, sealed.GetCiphertext(), "")
	wantViolation(t, err, "KEY_DESTROY_SCHEDULED", sealed.GetName())
	wantCode(t, f.setState(sealed.GetName(), kmspb.CryptoKeyVersion_ENABLED), codes.FailedPrecondition)

	f.clock.Advance(month - time.Minute)
	v, err = f.restore(sealed.GetName())
	if err != nil || v.GetState() != kmspb.CryptoKeyVersion_DISABLED || v.GetDestroyTime() != nil {
		t.Fatalf("restore gave %v, %v", v, err)
	}
	if err := f.setState(sealed.GetName(), kmspb.CryptoKeyVersion_ENABLED); err != nil {
		t.Fatal(err)
	}
	f.clock.Advance(2 * month)
	f.wantDecrypted(key, sealed.GetCiphertext(), "", "text")
}

func TestADestroyedVersionIsGoneFromDisk(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	f := newFixture(t, dir)
	key := f.key("acme")
	sealed := f.encrypt(key, "text", "")
	files := materialFiles(t, dir)
	if len(files) != 1 || len(files[0]) != 32 {
		t.Fatalf("%d files of material, want one of 32 bytes", len(files))
	}
	f.destroy(sealed.GetName())
	f.clock.Advance(month)
	if err := f.kms.ApplyDue(); err != nil {
		t.Fatal(err)
	}
	if len(materialFiles(t, dir)) != 0 || onDisk(t, dir, files[0]) {
		t.Error("the material is still on disk")
	}
	_, err := f.decrypt(key, sealed.GetCiphertext(), "")
	wantViolation(t, err, "KEY_DESTROYED", sealed.GetName())
	_, err = f.restore(sealed.GetName())
	wantCode(t, err, codes.FailedPrecondition)

	again := newFixture(t, dir)
	_, err = again.decrypt(key, sealed.GetCiphertext(), "")
	wantViolation(t, err, "KEY_DESTROYED", sealed.GetName())
}

func TestADestructionIsDueWhileTheCloudIsStopped(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	f := newFixture(t, dir)
	sealed := f.encrypt(f.key("acme"), "text", "")
	f.destroy(sealed.GetName())
	f.clock.Advance(month)
	if _, err := kms.New(kms.Config{Clock: f.clock, IAM: f.iam, Dir: dir}); err != nil {
		t.Fatal(err)
	}
	if len(materialFiles(t, dir)) != 0 {
		t.Error("the material is still on disk")
	}
}

func TestKeysSurviveARestart(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	f := newFixture(t, dir)
	key := f.keyLike("acme", &kmspb.CryptoKey{Purpose: purpose, Labels: map[string]string{"tenant": "acme"}})
	before, err := f.admin.GetCryptoKey(t.Context(), &kmspb.GetCryptoKeyRequest{Name: key})
	if err != nil {
		t.Fatal(err)
	}
	sealed := f.encrypt(key, "text", "aad")

	again := newFixture(t, dir)
	again.wantDecrypted(key, sealed.GetCiphertext(), "aad", "text")
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
	f := newFixture(t, "")
	key := f.key("acme")
	old := f.encrypt(key, "old", "")
	v, err := f.admin.CreateCryptoKeyVersion(t.Context(), &kmspb.CreateCryptoKeyVersionRequest{Parent: key})
	if err != nil {
		t.Fatal(err)
	}
	if got := f.encrypt(key, "still old", "").GetName(); got != old.GetName() {
		t.Errorf("a new version is primary by itself: %s", got)
	}
	_, err = f.admin.UpdateCryptoKeyPrimaryVersion(t.Context(),
		&kmspb.UpdateCryptoKeyPrimaryVersionRequest{Name: key, CryptoKeyVersionId: "2"})
	if err != nil {
		t.Fatal(err)
	}
	renewed := f.encrypt(key, "new", "")
	if renewed.GetName() != v.GetName() {
		t.Errorf("the new primary does not encrypt, but %s", renewed.GetName())
	}
	f.wantDecrypted(key, renewed.GetCiphertext(), "", "new")
	f.wantDecrypted(key, old.GetCiphertext(), "", "old")
}

func TestKeysRotateByTheClock(t *testing.T) {
	t.Parallel()
	f := newFixture(t, "")
	period := 90 * 24 * time.Hour
	first := f.clock.Now().Add(period)
	key := f.keyLike("acme", &kmspb.CryptoKey{
		Purpose:          purpose,
		NextRotationTime: timestamppb.New(first),
		RotationSchedule: &kmspb.CryptoKey_RotationPeriod{RotationPeriod: durationpb.New(period)},
	})
	old := f.encrypt(key, "old", "")
	f.clock.Advance(period - time.Minute)
	if got := f.encrypt(key, "", "").GetName(); got != key+"/cryptoKeyVersions/1" {
		t.Errorf("%s encrypts before the rotation", got)
	}
	f.clock.Advance(2*period + 2*time.Minute)
	if got := f.encrypt(key, "", "").GetName(); got != key+"/cryptoKeyVersions/4" {
		t.Errorf("%s encrypts after three rotations", got)
	}
	f.wantDecrypted(key, old.GetCiphertext(), "", "old")
	k, err := f.admin.GetCryptoKey(t.Context(), &kmspb.GetCryptoKeyRequest{Name: key})
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
