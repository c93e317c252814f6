package kms_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/pem"
	"testing"

	"cloud.google.com/go/kms/apiv1/kmspb"
	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/types/known/wrapperspb"
)

func (f *fixture) signingVersion(algorithm kmspb.CryptoKeyVersion_CryptoKeyVersionAlgorithm) string {
	f.t.Helper()
	return f.keyLike("signer", &kmspb.CryptoKey{
		Purpose:         kmspb.CryptoKey_ASYMMETRIC_SIGN,
		VersionTemplate: &kmspb.CryptoKeyVersionTemplate{Algorithm: algorithm},
	}) + "/cryptoKeyVersions/1"
}

func (f *fixture) publicKey(version string) any {
	f.t.Helper()
	public, err := f.user.GetPublicKey(f.t.Context(), &kmspb.GetPublicKeyRequest{Name: version})
	if err != nil {
		f.t.Fatal(err)
	}
	if public.GetPemCrc32C().GetValue() != crc([]byte(public.GetPem())).GetValue() {
		f.t.Error("the checksum of the public key is wrong")
	}
	block, _ := pem.Decode([]byte(public.GetPem()))
	key, err := x509.ParsePKIXPublicKey(block.Bytes)
	if err != nil {
		f.t.Fatal(err)
	}
	return key
}

func (f *fixture) sign(version string, digest []byte) *kmspb.AsymmetricSignResponse {
	f.t.Helper()
	signed, err := f.user.AsymmetricSign(f.t.Context(), &kmspb.AsymmetricSignRequest{
		Name: version, DigestCrc32C: crc(digest),
		Digest: &kmspb.Digest{Digest: &kmspb.Digest_Sha256{Sha256: digest}},
	})
	if err != nil {
		f.t.Fatal(err)
	}
	if !signed.GetVerifiedDigestCrc32C() || signed.GetName() != version ||
		signed.GetSignatureCrc32C().GetValue() != crc(signed.GetSignature()).GetValue() {
		f.t.Errorf("sign returned %v", signed)
	}
	return signed
}

func TestSignaturesVerifyWithThePublicKey(t *testing.T) {
	t.Parallel()
	digest := sha256.Sum256([]byte("a manifest"))
	t.Run("RSA of 2048 bits, kept across a restart", func(t *testing.T) {
		t.Parallel()
		dir := t.TempDir()
		f := newFixture(t, dir)
		version := f.signingVersion(kmspb.CryptoKeyVersion_RSA_SIGN_PKCS1_2048_SHA256)
		signature := f.sign(version, digest[:]).GetSignature()
		key := newFixture(t, dir).publicKey(version).(*rsa.PublicKey)
		if err := rsa.VerifyPKCS1v15(key, crypto.SHA256, digest[:], signature); err != nil {
			t.Error(err)
		}
	})
	t.Run("Ed25519, of the data itself", func(t *testing.T) {
		t.Parallel()
		dir := t.TempDir()
		f := newFixture(t, dir)
		version := f.signingVersion(kmspb.CryptoKeyVersion_EC_SIGN_ED25519)
		signed, err := f.user.AsymmetricSign(t.Context(), &kmspb.AsymmetricSignRequest{Name: version, Data: []byte("a checkpoint"), DataCrc32C: crc([]byte("a checkpoint"))})
		if err != nil {
			t.Fatal(err)
		}
		if key := newFixture(t, dir).publicKey(version).(ed25519.PublicKey); !signed.GetVerifiedDataCrc32C() || !ed25519.Verify(key, []byte("a checkpoint"), signed.GetSignature()) {
			t.Error("the signature does not verify")
		}
	})
	t.Run("P-256", func(t *testing.T) {
		t.Parallel()
		f := newFixture(t, "")
		version := f.signingVersion(kmspb.CryptoKeyVersion_EC_SIGN_P256_SHA256)
		key := f.publicKey(version).(*ecdsa.PublicKey)
		if !ecdsa.VerifyASN1(key, digest[:], f.sign(version, digest[:]).GetSignature()) {
			t.Error("the signature does not verify")
		}
	})
}

func TestSigningRejectsABadDigest(t *testing.T) {
	t.Parallel()
	f := newFixture(t, "")
	version := f.signingVersion(kmspb.CryptoKeyVersion_EC_SIGN_P256_SHA256)
	digest := make([]byte, 32)
	sha := func(b []byte) *kmspb.Digest { return &kmspb.Digest{Digest: &kmspb.Digest_Sha256{Sha256: b}} }
	for name, r := range map[string]*kmspb.AsymmetricSignRequest{
		"too short":             {Digest: sha(digest[1:])},
		"of another hash":       {Digest: &kmspb.Digest{Digest: &kmspb.Digest_Sha384{Sha384: make([]byte, 48)}}},
		"with a wrong checksum": {Digest: sha(digest), DigestCrc32C: wrapperspb.Int64(1)},
		"with data as well":     {Digest: sha(digest), Data: []byte("data")},
	} {
		t.Run(name, func(t *testing.T) {
			r.Name = version
			_, err := f.user.AsymmetricSign(t.Context(), r)
			wantCode(t, err, codes.InvalidArgument)
		})
	}
}

func TestEd25519SignsDataOnly(t *testing.T) {
	t.Parallel()
	f := newFixture(t, "")
	version := f.signingVersion(kmspb.CryptoKeyVersion_EC_SIGN_ED25519)
	for name, r := range map[string]*kmspb.AsymmetricSignRequest{
		"a digest":                      {Digest: &kmspb.Digest{Digest: &kmspb.Digest_Sha256{Sha256: make([]byte, 32)}}},
		"data with a wrong checksum":    {Data: []byte("data"), DataCrc32C: wrapperspb.Int64(1)},
		"data over the limit of 64 KiB": {Data: make([]byte, 64<<10+1)},
	} {
		t.Run(name, func(t *testing.T) {
			r.Name = version
			_, err := f.user.AsymmetricSign(t.Context(), r)
			wantCode(t, err, codes.InvalidArgument)
		})
	}
}

func TestADisabledVersionDoesNotSign(t *testing.T) {
	t.Parallel()
	f := newFixture(t, "")
	version := f.signingVersion(kmspb.CryptoKeyVersion_EC_SIGN_P256_SHA256)
	if err := f.setState(version, kmspb.CryptoKeyVersion_DISABLED); err != nil {
		t.Fatal(err)
	}
	_, err := f.user.AsymmetricSign(t.Context(), &kmspb.AsymmetricSignRequest{Name: version, Data: []byte("data")})
	wantViolation(t, err, "KEY_DISABLED", version)
	_, err = f.user.GetPublicKey(t.Context(), &kmspb.GetPublicKeyRequest{Name: version})
	wantViolation(t, err, "KEY_DISABLED", version)
}

func TestAKeyServesOnlyItsPurpose(t *testing.T) {
	t.Parallel()
	f := newFixture(t, "")
	signer := f.signingVersion(kmspb.CryptoKeyVersion_EC_SIGN_P256_SHA256)
	sealer := f.key("acme")
	_, err := f.user.Encrypt(t.Context(), &kmspb.EncryptRequest{Name: signer})
	wantCode(t, err, codes.FailedPrecondition)
	_, err = f.user.AsymmetricSign(t.Context(), &kmspb.AsymmetricSignRequest{Name: sealer + "/cryptoKeyVersions/1"})
	wantCode(t, err, codes.FailedPrecondition)
}
