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
	cooldown        = time.Minute      // between two fetches of one URL, once it has given keys
	failureCooldown = 10 * time.Second // the same before it has
	staleFor        = 24 * time.Hour   // keys outlive their age by this while fetches fail
	maxEntries      = 1024             // of each cache
)

// keyCache holds key sets: inline ones by the hash of their text, fetched ones
// by URL. It is safe for concurrent use.
type keyCache struct {
	client  *http.Client
	now     func() time.Time
	flights singleflight.Group
	inline  bounded[[sha256.Size]byte, keySet]
	fetched bounded[string, fetchedKeys]
}

func newKeyCache(client *http.Client, now func() time.Time) *keyCache {
	return &keyCache{client: restrict(client), now: now}
}

// of gives the keys that an entry of a tenant's trust names. An error says that
// they, or one of the asked key id, may exist but cannot be had now.
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

// fetchedKeys is what is known of one URL. The zero value: nothing.
type fetchedKeys struct {
	keys    keySet    // of the last good fetch; nil before it
	expires time.Time // of the keys
	tried   time.Time // the last fetch, good or bad
	failure error     // of the last fetch; nil if it was good
}

func (c *keyCache) fetch(ctx context.Context, address, keyID string) (keySet, error) {
	known, _ := c.fetched.get(address)
	if !known.due(keyID, c.now()) {
		return known.answer(keyID, c.now())
	}
	// The fetch goes on for the others when the one who began it leaves.
	flight := c.flights.DoChan(address, func() (any, error) {
		return c.refresh(context.WithoutCancel(ctx), address, keyID), nil
	})
	select {
	case landed := <-flight:
		return landed.Val.(fetchedKeys).answer(keyID, c.now())
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// refresh runs once at a time for a URL. It looks again whether it has to:
// another flight may have landed just now.
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

// due reports whether to fetch: the keys are old or lack the asked one, and the
// last fetch is long enough ago.
func (f fetchedKeys) due(keyID string, now time.Time) bool {
	wait := cooldown
	if f.keys == nil {
		wait = failureCooldown
	}
	lacking := !now.Before(f.expires) || !f.keys.has(keyID)
	return lacking && !now.Before(f.tried.Add(wait))
}

func (f fetchedKeys) answer(keyID string, now time.Time) (keySet, error) {
	stale := !now.Before(f.expires.Add(staleFor))
	if f.failure != nil && (stale || !f.keys.has(keyID)) {
		return nil, f.failure
	}
	return f.keys, nil
}

// bounded is a map of at most maxEntries: beyond that a new entry replaces
// any other, which then costs another parse or fetch. The zero value is empty.
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
