package kms_test

import (
	"bytes"
	"hash/crc32"
	"slices"
	"testing"

	"cloud.google.com/go/kms/apiv1/kmspb"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/wrapperspb"

	"github.com/strongroom-dev/strongroom/emulator/kms"
)

func crc(data []byte) *wrapperspb.Int64Value {
	return wrapperspb.Int64(int64(crc32.Checksum(data, crc32.MakeTable(crc32.Castagnoli))))
}

func TestWhatIsEncryptedDecryptsUnderTheSameKeyAndAAD(t *testing.T) {
	t.Parallel()
	f := newFixture(t, "")
	key := f.key("acme")
	text, aad := []byte("the plaintext"), []byte("tenants/acme/deks/1")
	sealed, err := f.user.Encrypt(t.Context(), &kmspb.EncryptRequest{
		Name: key, Plaintext: text, AdditionalAuthenticatedData: aad,
		PlaintextCrc32C: crc(text), AdditionalAuthenticatedDataCrc32C: crc(aad),
	})
	if err != nil {
		t.Fatal(err)
	}
	if !sealed.GetVerifiedPlaintextCrc32C() || !sealed.GetVerifiedAdditionalAuthenticatedDataCrc32C() ||
		sealed.GetCiphertextCrc32C().GetValue() != crc(sealed.GetCiphertext()).GetValue() ||
		sealed.GetName() != key+"/cryptoKeyVersions/1" {
		t.Errorf("encrypt returned %v", sealed)
	}
	if bytes.Contains(sealed.GetCiphertext(), text) {
		t.Error("the ciphertext holds the plaintext")
	}
	opened, err := f.user.Decrypt(t.Context(), &kmspb.DecryptRequest{
		Name: key, Ciphertext: sealed.GetCiphertext(), CiphertextCrc32C: sealed.GetCiphertextCrc32C(),
		AdditionalAuthenticatedData: aad, AdditionalAuthenticatedDataCrc32C: crc(aad),
	})
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(opened.GetPlaintext(), text) || !opened.GetUsedPrimary() ||
		opened.GetPlaintextCrc32C().GetValue() != crc(text).GetValue() {
		t.Errorf("decrypt returned %v", opened)
	}
	if got, want := f.kms.Counts(), (kms.Counts{Encrypt: 1, Decrypt: 1}); got != want {
		t.Errorf("counts are %+v, want %+v", got, want)
	}
}

func TestDecryptRejectsWhatTheKeyDidNotEncrypt(t *testing.T) {
	t.Parallel()
	f := newFixture(t, "")
	acme, globex := f.key("acme"), f.key("globex")
	good := f.encrypt(acme, "text", "aad").GetCiphertext()
	flipped := slices.Clone(good)
	flipped[len(flipped)-1] ^= 1
	forged := slices.Concat(f.encrypt(globex, "text", "aad").GetCiphertext()[:9], good[9:])
	for name, c := range map[string]struct {
		key        string
		ciphertext []byte
		aad        string
	}{
		"another key's ciphertext":            {globex, good, "aad"},
		"another key's, marked as this key's": {globex, forged, "aad"},
		"other associated data":               {acme, good, "aae"},
		"no associated data":                  {acme, good, ""},
		"a changed bit":                       {acme, flipped, "aad"},
		"a truncated ciphertext":              {acme, good[:len(good)-1], "aad"},
		"a header alone":                      {acme, good[:9], "aad"},
		"a single byte":                       {acme, good[:1], "aad"},
		"nothing":                             {acme, nil, "aad"},
		"a ciphertext with an extra byte":     {acme, append(slices.Clone(good), 0), "aad"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := f.decrypt(c.key, c.ciphertext, c.aad)
			wantCode(t, err, codes.InvalidArgument)
		})
	}
	_, err := f.decrypt(globex, good, "aad")
	if want := "Decryption failed: verify that 'name' refers to the correct CryptoKey."; status.Convert(err).Message() != want {
		t.Errorf("the error text is %q", status.Convert(err).Message())
	}
}

func TestSizesAndChecksumsAreEnforced(t *testing.T) {
	t.Parallel()
	f := newFixture(t, "")
	key := f.key("acme")
	full, over := make([]byte, 64<<10), make([]byte, 64<<10+1)
	wrong := wrapperspb.Int64(1)
	for name, c := range map[string]struct {
		request *kmspb.EncryptRequest
		want    codes.Code
	}{
		"64 KiB of both":                    {&kmspb.EncryptRequest{Plaintext: full, AdditionalAuthenticatedData: full}, codes.OK},
		"empty fields":                      {&kmspb.EncryptRequest{}, codes.OK},
		"a plaintext one byte too long":     {&kmspb.EncryptRequest{Plaintext: over}, codes.InvalidArgument},
		"associated data one byte too long": {&kmspb.EncryptRequest{AdditionalAuthenticatedData: over}, codes.InvalidArgument},
		"a wrong plaintext checksum":        {&kmspb.EncryptRequest{Plaintext: full, PlaintextCrc32C: wrong}, codes.InvalidArgument},
		"a wrong checksum of the associated data": {
			&kmspb.EncryptRequest{AdditionalAuthenticatedDataCrc32C: wrong}, codes.InvalidArgument},
	} {
		t.Run(name, func(t *testing.T) {
			c.request.Name = key
			sealed, err := f.user.Encrypt(t.Context(), c.request)
			wantCode(t, err, c.want)
			if err == nil {
				f.wantDecrypted(key, sealed.GetCiphertext(), string(c.request.AdditionalAuthenticatedData), string(c.request.Plaintext))
			}
		})
	}
	sealed := f.encrypt(key, "text", "")
	_, err := f.user.Decrypt(t.Context(), &kmspb.DecryptRequest{
		Name: key, Ciphertext: sealed.GetCiphertext(), CiphertextCrc32C: wrong})
	wantCode(t, err, codes.InvalidArgument)
}
