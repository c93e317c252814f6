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

// AsymmetricSign signs a message. RSASSA-PKCS1-v1_5 and ECDSA (in DER) sign a
// SHA-256 digest, which the request has or which is computed from its data.
// Ed25519 (RFC 8032, pure) signs the data itself. Permission:
// cloudkms.cryptoKeyVersions.useToSign.
func (s *Server) AsymmetricSign(ctx context.Context, r *kmspb.AsymmetricSignRequest) (*kmspb.AsymmetricSignResponse, error) {
	target, err := s.authorize(ctx, "cloudkms.cryptoKeyVersions.useToSign", r.GetName(), cryptoKeyVersion)
	if err != nil {
		return nil, err
	}
	v, m, err := s.toSign(target)
	if err != nil {
		return nil, err
	}
	message, hash, err := signInput(r, v.GetAlgorithm())
	if err != nil {
		return nil, err
	}
	signature, err := m.sign(message, hash)
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
		return nil, unmodelled("A public key format other than PEM")
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

func (m *material) sign(message []byte, hash crypto.Hash) ([]byte, error) {
	signer, err := m.signer()
	if err != nil {
		return nil, err
	}
	return signer.Sign(rand.Reader, message, hash)
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

// signInput returns what a version signs, and the hash that made it (zero:
// none).
func signInput(r *kmspb.AsymmetricSignRequest, algorithm kmspb.CryptoKeyVersion_CryptoKeyVersionAlgorithm) ([]byte, crypto.Hash, error) {
	if algorithm != kmspb.CryptoKeyVersion_EC_SIGN_ED25519 {
		digest, err := digestOf(r)
		return digest, crypto.SHA256, err
	}
	if r.GetDigest() != nil {
		return nil, 0, invalid("The field digest cannot be set for EC_SIGN_ED25519, which signs data.")
	}
	return r.GetData(), 0, checkData(r)
}

// digestOf returns the SHA-256 digest of a request.
func digestOf(r *kmspb.AsymmetricSignRequest) ([]byte, error) {
	if r.GetDigest() == nil {
		sum := sha256.Sum256(r.GetData())
		return sum[:], checkData(r)
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

func checkData(r *kmspb.AsymmetricSignRequest) error {
	return firstError(checkSize("data", r.GetData(), maxBytes), verify("data", r.GetData(), r.GetDataCrc32C()))
}
