package kms

import (
	"bytes"
	"context"
	"crypto/sha256"
	"slices"

	"cloud.google.com/go/kms/apiv1/kmspb"
	"google.golang.org/protobuf/types/known/wrapperspb"
)

// maxBytes is the longest plaintext, and the longest associated data, that Encrypt
// accepts for a SOFTWARE key. Source: google/cloud/kms/v1/service.proto.
const maxBytes = 64 << 10

// A ciphertext is a format byte, a tag of the key version and the output of AES-GCM
// with the nonce first. Google's format is not public and differs.
const (
	format   = 0x0a
	tagBytes = 8
	header   = 1 + tagBytes
	maxSeal  = header + 12 + maxBytes + 16
)

// Encrypt encrypts up to 64 KiB with the key's primary version or with the version
// that is named. Permission: cloudkms.cryptoKeyVersions.useToEncrypt.
func (s *Server) Encrypt(ctx context.Context, r *kmspb.EncryptRequest) (*kmspb.EncryptResponse, error) {
	target, err := s.authorize(ctx, "cloudkms.cryptoKeyVersions.useToEncrypt", r.GetName(), cryptoKey, cryptoKeyVersion)
	if err != nil {
		return nil, err
	}
	if err := checkEncrypt(r); err != nil {
		return nil, err
	}
	used, err := s.toEncrypt(target)
	if err != nil {
		return nil, err
	}
	ciphertext, err := used.seal(r.GetPlaintext(), r.GetAdditionalAuthenticatedData())
	if err != nil {
		return nil, internal(err)
	}
	s.counts.encrypt.Add(1)
	return &kmspb.EncryptResponse{
		Name:                    used.name,
		Ciphertext:              ciphertext,
		CiphertextCrc32C:        checksum(ciphertext),
		VerifiedPlaintextCrc32C: r.GetPlaintextCrc32C() != nil,
		VerifiedAdditionalAuthenticatedDataCrc32C: r.GetAdditionalAuthenticatedDataCrc32C() != nil,
		ProtectionLevel: kmspb.ProtectionLevel_SOFTWARE,
	}, nil
}

// Decrypt decrypts the output of Encrypt if the version that encrypted it is
// enabled. Permission: cloudkms.cryptoKeyVersions.useToDecrypt.
func (s *Server) Decrypt(ctx context.Context, r *kmspb.DecryptRequest) (*kmspb.DecryptResponse, error) {
	target, err := s.authorize(ctx, "cloudkms.cryptoKeyVersions.useToDecrypt", r.GetName(), cryptoKey)
	if err != nil {
		return nil, err
	}
	if err := checkDecrypt(r); err != nil {
		return nil, err
	}
	used, isPrimary, err := s.toDecrypt(target, r.GetCiphertext())
	if err != nil {
		return nil, err
	}
	plaintext, err := used.unseal(r.GetCiphertext(), r.GetAdditionalAuthenticatedData())
	if err != nil {
		return nil, err
	}
	s.counts.decrypt.Add(1)
	return &kmspb.DecryptResponse{
		Plaintext:       plaintext,
		PlaintextCrc32C: checksum(plaintext),
		UsedPrimary:     isPrimary,
		ProtectionLevel: kmspb.ProtectionLevel_SOFTWARE,
	}, nil
}

// secret is the key material of one version, for use without Server.mu.
type secret struct {
	name     string // of the version
	material *material
}

func (s *Server) toEncrypt(target resource) (secret, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	k, err := s.keyFor(target, kmspb.CryptoKey_ENCRYPT_DECRYPT, "encrypt")
	if err != nil {
		return secret{}, err
	}
	v := k.primary()
	if target.kind == cryptoKeyVersion {
		v = k.version(target.name)
	}
	switch {
	case v == nil && target.kind == cryptoKey:
		return secret{}, noPrimary(target.name)
	case v == nil:
		return secret{}, notFound("CryptoKeyVersion", target.name)
	}
	return secret{v.record.Name, v.material}, v.checkEnabled()
}

func (s *Server) toDecrypt(target resource, ciphertext []byte) (used secret, isPrimary bool, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	k, err := s.keyFor(target, kmspb.CryptoKey_ENCRYPT_DECRYPT, "decrypt")
	if err != nil {
		return secret{}, false, err
	}
	i := slices.IndexFunc(k.versions, func(v *version) bool {
		return bytes.HasPrefix(ciphertext, prefix(v.record.Name))
	})
	if i < 0 {
		return secret{}, false, decryptionFailed
	}
	v := k.versions[i]
	return secret{v.record.Name, v.material}, v == k.primary(), v.checkEnabled()
}

func (u secret) seal(plaintext, aad []byte) ([]byte, error) {
	aead, err := u.material.aead()
	if err != nil {
		return nil, err
	}
	return aead.Seal(prefix(u.name), nil, plaintext, u.bind(aad)), nil
}

func (u secret) unseal(ciphertext, aad []byte) ([]byte, error) {
	aead, err := u.material.aead()
	if err != nil {
		return nil, internal(err)
	}
	plaintext, err := aead.Open(nil, nil, ciphertext[header:], u.bind(aad))
	if err != nil {
		return nil, decryptionFailed
	}
	return plaintext, nil
}

// bind returns aad with the version's name, so that the name is authenticated too.
// A name contains no zero byte, so different pairs have different results.
func (u secret) bind(aad []byte) []byte {
	return slices.Concat([]byte(u.name), []byte{0}, aad)
}

// prefix returns the first bytes of every ciphertext of a version.
func prefix(versionName string) []byte {
	sum := sha256.Sum256([]byte(versionName))
	return append([]byte{format}, sum[:tagBytes]...)
}

func checkEncrypt(r *kmspb.EncryptRequest) error {
	return firstError(
		checkSize("plaintext", r.GetPlaintext(), maxBytes),
		checkSize("additional_authenticated_data", r.GetAdditionalAuthenticatedData(), maxBytes),
		verify("plaintext", r.GetPlaintext(), r.GetPlaintextCrc32C()),
		verify("additional_authenticated_data", r.GetAdditionalAuthenticatedData(), r.GetAdditionalAuthenticatedDataCrc32C()),
	)
}

func checkDecrypt(r *kmspb.DecryptRequest) error {
	if len(r.GetCiphertext()) == 0 {
		return invalid("The field ciphertext must not be empty.")
	}
	return firstError(
		checkSize("ciphertext", r.GetCiphertext(), maxSeal),
		checkSize("additional_authenticated_data", r.GetAdditionalAuthenticatedData(), maxBytes),
		verify("ciphertext", r.GetCiphertext(), r.GetCiphertextCrc32C()),
		verify("additional_authenticated_data", r.GetAdditionalAuthenticatedData(), r.GetAdditionalAuthenticatedDataCrc32C()),
	)
}

func checkSize(field string, data []byte, maximum int) error {
	if len(data) > maximum {
		return invalid("The field %s is too large: %d bytes; the maximum is %d.", field, len(data), maximum)
	}
	return nil
}

func firstError(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// verify compares data with the request's checksum, if the request has one.
func verify(field string, data []byte, sum *wrapperspb.Int64Value) error {
	if sum != nil && sum.Value != checksum(data).Value {
		return invalid("The checksum in field %s_crc32c did not match the data in field %s.", field, field)
	}
	return nil
}
