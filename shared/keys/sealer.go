// Package keys encrypts the confidential fields of documents with AES-256-GCM,
// under data keys that a Cloud KMS key wraps. A sealed value opens only while that
// KMS key is enabled, and only in the document that it was sealed for.
//
// For example, this happens when the title of an issue of tenant acme is stored:
//
//  1. Seal reads the newest wrapped data key, tenants/acme/deks/0000000002, and has
//     KMS unwrap it. The document's ID is the key's epoch, here 2.
//  2. Seal encrypts the title. The associated data is the path of the issue's
//     document, tenants/acme/workspaces/prod/issues/{id}.
//  3. The stored value is 01 00000002, the nonce, the ciphertext and the tag. Open
//     reads the epoch from it and uses that epoch's data key.
//
// The consequences:
//
//   - One KMS call serves all values of an epoch for five minutes, which is how
//     long a data key is cached. A disabled KMS key therefore takes effect within
//     five minutes.
//   - A value that is copied to another document does not open, because the path
//     differs.
//   - Values are sealed under a new data key every 90 days. Reseal moves older
//     values to it. The old data keys are still needed to open a backup.
//
// An EnvelopeSealer seals values that its own process cannot open later, and an
// EnvelopeOpener opens them. The audit log uses them.
//
// infra/adr/0003-sealed-fields.md has the reasons.
package keys

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"time"

	"cloud.google.com/go/firestore"
	kms "cloud.google.com/go/kms/apiv1"
	"github.com/tink-crypto/tink-go/v2/aead/subtle"
)

const (
	version    = 1
	headerSize = 1 + 4 // version, epoch
)

// epochLifetime is how long new values are sealed under one data key. After it,
// the key still opens the values that it sealed.
const epochLifetime = 90 * 24 * time.Hour

// ErrSealed is the error of a value that cannot be opened: it was sealed under
// another key or for other associated data, or it was changed.
var ErrSealed = errors.New("sealed value cannot be opened")

// ErrKeyUnavailable is the error of a KMS key that is disabled or destroyed, or
// that this account may not use.
var ErrKeyUnavailable = errors.New("the key is not available")

// Config configures a Sealer.
type Config struct {
	Collection *firestore.CollectionRef // of wrapped data keys, one document per epoch
	KeyName    string                   // projects/…/cryptoKeys/…
	KMS        *kms.KeyManagementClient
	Now        func() time.Time
	Function   string // whose use of the key is recorded; empty: not recorded. See Seen
}

// Sealer seals and opens values. It is safe for concurrent use.
type Sealer struct {
	keys *keyring[*subtle.AESGCM]
}

// NewSealer returns the sealer for config. It does not read anything yet.
func NewSealer(config Config) *Sealer {
	return &Sealer{newKeyring(config, func(raw []byte) (*subtle.AESGCM, error) {
		defer clear(raw)
		return subtle.NewAESGCM(raw)
	})}
}

// Seal encrypts plaintext. The associated data is usually the RelativePath of the
// document, and Open needs the same. The result is the version (1 byte), the epoch
// (4 bytes, big-endian), the nonce (12 bytes), the ciphertext and the tag (16
// bytes). Seal creates the first data key of a collection, and the next one when
// the newest is older than 90 days.
func (s *Sealer) Seal(ctx context.Context, plaintext, associatedData []byte) ([]byte, error) {
	key, err := s.keys.newest(ctx, epochLifetime)
	if err != nil {
		return nil, err
	}
	ciphertext, err := key.key.Encrypt(plaintext, associatedData)
	if err != nil {
		return nil, fmt.Errorf("seal: %w", err)
	}
	header := binary.BigEndian.AppendUint32([]byte{version}, key.epoch)
	return append(header, ciphertext...), nil
}

// Open decrypts a value that Seal returned for the same associated data. It returns
// ErrSealed for any other value, and ErrKeyUnavailable if the KMS key cannot be
// used.
func (s *Sealer) Open(ctx context.Context, sealed, associatedData []byte) ([]byte, error) {
	epoch, ok := epochOf(sealed)
	if !ok {
		return nil, ErrSealed
	}
	key, err := s.keys.get(ctx, epoch)
	if errors.Is(err, errNoKey) {
		return nil, ErrSealed
	}
	if err != nil {
		return nil, err
	}
	plaintext, err := key.key.Decrypt(sealed[headerSize:], associatedData)
	if err != nil {
		return nil, ErrSealed
	}
	return plaintext, nil
}

// epochOf returns the epoch that a value was sealed under. It returns false for a
// value that is not sealed.
func epochOf(sealed []byte) (epoch uint32, ok bool) {
	if len(sealed) < headerSize || sealed[0] != version {
		return 0, false
	}
	return binary.BigEndian.Uint32(sealed[1:headerSize]), true
}
