package keys

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"strconv"
	"time"

	"cloud.google.com/go/firestore"
	"google.golang.org/api/iterator"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/strongroom-dev/strongroom/shared/dataclass"
)

const keySize = 32 // AES-256, HMAC-SHA256

// store reads and creates wrapped keys, one document per epoch.
type store struct{ config Config }

// wrapped is a stored key.
type wrapped struct {
	KeyName string    `firestore:"keyName" class:"operational"`
	Wrapped []byte    `firestore:"wrapped" class:"secret"`
	Created time.Time `firestore:"created" class:"operational"`

	Seen map[string]time.Time `firestore:"seen" class:"operational"` // by function: when Cloud KMS unwrapped this key for it; see Seen
}

var (
	_ = dataclass.Stored[wrapped]("tenants/{tenant}/deks/{epoch}")
	_ = dataclass.Stored[wrapped]("tenants/{tenant}/macs/{epoch}")
)

// rawKey is an unwrapped key.
type rawKey struct {
	epoch   uint32
	bytes   []byte
	created time.Time
}

// read reads the key of an epoch and has KMS unwrap it. It returns errNoKey if
// none exists.
func (s store) read(ctx context.Context, epoch uint32) (rawKey, error) {
	doc, err := s.ref(epoch).Get(ctx)
	if status.Code(err) == codes.NotFound {
		return rawKey{}, errNoKey
	}
	if err != nil {
		return rawKey{}, fmt.Errorf("read key: %w", err)
	}
	return s.open(ctx, epoch, doc)
}

func (s store) open(ctx context.Context, epoch uint32, doc *firestore.DocumentSnapshot) (rawKey, error) {
	var w wrapped
	if err := doc.DataTo(&w); err != nil {
		return rawKey{}, fmt.Errorf("read key: %w", err)
	}
	if w.KeyName != s.config.KeyName {
		// Somebody who can write documents must not be able to choose the KMS key
		// that values are sealed under.
		return rawKey{}, fmt.Errorf("data key %d is wrapped by another KMS key", epoch)
	}
	asked := s.config.Now()
	raw, err := s.unwrap(ctx, epoch, w.Wrapped)
	if err == nil {
		s.recordSeen(ctx, epoch, w.Seen, asked)
	}
	return rawKey{epoch: epoch, bytes: raw, created: w.Created}, err
}

// newest reads the newest key. It creates the first key, and the next key when the
// newest is older than lifetime.
func (s store) newest(ctx context.Context, lifetime time.Duration) (rawKey, error) {
	docs := s.config.Collection.OrderBy("created", firestore.Desc).Limit(1).Documents(ctx)
	defer docs.Stop()
	doc, err := docs.Next()
	if errors.Is(err, iterator.Done) {
		return s.create(ctx, 1)
	}
	if err != nil {
		return rawKey{}, fmt.Errorf("find the newest key: %w", err)
	}
	epoch, err := strconv.ParseUint(doc.Ref.ID, 10, 32)
	if err != nil {
		return rawKey{}, fmt.Errorf("find the newest key: the document ID %q is not an epoch", doc.Ref.ID)
	}
	key, err := s.open(ctx, uint32(epoch), doc)
	if err == nil && s.config.Now().Sub(key.created) > lifetime {
		return s.create(ctx, uint32(epoch)+1)
	}
	return key, err
}

// create creates the key of an epoch, or reads the one that another process has
// created in the meantime.
func (s store) create(ctx context.Context, epoch uint32) (rawKey, error) {
	raw := make([]byte, keySize)
	_, _ = rand.Read(raw) // never fails: pkg.go.dev/crypto/rand#Read
	ciphertext, err := s.wrap(ctx, epoch, raw)
	if err != nil {
		return rawKey{}, err
	}
	now := s.config.Now().UTC().Truncate(time.Microsecond)
	_, err = s.ref(epoch).Create(ctx, wrapped{KeyName: s.config.KeyName, Wrapped: ciphertext, Created: now, Seen: s.seenAt(now)})
	if status.Code(err) == codes.AlreadyExists { // also if the reply to this Create was lost and the client repeated it
		return s.read(ctx, epoch)
	}
	if err != nil {
		return rawKey{}, fmt.Errorf("write key: %w", err)
	}
	return rawKey{epoch: epoch, bytes: raw, created: now}, nil
}

func (s store) ref(epoch uint32) *firestore.DocumentRef {
	return s.config.Collection.Doc(fmt.Sprintf("%010d", epoch))
}
