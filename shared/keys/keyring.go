package keys

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"sync"
	"time"

	"golang.org/x/sync/singleflight"
)

// maxAge bounds how long an unwrapped key is kept, and so how long a disabled
// KMS key still opens anything.
const maxAge = 5 * time.Minute

// fetchTimeout bounds one reading or making of a key, which outlives the
// request that began it: others wait for it too.
const fetchTimeout = 30 * time.Second

// errNoKey is the absence of a key's document.
var errNoKey = errors.New("there is no such key")

// keyring keeps the unwrapped keys of one collection for a short time. It is
// safe for concurrent use.
type keyring[K any] struct {
	store   store
	use     func(raw []byte) (K, error) // what is kept of a key
	flights singleflight.Group

	mu     sync.Mutex
	held   map[uint32]*held[K]
	latest *held[K]
}

// held is one unwrapped key.
type held[K any] struct {
	key     K
	epoch   uint32
	created time.Time
	expires time.Time
	timer   *time.Timer
}

func newKeyring[K any](config Config, use func([]byte) (K, error)) *keyring[K] {
	return &keyring[K]{store: store{config}, use: use, held: map[uint32]*held[K]{}}
}

// get gives an epoch's key, or errNoKey.
func (r *keyring[K]) get(ctx context.Context, epoch uint32) (*held[K], error) {
	r.mu.Lock()
	key := r.held[epoch]
	r.mu.Unlock()
	if key != nil && r.store.config.Now().Before(key.expires) {
		return key, nil
	}
	return r.once(ctx, strconv.Itoa(int(epoch)), func(ctx context.Context) (rawKey, error) { return r.store.read(ctx, epoch) })
}

// newest gives the key that is in use now; it makes the first one, and the next
// one when the last is older than lifetime.
func (r *keyring[K]) newest(ctx context.Context, lifetime time.Duration) (*held[K], error) {
	r.mu.Lock()
	key := r.latest
	r.mu.Unlock()
	if key != nil && r.store.config.Now().Before(key.expires) {
		return key, nil
	}
	key, err := r.once(ctx, "newest", func(ctx context.Context) (rawKey, error) { return r.store.newest(ctx, lifetime) })
	if err == nil {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.latest = key
	}
	return key, err
}

// once gets a raw key by one call for all who wait for it, and holds it.
func (r *keyring[K]) once(ctx context.Context, what string, fetch func(context.Context) (rawKey, error)) (*held[K], error) {
	flight := r.flights.DoChan(what, func() (any, error) {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), fetchTimeout)
		defer cancel()
		asked := r.store.config.Now() // the age counts from before KMS was asked
		raw, err := fetch(ctx)
		if err != nil {
			return (*held[K])(nil), err
		}
		key, err := r.use(raw.bytes)
		if err != nil {
			return (*held[K])(nil), fmt.Errorf("use key: %w", err)
		}
		return r.hold(&held[K]{key: key, epoch: raw.epoch, created: raw.created, expires: asked.Add(maxAge)}), nil
	})
	select {
	case landed := <-flight:
		return landed.Val.(*held[K]), landed.Err
	case <-ctx.Done():
		return nil, fmt.Errorf("wait for a key: %w", ctx.Err())
	}
}

// hold keeps a key, and lets go of it when its time is over though nobody asks.
func (r *keyring[K]) hold(key *held[K]) *held[K] {
	r.mu.Lock()
	defer r.mu.Unlock()
	if old := r.held[key.epoch]; old != nil {
		old.timer.Stop()
	}
	r.held[key.epoch] = key
	key.timer = time.AfterFunc(maxAge, func() { r.drop(key) })
	return key
}

func (r *keyring[K]) drop(key *held[K]) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.held[key.epoch] == key {
		delete(r.held, key.epoch)
	}
	if r.latest == key {
		r.latest = nil
	}
}

// forget lets go of every key.
func (r *keyring[K]) forget() {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, key := range r.held {
		key.timer.Stop()
	}
	clear(r.held)
	r.latest = nil
}
