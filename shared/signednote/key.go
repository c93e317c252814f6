// Package signednote signs C2SP notes (c2sp.org/signed-note) with Ed25519 keys
// in Cloud KMS. The checkpoints of audit logs are such notes.
//
// One KMS key signs under many names: the name of an audit log is its origin, so
// each log has a verifier key of its own, which no other log's notes satisfy.
// A key is rotated by adding a version. Each version is a new verifier key, and
// the old ones stay published, so that old notes still verify.
package signednote

import (
	"context"
	"crypto/ed25519"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"hash/crc32"
	"sort"
	"strconv"
	"strings"

	kms "cloud.google.com/go/kms/apiv1"
	"cloud.google.com/go/kms/apiv1/kmspb"
	"golang.org/x/mod/sumdb/note"
	"google.golang.org/api/iterator"
	"google.golang.org/protobuf/types/known/wrapperspb"
)

// ErrNoVersion is the error of a KMS key without an enabled version.
var ErrNoVersion = errors.New("the signing key has no enabled version")

// Key is one version of an Ed25519 key in Cloud KMS.
type Key struct {
	VersionName string // projects/…/cryptoKeyVersions/…
	Public      ed25519.PublicKey
}

// VerifierKey returns the key in the form that verifiers take, for notes that
// are signed under name: "NAME+HASH+KEY".
func (k Key) VerifierKey(name string) (string, error) {
	text, err := note.NewEd25519VerifierKey(name, k.Public)
	if err != nil {
		return "", fmt.Errorf("name verifier key: %w", err)
	}
	return text, nil
}

// Keys returns the versions of a KMS key that can verify, the oldest first.
// Disabled versions have no public key at Cloud KMS, so a version that is
// retired from signing must stay enabled until no note of it matters.
func Keys(ctx context.Context, client *kms.KeyManagementClient, keyName string) ([]Key, error) {
	versions := client.ListCryptoKeyVersions(ctx, &kmspb.ListCryptoKeyVersionsRequest{Parent: keyName})
	var keys []Key
	for {
		v, err := versions.Next()
		if errors.Is(err, iterator.Done) {
			break
		}
		if err != nil {
			return nil, fmt.Errorf("list versions of the signing key: %w", err)
		}
		if v.GetState() != kmspb.CryptoKeyVersion_ENABLED {
			continue
		}
		public, err := publicKey(ctx, client, v.GetName())
		if err != nil {
			return nil, err
		}
		keys = append(keys, Key{v.GetName(), public})
	}
	if len(keys) == 0 {
		return nil, ErrNoVersion
	}
	sort.Slice(keys, func(i, j int) bool { return versionNumber(keys[i]) < versionNumber(keys[j]) })
	return keys, nil
}

func versionNumber(k Key) int {
	n, _ := strconv.Atoi(k.VersionName[strings.LastIndexByte(k.VersionName, '/')+1:])
	return n
}

func publicKey(ctx context.Context, client *kms.KeyManagementClient, version string) (ed25519.PublicKey, error) {
	answer, err := client.GetPublicKey(ctx, &kmspb.GetPublicKeyRequest{Name: version})
	if err != nil {
		return nil, fmt.Errorf("read public key: %w", err)
	}
	block, _ := pem.Decode([]byte(answer.GetPem()))
	if block == nil {
		return nil, errors.New("read public key: it is not PEM")
	}
	parsed, err := x509.ParsePKIXPublicKey(block.Bytes)
	if err != nil {
		return nil, fmt.Errorf("read public key: %w", err)
	}
	public, ok := parsed.(ed25519.PublicKey)
	if !ok {
		return nil, fmt.Errorf("read public key: %T is not an Ed25519 key", parsed)
	}
	return public, nil
}

// Sign returns text as a note that k has signed under name. The text ends with
// a newline.
func (k Key) Sign(ctx context.Context, client *kms.KeyManagementClient, name, text string) ([]byte, error) {
	verifierKey, err := k.VerifierKey(name)
	if err != nil {
		return nil, err
	}
	verifier, err := note.NewVerifier(verifierKey)
	if err != nil {
		return nil, fmt.Errorf("sign note: %w", err)
	}
	signed, err := note.Sign(&note.Note{Text: text}, kmsSigner{verifier, func(message []byte) ([]byte, error) {
		return k.signData(ctx, client, message)
	}})
	if err != nil {
		return nil, fmt.Errorf("sign note: %w", err)
	}
	return signed, nil
}

// kmsSigner is a note.Signer whose key is in Cloud KMS.
type kmsSigner struct {
	note.Verifier
	sign func([]byte) ([]byte, error)
}

// Sign implements note.Signer.
func (s kmsSigner) Sign(message []byte) ([]byte, error) { return s.sign(message) }

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

func checksum(data []byte) int64 { return int64(crc32.Checksum(data, castagnoli)) }

// signData has Cloud KMS sign data, with the checksums of
// cloud.google.com/kms/docs/data-integrity-guidelines, and verifies the
// signature, so that a wrong one is never published.
func (k Key) signData(ctx context.Context, client *kms.KeyManagementClient, data []byte) ([]byte, error) {
	answer, err := client.AsymmetricSign(ctx, &kmspb.AsymmetricSignRequest{
		Name: k.VersionName, Data: data, DataCrc32C: wrapperspb.Int64(checksum(data)),
	})
	if err != nil {
		return nil, fmt.Errorf("sign: %w", err)
	}
	signature := answer.GetSignature()
	if !answer.GetVerifiedDataCrc32C() || answer.GetName() != k.VersionName ||
		answer.GetSignatureCrc32C().GetValue() != checksum(signature) || !ed25519.Verify(k.Public, data, signature) {
		return nil, errors.New("sign: the answer of Cloud KMS was changed on its way")
	}
	return signature, nil
}
