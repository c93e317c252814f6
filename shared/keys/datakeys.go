package keys

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"strconv"
	"sync"
	"time"

	"cloud.google.com/go/firestore"
	"github.com/tink-crypto/tink-go/v2/aead/subtle"
	"golang.org/x/sync/singleflight"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// maxAge bounds how long an unwrapped data key is kept, and so how long a
// disabled KMS key still opens anything.
const maxAge = 5 * time.Minute

// fetchTimeout bounds one reading or making of a data key, which outlives the
// request that began it: others wait for it too.
const fetchTimeout = 30 * time.Second

const keySize = 32 // AES-256

// errNoDataKey is the absence of an epoch's document.
var errNoDataKey = errors.New("there is no such data key")

// dataKeys keeps unwrapped data keys for a short time. It is safe for
// concurrent use.
type dataKeys struct {
	config  Config
	flights singleflight.Group

	mu   sync.Mutex
	held map[uint32]*dataKey
}

type dataKey struct {
	*subtle.AESGCM
	expires time.Time
}

// wrapped is a data key as it rests in Firestore.
type wrapped struct {
	KeyName string    `firestore:"keyName"`
	Wrapped []byte    `firestore:"wrapped"`
	Created time.Time `firestore:"created"`
}

func newDataKeys(config Config) *dataKeys {
	return &dataKeys{config: config, held: map[uint32]*dataKey{}}
}

// get gives an epoch's key, or errNoDataKey.
func (d *dataKeys) get(ctx context.Context, epoch uint32) (*dataKey, error) {
	d.mu.Lock()
	key := d.held[epoch]
	d.mu.Unlock()
	if key != nil && d.config.Now().Before(key.expires) {
		return key, nil
	}
	return d.once(ctx, "get", epoch, d.read)
}

// create makes an epoch's key, or takes the one that another process made in
// the meantime.
func (d *dataKeys) create(ctx context.Context, epoch uint32) (*dataKey, error) {
	return d.once(ctx, "create", epoch, func(ctx context.Context, epoch uint32) ([]byte, error) {
		raw, err := d.make(ctx, epoch)
		if status.Code(err) == codes.AlreadyExists {
			return d.read(ctx, epoch)
		}
		return raw, err
	})
}

// once gets a raw key by one call for all who wait for it, and holds it.
func (d *dataKeys) once(ctx context.Context, what string, epoch uint32, fetch func(context.Context, uint32) ([]byte, error)) (*dataKey, error) {
	flight := d.flights.DoChan(what+strconv.Itoa(int(epoch)), func() (any, error) {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), fetchTimeout)
		defer cancel()
		asked := d.config.Now() // the age counts from before KMS was asked
		raw, err := fetch(ctx, epoch)
		if err != nil {
			return (*dataKey)(nil), err
		}
		aead, err := subtle.NewAESGCM(raw)
		clear(raw)
		if err != nil {
			return (*dataKey)(nil), fmt.Errorf("use data key: %w", err)
		}
		return d.hold(epoch, &dataKey{aead, asked.Add(maxAge)}), nil
	})
	select {
	case landed := <-flight:
		return landed.Val.(*dataKey), landed.Err
	case <-ctx.Done():
		return nil, fmt.Errorf("wait for a data key: %w", ctx.Err())
	}
}

// hold keeps a key, and lets go of it when its time is over though nobody asks.
func (d *dataKeys) hold(epoch uint32, key *dataKey) *dataKey {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.held[epoch] = key
	time.AfterFunc(maxAge, func() {
		d.mu.Lock()
		defer d.mu.Unlock()
		if d.held[epoch] == key {
			delete(d.held, epoch)
		}
	})
	return key
}

// read reads an epoch's key and has KMS unwrap it.
func (d *dataKeys) read(ctx context.Context, epoch uint32) ([]byte, error) {
	doc, err := d.ref(epoch).Get(ctx)
	if status.Code(err) == codes.NotFound {
		return nil, errNoDataKey
	}
	if err != nil {
		return nil, fmt.Errorf("read data key: %w", err)
	}
	var w wrapped
	if err := doc.DataTo(&w); err != nil {
		return nil, fmt.Errorf("read data key: %w", err)
	}
	if w.KeyName != d.config.KeyName {
		// Whoever can write documents must not choose the key that values are
		// sealed under.
		return nil, fmt.Errorf("data key %d is wrapped by another key", epoch)
	}
	return d.unwrap(ctx, epoch, w.Wrapped)
}

// make wraps a new key and writes it, unless there is one.
func (d *dataKeys) make(ctx context.Context, epoch uint32) ([]byte, error) {
	raw := make([]byte, keySize)
	_, _ = rand.Read(raw) // never fails: pkg.go.dev/crypto/rand#Read
	ciphertext, err := d.wrap(ctx, epoch, raw)
	if err != nil {
		return nil, err
	}
	if _, err := d.ref(epoch).Create(ctx, wrapped{d.config.KeyName, ciphertext, d.config.Now()}); err != nil {
		return nil, fmt.Errorf("write data key: %w", err)
	}
	return raw, nil
}

func (d *dataKeys) ref(epoch uint32) *firestore.DocumentRef {
	return d.config.Collection.Doc(fmt.Sprintf("%010d", epoch))
}
