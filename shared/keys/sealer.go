// Package keys seals fields: AES-256-GCM under data keys that a Cloud KMS key
// wraps. What is sealed can be opened only with that KMS key enabled, and only
// where it was sealed.
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

// epochLifetime is how long values are sealed under one data key. What it
// sealed stays readable.
const epochLifetime = 90 * 24 * time.Hour

// ErrSealed is the fault of a value that was not sealed here: under another
// key, for other associated data, or changed since.
var ErrSealed = errors.New("value does not open")

// ErrKeyUnavailable is the fault of a KMS key that is disabled, destroyed or
// out of reach for this account.
var ErrKeyUnavailable = errors.New("the key is not available")

// Config names a sealer's keys.
type Config struct {
	Collection *firestore.CollectionRef // of wrapped data keys, one document an epoch
	KeyName    string                   // projects/…/cryptoKeys/…
	KMS        *kms.KeyManagementClient
	Now        func() time.Time
}

// Sealer seals and opens. It is safe for concurrent use.
type Sealer struct {
	keys *keyring[*subtle.AESGCM]
}

// NewSealer gives the sealer of config; it reads nothing yet.
func NewSealer(config Config) *Sealer {
	return &Sealer{newKeyring(config, func(raw []byte) (*subtle.AESGCM, error) {
		defer clear(raw)
		return subtle.NewAESGCM(raw)
	})}
}

// Seal encrypts plaintext for the place that associatedData names. The result
// is version (1 byte), epoch (4, big-endian), nonce (12), ciphertext, tag (16).
// The first Seal of a collection makes its data key, and one that finds the
// newest older than 90 days makes the next.
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

// Open decrypts what Seal gave for the same associatedData: ErrSealed if it did
// not, ErrKeyUnavailable while its key is off.
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

// epochOf is the epoch that a value was sealed under.
func epochOf(sealed []byte) (epoch uint32, ok bool) {
	if len(sealed) < headerSize || sealed[0] != version {
		return 0, false
	}
	return binary.BigEndian.Uint32(sealed[1:headerSize]), true
}
