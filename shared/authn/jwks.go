package authn

import (
	"context"
	"crypto/sha256"
	"net/http"
	"sync"
	"time"

	"golang.org/x/sync/singleflight"

	"github.com/strongroom-dev/strongroom/shared/tenant"
)

const (
	cooldown        = time.Minute      // between two fetches of a URL that has returned keys
	failureCooldown = 10 * time.Second // between two fetches of a URL that has not
	staleFor        = 24 * time.Hour   // how long expired keys are used if fetches fail
	maxEntries      = 1024             // in each cache
)

// keyCache caches key sets: inline ones by the hash of their text, and fetched ones
// by URL. It is safe for concurrent use.
type keyCache struct {
	client  *http.Client
	now     func() time.Time
	fetches singleflight.Group
	inline  bounded[[sha256.Size]byte, keySet]
	fetched bounded[string, fetchedKeys]
}

func newKeyCache(client *http.Client, now func() time.Time) *keyCache {
	return &keyCache{client: restrict(client), now: now}
}

// of returns the keys of an entry of a tenant's trust. An error means that the keys,
// or the key with this ID, may exist but are not available now.
func (c *keyCache) of(ctx context.Context, entry tenant.Trust, keyID string) (keySet, error) {
	if entry.JWKS != "" {
		return c.parsed(entry.JWKS)
	}
	return c.fetch(ctx, entry.JWKSURL, keyID)
}

func (c *keyCache) parsed(text string) (keySet, error) {
	hash := sha256.Sum256([]byte(text))
	if keys, ok := c.inline.get(hash); ok {
		return keys, nil
	}
	keys, err := parseKeySet([]byte(text))
	if err == nil {
		c.inline.put(hash, keys)
	}
	return keys, err
}

// fetchedKeys is the state of one URL. The zero value means that it was never
// fetched.
type fetchedKeys struct {
	keys    keySet    // of the last successful fetch; nil if there was none
	expires time.Time // of the keys
	tried   time.Time // time of the last fetch, successful or not
	failure error     // of the last fetch; nil if it was successful
}

func (c *keyCache) fetch(ctx context.Context, address, keyID string) (keySet, error) {
	known, _ := c.fetched.get(address)
	if !known.due(keyID, c.now()) {
		return known.answer(keyID, c.now())
	}
	// The fetch continues for the other requests if the one that started it ends.
	result := c.fetches.DoChan(address, func() (any, error) {
		return c.refresh(context.WithoutCancel(ctx), address, keyID), nil
	})
	select {
	case r := <-result:
		return r.Val.(fetchedKeys).answer(keyID, c.now())
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// refresh fetches a URL, once at a time. It checks again whether a fetch is due,
// because another one may just have finished.
func (c *keyCache) refresh(ctx context.Context, address, keyID string) fetchedKeys {
	known, _ := c.fetched.get(address)
	now := c.now()
	if !known.due(keyID, now) {
		return known
	}
	keys, age, err := fetchKeySet(ctx, c.client, address)
	known.tried, known.failure = now, err
	if err == nil {
		known.keys, known.expires = keys, now.Add(age)
	}
	c.fetched.put(address, known)
	return known
}

// due reports whether a fetch is due: the keys have expired or do not include the
// requested one, and the last fetch was long enough ago.
func (f fetchedKeys) due(keyID string, now time.Time) bool {
	wait := cooldown
	if f.keys == nil {
		wait = failureCooldown
	}
	incomplete := !now.Before(f.expires) || !f.keys.has(keyID)
	return incomplete && !now.Before(f.tried.Add(wait))
}

func (f fetchedKeys) answer(keyID string, now time.Time) (keySet, error) {
	stale := !now.Before(f.expires.Add(staleFor))
	if f.failure != nil && (stale || !f.keys.has(keyID)) {
		return nil, f.failure
	}
	return f.keys, nil
}

// bounded is a map with at most maxEntries. When it is full, a new entry replaces an
// arbitrary one, which is then parsed or fetched again. The zero value is empty.
type bounded[K comparable, V any] struct {
	mu      sync.RWMutex
	entries map[K]V
}

func (b *bounded[K, V]) get(key K) (V, bool) {
	b.mu.RLock()
	defer b.mu.RUnlock()
	value, ok := b.entries[key]
	return value, ok
}

func (b *bounded[K, V]) put(key K, value V) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.entries == nil {
		b.entries = make(map[K]V)
	}
	for other := range b.entries {
		if _, known := b.entries[key]; known || len(b.entries) < maxEntries {
			break
		}
		delete(b.entries, other)
	}
	b.entries[key] = value
}
