package kms_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"cloud.google.com/go/kms/apiv1/kmspb"
	"github.com/google/go-cmp/cmp"
	"google.golang.org/api/iterator"
	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/fieldmaskpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/strongroom-dev/strongroom/emulator/iam"
	"github.com/strongroom-dev/strongroom/emulator/kms"
)

func TestCallersNeedTheirRolesPermissions(t *testing.T) {
	t.Parallel()
	f := newFixture(t, "")
	key := f.key("acme")
	sealed := f.encrypt(key, "text", "")
	ctx := t.Context()
	for name, call := range map[string]func() error{
		"an administrator cannot decrypt": func() error {
			_, err := f.admin.Decrypt(ctx, &kmspb.DecryptRequest{Name: key, Ciphertext: sealed.GetCiphertext()})
			return err
		},
		"a user cannot destroy": func() error {
			_, err := f.user.DestroyCryptoKeyVersion(ctx, &kmspb.DestroyCryptoKeyVersionRequest{Name: sealed.GetName()})
			return err
		},
		"a user cannot create keys": func() error {
			_, err := f.user.CreateCryptoKey(ctx, &kmspb.CreateCryptoKeyRequest{Parent: ring, CryptoKeyId: "own"})
			return err
		},
		"a user cannot learn that a key does not exist": func() error {
			_, err := f.user.GetCryptoKey(ctx, &kmspb.GetCryptoKeyRequest{Name: ring + "/cryptoKeys/none"})
			return err
		},
		"an account without a role can do nothing": func() error {
			_, err := f.kms.Encrypt(kms.As(ctx, nobody), &kmspb.EncryptRequest{Name: key})
			return err
		},
	} {
		t.Run(name, func(t *testing.T) { wantCode(t, call(), codes.PermissionDenied) })
	}
	_, err := f.kms.Encrypt(ctx, &kmspb.EncryptRequest{Name: key})
	wantCode(t, err, codes.Unauthenticated)
	if _, err := f.kms.Encrypt(kms.As(ctx, worker), &kmspb.EncryptRequest{Name: key}); err != nil {
		t.Errorf("the in-process call is rejected: %v", err)
	}
}

func TestARoleOnOneKeyDoesNotApplyToAnother(t *testing.T) {
	t.Parallel()
	f := newFixture(t, "")
	acme, acme2 := f.key("acme"), f.key("acme2")
	err := f.iam.Bind(iam.Binding{Member: nobody, Role: "roles/cloudkms.cryptoKeyEncrypter", Resource: acme})
	if err != nil {
		t.Fatal(err)
	}
	ctx := kms.As(t.Context(), nobody)
	if _, err := f.kms.Encrypt(ctx, &kmspb.EncryptRequest{Name: acme}); err != nil {
		t.Error(err)
	}
	_, err = f.kms.Encrypt(ctx, &kmspb.EncryptRequest{Name: acme2})
	wantCode(t, err, codes.PermissionDenied)
}

func TestInvalidKeysAreNotCreated(t *testing.T) {
	t.Parallel()
	f := newFixture(t, "")
	f.key("acme")
	day := 24 * time.Hour
	soon := timestamppb.New(f.clock.Now().Add(day))
	rotate := func(next *timestamppb.Timestamp, period time.Duration) *kmspb.CryptoKey {
		return &kmspb.CryptoKey{Purpose: purpose, NextRotationTime: next,
			RotationSchedule: &kmspb.CryptoKey_RotationPeriod{RotationPeriod: durationpb.New(period)}}
	}
	for name, c := range map[string]struct {
		id   string
		like *kmspb.CryptoKey
		want codes.Code
	}{
		"with an id that is accepted":    {"acme", &kmspb.CryptoKey{Purpose: purpose}, codes.AlreadyExists},
		"with an empty id":               {"", &kmspb.CryptoKey{Purpose: purpose}, codes.InvalidArgument},
		"with a slash in the id":         {"a/b", &kmspb.CryptoKey{Purpose: purpose}, codes.InvalidArgument},
		"with a dot in the id":           {"a.b", &kmspb.CryptoKey{Purpose: purpose}, codes.InvalidArgument},
		"without a purpose":              {"k", &kmspb.CryptoKey{}, codes.InvalidArgument},
		"signing without an algorithm":   {"k", &kmspb.CryptoKey{Purpose: kmspb.CryptoKey_ASYMMETRIC_SIGN}, codes.InvalidArgument},
		"with a purpose not modeled":     {"k", &kmspb.CryptoKey{Purpose: kmspb.CryptoKey_MAC}, codes.Unimplemented},
		"rotated each hour":              {"k", rotate(soon, time.Hour), codes.InvalidArgument},
		"rotated with no first time":     {"k", rotate(nil, day), codes.InvalidArgument},
		"rotated first in the past":      {"k", rotate(timestamppb.New(time.Unix(0, 0)), day), codes.InvalidArgument},
		"with a label in capitals":       {"k", &kmspb.CryptoKey{Purpose: purpose, Labels: map[string]string{"A": ""}}, codes.InvalidArgument},
		"destroyed sooner than in a day": {"k", &kmspb.CryptoKey{Purpose: purpose, DestroyScheduledDuration: durationpb.New(1)}, codes.InvalidArgument},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := f.admin.CreateCryptoKey(t.Context(),
				&kmspb.CreateCryptoKeyRequest{Parent: ring, CryptoKeyId: c.id, CryptoKey: c.like})
			wantCode(t, err, c.want)
		})
	}
}

func TestRotationIsUpdatedByMask(t *testing.T) {
	t.Parallel()
	f := newFixture(t, "")
	key := f.key("acme")
	next, period := timestamppb.New(f.clock.Now().Add(time.Hour)), durationpb.New(24*time.Hour)
	update := func(paths ...string) (*kmspb.CryptoKey, error) {
		return f.admin.UpdateCryptoKey(t.Context(), &kmspb.UpdateCryptoKeyRequest{
			CryptoKey: &kmspb.CryptoKey{Name: key, NextRotationTime: next, Labels: map[string]string{"a": "b"},
				RotationSchedule: &kmspb.CryptoKey_RotationPeriod{RotationPeriod: period}},
			UpdateMask: &fieldmaskpb.FieldMask{Paths: paths},
		})
	}
	k, err := update("rotation_period", "next_rotation_time")
	if err != nil {
		t.Fatal(err)
	}
	if k.GetRotationPeriod().AsDuration() != 24*time.Hour || !k.GetNextRotationTime().AsTime().Equal(next.AsTime()) {
		t.Errorf("the rotation differs from what was set: %v", k)
	}
	if len(k.GetLabels()) != 0 {
		t.Error("labels were changed that the mask did not name")
	}
	_, err = update()
	wantCode(t, err, codes.InvalidArgument)
	_, err = update("purpose")
	wantCode(t, err, codes.InvalidArgument)
}

func TestListsComeInPages(t *testing.T) {
	t.Parallel()
	f := newFixture(t, "")
	var want []string
	for i := range 5 {
		want = append(want, f.key(fmt.Sprintf("key-%d", i)))
	}
	var got []string
	keys := f.admin.ListCryptoKeys(t.Context(), &kmspb.ListCryptoKeysRequest{Parent: ring, PageSize: 2})
	for {
		k, err := keys.Next()
		if errors.Is(err, iterator.Done) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, k.GetName())
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	versions, err := f.admin.ListCryptoKeyVersions(t.Context(),
		&kmspb.ListCryptoKeyVersionsRequest{Parent: want[0]}).Next()
	if err != nil || versions.GetName() != want[0]+"/cryptoKeyVersions/1" {
		t.Errorf("the first version is %v, %v", versions, err)
	}
	r, err := f.admin.ListKeyRings(t.Context(), &kmspb.ListKeyRingsRequest{Parent: parent}).Next()
	if err != nil || r.GetName() != ring {
		t.Errorf("the first ring is %v, %v", r, err)
	}
}
