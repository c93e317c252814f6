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

func TestCallersMayDoOnlyWhatTheirRolesSay(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "")
	key := w.key("acme")
	sealed := w.encrypt(key, "text", "")
	ctx := t.Context()
	for name, call := range map[string]func() error{
		"who administers does not decrypt": func() error {
			_, err := w.admin.Decrypt(ctx, &kmspb.DecryptRequest{Name: key, Ciphertext: sealed.GetCiphertext()})
			return err
		},
		"who uses does not destroy": func() error {
			_, err := w.user.DestroyCryptoKeyVersion(ctx, &kmspb.DestroyCryptoKeyVersionRequest{Name: sealed.GetName()})
			return err
		},
		"who uses does not make keys": func() error {
			_, err := w.user.CreateCryptoKey(ctx, &kmspb.CreateCryptoKeyRequest{Parent: ring, CryptoKeyId: "own"})
			return err
		},
		"who uses cannot learn that a key is not there": func() error {
			_, err := w.user.GetCryptoKey(ctx, &kmspb.GetCryptoKeyRequest{Name: ring + "/cryptoKeys/none"})
			return err
		},
		"who has no role does nothing": func() error {
			_, err := w.kms.Encrypt(kms.As(ctx, nobody), &kmspb.EncryptRequest{Name: key})
			return err
		},
	} {
		t.Run(name, func(t *testing.T) { refuses(t, call(), codes.PermissionDenied) })
	}
	_, err := w.kms.Encrypt(ctx, &kmspb.EncryptRequest{Name: key})
	refuses(t, err, codes.Unauthenticated)
	if _, err := w.kms.Encrypt(kms.As(ctx, worker), &kmspb.EncryptRequest{Name: key}); err != nil {
		t.Errorf("in process, the worker is refused: %v", err)
	}
}

func TestARoleOnOneKeyIsNoneOnAnother(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "")
	acme, acme2 := w.key("acme"), w.key("acme2")
	err := w.iam.Bind(iam.Binding{Member: nobody, Role: "roles/cloudkms.cryptoKeyEncrypter", Resource: acme})
	if err != nil {
		t.Fatal(err)
	}
	ctx := kms.As(t.Context(), nobody)
	if _, err := w.kms.Encrypt(ctx, &kmspb.EncryptRequest{Name: acme}); err != nil {
		t.Error(err)
	}
	_, err = w.kms.Encrypt(ctx, &kmspb.EncryptRequest{Name: acme2})
	refuses(t, err, codes.PermissionDenied)
}

func TestBadKeysAreNotMade(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "")
	w.key("acme")
	day := 24 * time.Hour
	soon := timestamppb.New(w.clock.Now().Add(day))
	rotate := func(next *timestamppb.Timestamp, period time.Duration) *kmspb.CryptoKey {
		return &kmspb.CryptoKey{Purpose: purpose, NextRotationTime: next,
			RotationSchedule: &kmspb.CryptoKey_RotationPeriod{RotationPeriod: durationpb.New(period)}}
	}
	for name, c := range map[string]struct {
		id   string
		like *kmspb.CryptoKey
		want codes.Code
	}{
		"with an id that is taken":       {"acme", &kmspb.CryptoKey{Purpose: purpose}, codes.AlreadyExists},
		"with an empty id":               {"", &kmspb.CryptoKey{Purpose: purpose}, codes.InvalidArgument},
		"with a slash in the id":         {"a/b", &kmspb.CryptoKey{Purpose: purpose}, codes.InvalidArgument},
		"with a dot in the id":           {"a.b", &kmspb.CryptoKey{Purpose: purpose}, codes.InvalidArgument},
		"without a purpose":              {"k", &kmspb.CryptoKey{}, codes.InvalidArgument},
		"signing without an algorithm":   {"k", &kmspb.CryptoKey{Purpose: kmspb.CryptoKey_ASYMMETRIC_SIGN}, codes.InvalidArgument},
		"with a purpose not modelled":    {"k", &kmspb.CryptoKey{Purpose: kmspb.CryptoKey_MAC}, codes.Unimplemented},
		"rotated each hour":              {"k", rotate(soon, time.Hour), codes.InvalidArgument},
		"rotated with no first time":     {"k", rotate(nil, day), codes.InvalidArgument},
		"rotated first in the past":      {"k", rotate(timestamppb.New(time.Unix(0, 0)), day), codes.InvalidArgument},
		"with a label in capitals":       {"k", &kmspb.CryptoKey{Purpose: purpose, Labels: map[string]string{"A": ""}}, codes.InvalidArgument},
		"destroyed sooner than in a day": {"k", &kmspb.CryptoKey{Purpose: purpose, DestroyScheduledDuration: durationpb.New(1)}, codes.InvalidArgument},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := w.admin.CreateCryptoKey(t.Context(),
				&kmspb.CreateCryptoKeyRequest{Parent: ring, CryptoKeyId: c.id, CryptoKey: c.like})
			refuses(t, err, c.want)
		})
	}
}

func TestRotationIsUpdatedByMask(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "")
	key := w.key("acme")
	next, period := timestamppb.New(w.clock.Now().Add(time.Hour)), durationpb.New(24*time.Hour)
	update := func(paths ...string) (*kmspb.CryptoKey, error) {
		return w.admin.UpdateCryptoKey(t.Context(), &kmspb.UpdateCryptoKeyRequest{
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
		t.Errorf("the rotation is not as it was set: %v", k)
	}
	if len(k.GetLabels()) != 0 {
		t.Error("labels were changed that the mask did not name")
	}
	_, err = update()
	refuses(t, err, codes.InvalidArgument)
	_, err = update("purpose")
	refuses(t, err, codes.InvalidArgument)
}

func TestListsComeInPages(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "")
	var want []string
	for i := range 5 {
		want = append(want, w.key(fmt.Sprintf("key-%d", i)))
	}
	var got []string
	keys := w.admin.ListCryptoKeys(t.Context(), &kmspb.ListCryptoKeysRequest{Parent: ring, PageSize: 2})
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
	versions, err := w.admin.ListCryptoKeyVersions(t.Context(),
		&kmspb.ListCryptoKeyVersionsRequest{Parent: want[0]}).Next()
	if err != nil || versions.GetName() != want[0]+"/cryptoKeyVersions/1" {
		t.Errorf("the first version is %v, %v", versions, err)
	}
	r, err := w.admin.ListKeyRings(t.Context(), &kmspb.ListKeyRingsRequest{Parent: parent}).Next()
	if err != nil || r.GetName() != ring {
		t.Errorf("the first ring is %v, %v", r, err)
	}
}
