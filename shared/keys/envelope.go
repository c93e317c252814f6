package keys

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"sync"
	"time"

	kms "cloud.google.com/go/kms/apiv1"
	"github.com/tink-crypto/tink-go/v2/aead/subtle"
	"golang.org/x/sync/singleflight"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// An envelope is a sealed value that contains its own data key, wrapped by Cloud
// KMS: the version 2 (1 byte), the length of the wrapped key (2 bytes,
// big-endian), the wrapped key, the nonce (12 bytes), the ciphertext and the tag
// (16 bytes). infra/adr/0021-append-only-audit-key.md has the reasons.
const (
	envelopeVersion    = 2
	envelopeHeaderSize = 1 + 2
	maxWrappedKey      = 1024 // bytes; Cloud KMS returns about 113 for 32
)

// envelopeLifetime is how long an EnvelopeSealer uses one data key. Whoever takes
// over its process can open what the process sealed in this time, and no more.
const envelopeLifetime = time.Hour

// maxEnvelopeKeys limits the data keys that an EnvelopeOpener caches.
const maxEnvelopeKeys = 1000

// envelopePurpose is the associated data of wrapped keys, so that no other
// ciphertext of the same KMS key is taken for one.
const envelopePurpose = "strongroom envelope data key"

// EnvelopeConfig configures an EnvelopeSealer or an EnvelopeOpener.
type EnvelopeConfig struct {
	KeyName string // projects/…/cryptoKeys/…
	KMS     *kms.KeyManagementClient
	Now     func() time.Time
}

// EnvelopeSealer seals values that it cannot open. It needs permission to encrypt
// with the KMS key, and none to decrypt: it creates its data keys itself, each for
// one hour. It is safe for concurrent use.
type EnvelopeSealer struct {
	config    EnvelopeConfig
	creations singleflight.Group

	mu      sync.Mutex
	current *envelopeKey
}

// envelopeKey is a data key that is in use.
type envelopeKey struct {
	aead    *subtle.AESGCM
	header  []byte // the first bytes of each value that is sealed under it
	expires time.Time
}

// NewEnvelopeSealer returns the sealer for config. It does not call KMS yet.
func NewEnvelopeSealer(config EnvelopeConfig) *EnvelopeSealer {
	return &EnvelopeSealer{config: config}
}

// Seal encrypts plaintext. An EnvelopeOpener needs the same associated data.
func (s *EnvelopeSealer) Seal(ctx context.Context, plaintext, associatedData []byte) ([]byte, error) {
	key, err := s.key(ctx)
	if err != nil {
		return nil, err
	}
	ciphertext, err := key.aead.Encrypt(plaintext, associatedData)
	if err != nil {
		return nil, fmt.Errorf("seal: %w", err)
	}
	return append(key.header[:len(key.header):len(key.header)], ciphertext...), nil
}

// key returns the current data key, or a new one. Concurrent calls share one
// creation, which the end of the request that started it does not cancel.
func (s *EnvelopeSealer) key(ctx context.Context) (*envelopeKey, error) {
	s.mu.Lock()
	key := s.current
	s.mu.Unlock()
	if key != nil && s.config.Now().Before(key.expires) {
		return key, nil
	}
	return await[*envelopeKey](ctx, s.creations.DoChan("", func() (any, error) {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), fetchTimeout)
		defer cancel()
		return s.create(ctx)
	}))
}

// create replaces the current data key. A timer removes the new one when it
// expires, even if nothing is sealed again.
func (s *EnvelopeSealer) create(ctx context.Context) (*envelopeKey, error) {
	raw := make([]byte, keySize)
	defer clear(raw)
	_, _ = rand.Read(raw) // never fails: pkg.go.dev/crypto/rand#Read
	sealed, err := Wrap(ctx, s.config.KMS, s.config.KeyName, raw, []byte(envelopePurpose))
	if err != nil {
		return nil, err
	}
	wrapped := sealed.Ciphertext
	if len(wrapped) > maxWrappedKey {
		return nil, fmt.Errorf("wrap key: KMS returned %d bytes, more than %d", len(wrapped), maxWrappedKey)
	}
	aead, err := subtle.NewAESGCM(raw)
	if err != nil {
		return nil, fmt.Errorf("create data key: %w", err)
	}
	header := binary.BigEndian.AppendUint16([]byte{envelopeVersion}, uint16(len(wrapped)))
	key := &envelopeKey{aead: aead, header: append(header, wrapped...), expires: s.config.Now().Add(envelopeLifetime)}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.current = key
	time.AfterFunc(envelopeLifetime, func() { s.evict(key) })
	return key, nil
}

func (s *EnvelopeSealer) evict(key *envelopeKey) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.current == key {
		s.current = nil
	}
}

// EnvelopeOpener opens what EnvelopeSealers of the same KMS key have sealed. It
// needs permission to decrypt with the KMS key, and none to encrypt. It caches
// each data key for at most five minutes. It is safe for concurrent use.
type EnvelopeOpener struct {
	config  EnvelopeConfig
	fetches singleflight.Group

	mu    sync.Mutex
	cache map[wrappedKeyID]*openedKey
}

// wrappedKeyID is the SHA-256 of a wrapped key.
type wrappedKeyID [sha256.Size]byte

// openedKey is an unwrapped data key.
type openedKey struct {
	aead    *subtle.AESGCM
	expires time.Time
}

// NewEnvelopeOpener returns the opener for config. It does not call KMS yet.
func NewEnvelopeOpener(config EnvelopeConfig) *EnvelopeOpener {
	return &EnvelopeOpener{config: config, cache: map[wrappedKeyID]*openedKey{}}
}

// Open decrypts a value that Seal returned for the same associated data. It returns
// ErrSealed for any other value, and ErrKeyUnavailable if the KMS key cannot be
// used.
func (o *EnvelopeOpener) Open(ctx context.Context, sealed, associatedData []byte) ([]byte, error) {
	wrapped, ciphertext, ok := splitEnvelope(sealed)
	if !ok {
		return nil, ErrSealed
	}
	key, err := o.key(ctx, wrapped)
	if err != nil {
		return nil, err
	}
	plaintext, err := key.aead.Decrypt(ciphertext, associatedData)
	if err != nil {
		return nil, ErrSealed
	}
	return plaintext, nil
}

// splitEnvelope returns the parts of an envelope. It returns false for a value that
// is not an envelope.
func splitEnvelope(sealed []byte) (wrapped, ciphertext []byte, ok bool) {
	if len(sealed) < envelopeHeaderSize || sealed[0] != envelopeVersion {
		return nil, nil, false
	}
	size := int(binary.BigEndian.Uint16(sealed[1:envelopeHeaderSize]))
	rest := sealed[envelopeHeaderSize:]
	if size == 0 || size > maxWrappedKey || size > len(rest) {
		return nil, nil, false
	}
	return rest[:size], rest[size:], true
}

// key returns the data key that wrapped contains. Concurrent calls for one key
// share one request to KMS.
func (o *EnvelopeOpener) key(ctx context.Context, wrapped []byte) (*openedKey, error) {
	id := wrappedKeyID(sha256.Sum256(wrapped))
	o.mu.Lock()
	key := o.cache[id]
	o.mu.Unlock()
	if key != nil && o.config.Now().Before(key.expires) {
		return key, nil
	}
	return await[*openedKey](ctx, o.fetches.DoChan(string(id[:]), func() (any, error) {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), fetchTimeout)
		defer cancel()
		return o.unwrap(ctx, id, wrapped)
	}))
}

func (o *EnvelopeOpener) unwrap(ctx context.Context, id wrappedKeyID, wrapped []byte) (*openedKey, error) {
	requested := o.config.Now() // KMS may disable the key after this time
	raw, err := Unwrap(ctx, o.config.KMS, o.config.KeyName, wrapped, []byte(envelopePurpose))
	if status.Code(err) == codes.InvalidArgument {
		return nil, ErrSealed // KMS has not wrapped this key
	}
	if err != nil {
		return nil, err
	}
	defer clear(raw)
	aead, err := subtle.NewAESGCM(raw)
	if err != nil {
		return nil, ErrSealed
	}
	key := &openedKey{aead: aead, expires: requested.Add(MaxAge)}
	o.add(id, key)
	return key, nil
}

// add caches a key. A full cache starts again from empty.
func (o *EnvelopeOpener) add(id wrappedKeyID, key *openedKey) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if len(o.cache) >= maxEnvelopeKeys {
		clear(o.cache)
	}
	o.cache[id] = key
	time.AfterFunc(MaxAge, func() { o.evict(id, key) })
}

func (o *EnvelopeOpener) evict(id wrappedKeyID, key *openedKey) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.cache[id] == key {
		delete(o.cache, id)
	}
}
