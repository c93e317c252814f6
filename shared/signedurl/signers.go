package signedurl

import (
	"context"
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"errors"
	"fmt"
	"hash/crc32"

	credentials "cloud.google.com/go/iam/credentials/apiv1"
	"cloud.google.com/go/iam/credentials/apiv1/credentialspb"
	kms "cloud.google.com/go/kms/apiv1"
	"cloud.google.com/go/kms/apiv1/kmspb"
	"google.golang.org/protobuf/types/known/wrapperspb"
)

// IAM signs with the account's Google-managed key, which nobody can export. It
// calls signBlob once per URL. The quota is 60,000 calls per minute and project:
// cloud.google.com/iam/quotas. The caller needs iam.serviceAccounts.signBlob on the
// account.
type IAM struct {
	client  *credentials.IamCredentialsClient
	account string
}

// NewIAM returns a Signer that signs as account with client.
func NewIAM(client *credentials.IamCredentialsClient, account string) *IAM {
	return &IAM{client, account}
}

// Account implements Signer.
func (s *IAM) Account() string { return s.account }

// Sign implements Signer.
func (s *IAM) Sign(ctx context.Context, payload []byte) ([]byte, error) {
	reply, err := s.client.SignBlob(ctx, &credentialspb.SignBlobRequest{
		Name: "projects/-/serviceAccounts/" + s.account, Payload: payload,
	})
	if err != nil {
		return nil, fmt.Errorf("sign as the tenant's account: %w", err)
	}
	return reply.SignedBlob, nil
}

// KMS signs with an RSA_SIGN_PKCS1_*_SHA256 key in Cloud KMS, whose public key
// was uploaded to the account. The caller needs
// cloudkms.cryptoKeyVersions.useToSign on the key.
type KMS struct {
	client  *kms.KeyManagementClient
	version string
	account string
}

// NewKMS returns a Signer that signs as account with a key version
// (projects/…/cryptoKeyVersions/…).
func NewKMS(client *kms.KeyManagementClient, version, account string) *KMS {
	return &KMS{client, version, account}
}

// Account implements Signer.
func (s *KMS) Account() string { return s.account }

// Sign implements Signer.
func (s *KMS) Sign(ctx context.Context, payload []byte) ([]byte, error) {
	digest := sha256.Sum256(payload)
	reply, err := s.client.AsymmetricSign(ctx, &kmspb.AsymmetricSignRequest{
		Name:         s.version,
		Digest:       &kmspb.Digest{Digest: &kmspb.Digest_Sha256{Sha256: digest[:]}},
		DigestCrc32C: wrapperspb.Int64(checksum(digest[:])),
	})
	if err != nil {
		return nil, fmt.Errorf("sign with the key in Cloud KMS: %w", err)
	}
	if !reply.VerifiedDigestCrc32C || reply.SignatureCrc32C.GetValue() != checksum(reply.Signature) {
		return nil, errors.New("sign with the key in Cloud KMS: the checksum of the reply does not match")
	}
	return reply.Signature, nil
}

func checksum(b []byte) int64 {
	return int64(crc32.Checksum(b, crc32.MakeTable(crc32.Castagnoli)))
}

// Local signs with a private key in memory. It is for processes that cannot call
// Google to sign. The key must be one of the account's keys.
type Local struct {
	key     *rsa.PrivateKey
	account string
}

// NewLocal returns a Signer that signs as account with key.
func NewLocal(key *rsa.PrivateKey, account string) *Local { return &Local{key, account} }

// Account implements Signer.
func (s *Local) Account() string { return s.account }

// Sign implements Signer.
func (s *Local) Sign(_ context.Context, payload []byte) ([]byte, error) {
	digest := sha256.Sum256(payload)
	return rsa.SignPKCS1v15(nil, s.key, crypto.SHA256, digest[:])
}
