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

// MaxAge limits how long an unwrapped key is cached, and therefore how long values
// can still be opened after their KMS key is disabled.
const MaxAge = 5 * time.Minute

// fetchTimeout limits one read or creation of a key. It is not limited by the
// request that started it, because other requests wait for it too.
const fetchTimeout = 30 * time.Second

// errNoKey is the error of an epoch without a key.
var errNoKey = errors.New("no such data key")

// keyring caches the unwrapped keys of one collection for at most MaxAge. It is
// safe for concurrent use.
type keyring[K any] struct {
	store   store
	parse   func(raw []byte) (K, error) // converts the bytes of a key to what is cached
	fetches singleflight.Group

	mu     sync.Mutex
	cache  map[uint32]*cachedKey[K] // by epoch
	latest *cachedKey[K]
}

// cachedKey is one unwrapped key.
type cachedKey[K any] struct {
	key     K
	epoch   uint32
	created time.Time
	expires time.Time
	timer   *time.Timer
}

func newKeyring[K any](config Config, parse func([]byte) (K, error)) *keyring[K] {
	return &keyring[K]{store: store{config}, parse: parse, cache: map[uint32]*cachedKey[K]{}}
}

// get returns the key of an epoch. It returns errNoKey if none exists.
func (r *keyring[K]) get(ctx context.Context, epoch uint32) (*cachedKey[K], error) {
	r.mu.Lock()
	key := r.cache[epoch]
	r.mu.Unlock()
	if key != nil && r.store.config.Now().Before(key.expires) {
		return key, nil
	}
	return r.fetch(ctx, strconv.Itoa(int(epoch)), func(ctx context.Context) (rawKey, error) { return r.store.read(ctx, epoch) })
}

// newest returns the key that seals now. It creates the first key, and the next
// key when the newest is older than lifetime.
func (r *keyring[K]) newest(ctx context.Context, lifetime time.Duration) (*cachedKey[K], error) {
	r.mu.Lock()
	key := r.latest
	r.mu.Unlock()
	if key != nil && r.store.config.Now().Before(key.expires) {
		return key, nil
	}
	key, err := r.fetch(ctx, "newest", func(ctx context.Context) (rawKey, error) { return r.store.newest(ctx, lifetime) })
	if err == nil {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.latest = key
	}
	return key, err
}

// fetch reads and caches a key. Concurrent calls with the same name share one read.
func (r *keyring[K]) fetch(ctx context.Context, name string, read func(context.Context) (rawKey, error)) (*cachedKey[K], error) {
	return await[*cachedKey[K]](ctx, r.fetches.DoChan(name, func() (any, error) {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), fetchTimeout)
		defer cancel()
		requested := r.store.config.Now() // KMS may disable the key after this time
		raw, err := read(ctx)
		if err != nil {
			return nil, err
		}
		key, err := r.parse(raw.bytes)
		if err != nil {
			return nil, fmt.Errorf("parse key: %w", err)
		}
		return r.add(&cachedKey[K]{key: key, epoch: raw.epoch, created: raw.created, expires: requested.Add(MaxAge)}), nil
	}))
}

// await returns the result of a shared fetch, or the error of ctx if it ends first.
func await[K any](ctx context.Context, result <-chan singleflight.Result) (key K, err error) {
	select {
	case r := <-result:
		if r.Err != nil {
			return key, r.Err
		}
		return r.Val.(K), nil
	case <-ctx.Done():
		return key, fmt.Errorf("wait for a key: %w", ctx.Err())
	}
}

// add caches a key. A timer evicts it after MaxAge even if nobody uses the keyring
// again, so that no key stays in memory longer.
func (r *keyring[K]) add(key *cachedKey[K]) *cachedKey[K] {
	r.mu.Lock()
	defer r.mu.Unlock()
	if old := r.cache[key.epoch]; old != nil {
		old.timer.Stop()
	}
	r.cache[key.epoch] = key
	key.timer = time.AfterFunc(MaxAge, func() { r.evict(key) })
	return key
}

func (r *keyring[K]) evict(key *cachedKey[K]) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.cache[key.epoch] == key {
		delete(r.cache, key.epoch)
	}
	if r.latest == key {
		r.latest = nil
	}
}

// evictAll removes every key from the cache.
func (r *keyring[K]) evictAll() {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, key := range r.cache {
		key.timer.Stop()
	}
	clear(r.cache)
	r.latest = nil
}
