package kms

import (
	"regexp"
	"time"

	"cloud.google.com/go/kms/apiv1/kmspb"
	"google.golang.org/protobuf/types/known/durationpb"
)

// The limits are from google/cloud/kms/v1/resources.proto and
// cloud.google.com/kms/docs/create-key#soft_delete (for the duration).
const (
	minRotation  = 24 * time.Hour
	maxRotation  = 876_000 * time.Hour
	minScheduled = 24 * time.Hour
	maxScheduled = 120 * 24 * time.Hour
	maxLabels    = 64
)

var defaultDestroyScheduled = durationpb.New(30 * 24 * time.Hour)

// Labels follow cloud.google.com/kms/docs/labeling-keys, but only ASCII letters are supported.
var (
	labelKey   = regexp.MustCompile(`^[a-z][a-z0-9_-]{0,62}$`)
	labelValue = regexp.MustCompile(`^[a-z0-9_-]{0,63}$`)
)

// purposes lists the algorithms that keys of each purpose may have.
var purposes = map[kmspb.CryptoKey_CryptoKeyPurpose][]kmspb.CryptoKeyVersion_CryptoKeyVersionAlgorithm{
	kmspb.CryptoKey_ENCRYPT_DECRYPT: {
		kmspb.CryptoKeyVersion_GOOGLE_SYMMETRIC_ENCRYPTION,
	},
	kmspb.CryptoKey_ASYMMETRIC_SIGN: {
		kmspb.CryptoKeyVersion_RSA_SIGN_PKCS1_2048_SHA256,
		kmspb.CryptoKeyVersion_RSA_SIGN_PKCS1_3072_SHA256,
		kmspb.CryptoKeyVersion_RSA_SIGN_PKCS1_4096_SHA256,
		kmspb.CryptoKeyVersion_EC_SIGN_P256_SHA256,
		kmspb.CryptoKeyVersion_EC_SIGN_ED25519,
	},
}

// templateOf returns the request's template with defaults for the protection level
// and for the algorithm of encryption keys.
func templateOf(requested *kmspb.CryptoKey) *kmspb.CryptoKeyVersionTemplate {
	t := &kmspb.CryptoKeyVersionTemplate{
		Algorithm:       requested.GetVersionTemplate().GetAlgorithm(),
		ProtectionLevel: requested.GetVersionTemplate().GetProtectionLevel(),
	}
	if t.ProtectionLevel == kmspb.ProtectionLevel_PROTECTION_LEVEL_UNSPECIFIED {
		t.ProtectionLevel = kmspb.ProtectionLevel_SOFTWARE
	}
	if t.Algorithm == 0 && requested.GetPurpose() == kmspb.CryptoKey_ENCRYPT_DECRYPT {
		t.Algorithm = kmspb.CryptoKeyVersion_GOOGLE_SYMMETRIC_ENCRYPTION
	}
	return t
}

// merge copies the fields that the mask names.
func merge(into, from *kmspb.CryptoKey, paths []string) error {
	if len(paths) == 0 {
		return invalid("The field update_mask must be set.")
	}
	for _, path := range paths {
		switch path {
		case "labels":
			into.Labels = from.GetLabels()
		case "next_rotation_time":
			into.NextRotationTime = from.GetNextRotationTime()
		case "rotation_period":
			into.RotationSchedule = from.GetRotationSchedule()
		case "version_template", "version_template.algorithm":
			into.VersionTemplate.Algorithm = from.GetVersionTemplate().GetAlgorithm()
		default:
			return invalid("The field %q cannot be updated.", path)
		}
	}
	return nil
}

func checkRecord(k *kmspb.CryptoKey, now time.Time) error {
	return firstError(checkTemplate(k), checkRotation(k, now), checkScheduled(k), checkLabels(k))
}

func checkTemplate(k *kmspb.CryptoKey) error {
	algorithms, known := purposes[k.Purpose]
	switch {
	case k.Purpose == kmspb.CryptoKey_CRYPTO_KEY_PURPOSE_UNSPECIFIED:
		return invalid("The field crypto_key.purpose must be set.")
	case !known:
		return unmodelled("Purpose " + k.Purpose.String())
	case k.VersionTemplate.ProtectionLevel != kmspb.ProtectionLevel_SOFTWARE:
		return unmodelled("Protection level " + k.VersionTemplate.ProtectionLevel.String())
	}
	for _, algorithm := range algorithms {
		if algorithm == k.VersionTemplate.Algorithm {
			return nil
		}
	}
	return invalid("Algorithm %s is not one of purpose %s.", k.VersionTemplate.Algorithm, k.Purpose)
}

func checkRotation(k *kmspb.CryptoKey, now time.Time) error {
	next, period := k.NextRotationTime, k.GetRotationPeriod()
	switch {
	case next == nil && period == nil:
		return nil
	case k.Purpose != kmspb.CryptoKey_ENCRYPT_DECRYPT:
		return invalid("Keys with purpose %s cannot be rotated automatically.", k.Purpose)
	case next == nil:
		return invalid("If rotation_period is set, next_rotation_time must be set too.")
	case !next.IsValid() || !next.AsTime().After(now):
		return invalid("The field next_rotation_time must be in the future.")
	case period != nil && !within(period, minRotation, maxRotation):
		return invalid("The field rotation_period must be from 24 to 876000 hours.")
	}
	return nil
}

func checkScheduled(k *kmspb.CryptoKey) error {
	if !within(k.DestroyScheduledDuration, minScheduled, maxScheduled) {
		return invalid("The field destroy_scheduled_duration must be from 24 hours to 120 days.")
	}
	return nil
}

func checkLabels(k *kmspb.CryptoKey) error {
	if len(k.Labels) > maxLabels {
		return invalid("There may be %d labels at most.", maxLabels)
	}
	for name, value := range k.Labels {
		if !labelKey.MatchString(name) || !labelValue.MatchString(value) {
			return invalid("The label %q is invalid.", name)
		}
	}
	return nil
}

func within(d *durationpb.Duration, least, most time.Duration) bool {
	return d.IsValid() && d.AsDuration() >= least && d.AsDuration() <= most
}
