// Package keys seals fields: AES-256-GCM under data keys that a Cloud KMS key
// wraps. What is sealed can be opened only with that KMS key enabled, and only
// where it was sealed.
package keys

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"sync"
	"time"

	"cloud.google.com/go/firestore"
	kms "cloud.google.com/go/kms/apiv1"
	"cloud.google.com/go/kms/apiv1/kmspb"
	"github.com/tink-crypto/tink-go/v2/aead/subtle"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/wrapperspb"
)

// maxAge bounds how long an unwrapped data key is kept, and so how long a
// disabled KMS key still opens anything.
const maxAge = 5 * time.Minute

const (
	version    = 1
	headerSize = 1 + 4 // version, epoch
	keySize    = 32    // AES-256
)

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
	config Config

	mu   sync.Mutex
	held map[uint32]dataKey
}

type dataKey struct {
	aead    *subtle.AESGCM
	expires time.Time
}

// wrapped is a data key as it rests in Firestore.
type wrapped struct {
	KeyName string    `firestore:"keyName"`
	Wrapped []byte    `firestore:"wrapped"`
	Created time.Time `firestore:"created"`
}

// NewSealer gives the sealer of config; it reads nothing yet.
func NewSealer(config Config) *Sealer {
	return &Sealer{config: config, held: map[uint32]dataKey{}}
}

// currentEpoch is the epoch that new values are sealed under.
const currentEpoch = 1

// Seal encrypts plaintext for the place that associatedData names. The result
// is version (1 byte), epoch (4, big-endian), nonce (12), ciphertext, tag (16).
func (s *Sealer) Seal(ctx context.Context, plaintext, associatedData []byte) ([]byte, error) {
	key, err := s.dataKey(ctx, currentEpoch, true)
	if err != nil {
		return nil, err
	}
	ciphertext, err := key.Encrypt(plaintext, associatedData)
	if err != nil {
		return nil, fmt.Errorf("seal: %w", err)
	}
	header := binary.BigEndian.AppendUint32([]byte{version}, currentEpoch)
	return append(header, ciphertext...), nil
}

// Open decrypts what Seal gave for the same associatedData.
func (s *Sealer) Open(ctx context.Context, sealed, associatedData []byte) ([]byte, error) {
	if len(sealed) < headerSize || sealed[0] != version {
		return nil, ErrSealed
	}
	key, err := s.dataKey(ctx, binary.BigEndian.Uint32(sealed[1:headerSize]), false)
	if err != nil {
		return nil, err
	}
	plaintext, err := key.Decrypt(sealed[headerSize:], associatedData)
	if err != nil {
		return nil, ErrSealed
	}
	return plaintext, nil
}

func (s *Sealer) dataKey(ctx context.Context, epoch uint32, create bool) (*subtle.AESGCM, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if key, ok := s.held[epoch]; ok && s.config.Now().Before(key.expires) {
		return key.aead, nil
	}
	delete(s.held, epoch)
	raw, err := s.unwrap(ctx, epoch)
	if status.Code(err) == codes.NotFound && create {
		raw, err = s.create(ctx, epoch)
	}
	if err != nil {
		return nil, keyError(err)
	}
	aead, err := subtle.NewAESGCM(raw)
	if err != nil {
		return nil, fmt.Errorf("use data key: %w", err)
	}
	s.held[epoch] = dataKey{aead, s.config.Now().Add(maxAge)}
	return aead, nil
}

func (s *Sealer) unwrap(ctx context.Context, epoch uint32) ([]byte, error) {
	doc, err := s.ref(epoch).Get(ctx)
	if err != nil {
		return nil, fmt.Errorf("read data key: %w", err)
	}
	var w wrapped
	if err := doc.DataTo(&w); err != nil {
		return nil, fmt.Errorf("read data key: %w", err)
	}
	reply, err := s.config.KMS.Decrypt(ctx, &kmspb.DecryptRequest{
		Name: w.KeyName, Ciphertext: w.Wrapped, CiphertextCrc32C: checksum(w.Wrapped),
		AdditionalAuthenticatedData: s.associatedData(epoch),
	})
	if err != nil {
		return nil, fmt.Errorf("unwrap data key: %w", err)
	}
	if reply.PlaintextCrc32C.GetValue() != checksum(reply.Plaintext).Value {
		return nil, status.Error(codes.DataLoss, "unwrap data key: checksum differs")
	}
	return reply.Plaintext, nil
}

// create makes the epoch's data key, or takes the one that another process
// made in the meantime.
func (s *Sealer) create(ctx context.Context, epoch uint32) ([]byte, error) {
	raw := make([]byte, keySize)
	_, _ = rand.Read(raw) // never fails: pkg.go.dev/crypto/rand#Read
	reply, err := s.config.KMS.Encrypt(ctx, &kmspb.EncryptRequest{
		Name: s.config.KeyName, Plaintext: raw, PlaintextCrc32C: checksum(raw),
		AdditionalAuthenticatedData: s.associatedData(epoch),
	})
	if err != nil {
		return nil, fmt.Errorf("wrap data key: %w", err)
	}
	if !reply.VerifiedPlaintextCrc32C || reply.CiphertextCrc32C.GetValue() != checksum(reply.Ciphertext).Value {
		return nil, status.Error(codes.DataLoss, "wrap data key: checksum differs")
	}
	_, err = s.ref(epoch).Create(ctx, wrapped{s.config.KeyName, reply.Ciphertext, s.config.Now()})
	if status.Code(err) == codes.AlreadyExists {
		return s.unwrap(ctx, epoch)
	}
	if err != nil {
		return nil, fmt.Errorf("write data key: %w", err)
	}
	return raw, nil
}

func (s *Sealer) ref(epoch uint32) *firestore.DocumentRef {
	return s.config.Collection.Doc(fmt.Sprintf("%010d", epoch))
}

// associatedData binds a wrapped key to its document: the path within the
// database, so that a restored database still opens.
func (s *Sealer) associatedData(epoch uint32) []byte {
	return []byte(RelativePath(s.ref(epoch)))
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

func checksum(b []byte) *wrapperspb.Int64Value {
	return wrapperspb.Int64(int64(crc32.Checksum(b, castagnoli)))
}

// keyError tells a key that the tenant switched off from a passing fault.
func keyError(err error) error {
	switch status.Code(err) {
	case codes.FailedPrecondition, codes.PermissionDenied, codes.NotFound:
		return fmt.Errorf("%w: %w", ErrKeyUnavailable, err)
	}
	return err
}
