package kms

import (
	"context"
	"crypto"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/pem"

	"cloud.google.com/go/kms/apiv1/kmspb"
)

// AsymmetricSign signs a SHA-256 digest, or the digest of the data, with
// RSASSA-PKCS1-v1_5 or with ECDSA in DER. Permission:
// cloudkms.cryptoKeyVersions.useToSign.
func (s *Server) AsymmetricSign(ctx context.Context, r *kmspb.AsymmetricSignRequest) (*kmspb.AsymmetricSignResponse, error) {
	target, err := s.authorize(ctx, "cloudkms.cryptoKeyVersions.useToSign", r.GetName(), cryptoKeyVersion)
	if err != nil {
		return nil, err
	}
	digest, err := digestOf(r)
	if err != nil {
		return nil, err
	}
	v, m, err := s.toSign(target)
	if err != nil {
		return nil, err
	}
	signature, err := m.sign(digest)
	if err != nil {
		return nil, internal(err)
	}
	s.counts.sign.Add(1)
	return &kmspb.AsymmetricSignResponse{
		Name:                 v.GetName(),
		Signature:            signature,
		SignatureCrc32C:      checksum(signature),
		VerifiedDigestCrc32C: r.GetDigestCrc32C() != nil,
		VerifiedDataCrc32C:   r.GetDataCrc32C() != nil,
		ProtectionLevel:      v.GetProtectionLevel(),
	}, nil
}

// GetPublicKey returns the public key of a version as PEM. Permission:
// cloudkms.cryptoKeyVersions.viewPublicKey.
func (s *Server) GetPublicKey(ctx context.Context, r *kmspb.GetPublicKeyRequest) (*kmspb.PublicKey, error) {
	target, err := s.authorize(ctx, "cloudkms.cryptoKeyVersions.viewPublicKey", r.GetName(), cryptoKeyVersion)
	if err != nil {
		return nil, err
	}
	format := r.GetPublicKeyFormat()
	if format != kmspb.PublicKey_PUBLIC_KEY_FORMAT_UNSPECIFIED && format != kmspb.PublicKey_PEM {
		return nil, unmodeled("A public key format other than PEM")
	}
	v, m, err := s.toSign(target)
	if err != nil {
		return nil, err
	}
	text, err := m.publicPEM()
	if err != nil {
		return nil, internal(err)
	}
	return &kmspb.PublicKey{
		Name:            v.GetName(),
		Algorithm:       v.GetAlgorithm(),
		ProtectionLevel: v.GetProtectionLevel(),
		Pem:             string(text),
		PemCrc32C:       checksum(text),
		PublicKeyFormat: kmspb.PublicKey_PEM,
		PublicKey:       &kmspb.ChecksummedData{Data: text, Crc32CChecksum: checksum(text)},
	}, nil
}

// toSign returns an enabled version of a signing key.
func (s *Server) toSign(target resource) (*kmspb.CryptoKeyVersion, *material, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	k, err := s.keyFor(target, kmspb.CryptoKey_ASYMMETRIC_SIGN, "sign")
	if err != nil {
		return nil, nil, err
	}
	v := k.version(target.name)
	if v == nil {
		return nil, nil, notFound("CryptoKeyVersion", target.name)
	}
	return v.public(), v.material, v.checkEnabled()
}

func (m *material) sign(digest []byte) ([]byte, error) {
	signer, err := m.signer()
	if err != nil {
		return nil, err
	}
	return signer.Sign(rand.Reader, digest, crypto.SHA256)
}

func (m *material) publicPEM() ([]byte, error) {
	signer, err := m.signer()
	if err != nil {
		return nil, err
	}
	der, err := x509.MarshalPKIXPublicKey(signer.Public())
	if err != nil {
		return nil, err
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}), nil
}

// digestOf returns the SHA-256 digest of a request. Every modeled algorithm uses
// SHA-256.
func digestOf(r *kmspb.AsymmetricSignRequest) ([]byte, error) {
	if r.GetDigest() == nil {
		sum := sha256.Sum256(r.GetData())
		return sum[:], firstError(checkSize("data", r.GetData(), maxBytes), verify("data", r.GetData(), r.GetDataCrc32C()))
	}
	digest := r.GetDigest().GetSha256()
	switch {
	case len(r.GetData()) != 0:
		return nil, invalid("The fields digest and data cannot be set together.")
	case len(digest) != sha256.Size:
		return nil, invalid("The field digest.sha256 must hold %d bytes.", sha256.Size)
	}
	return digest, verify("digest", digest, r.GetDigestCrc32C())
}
