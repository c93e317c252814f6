package authn

import (
	"context"
	"crypto/sha256"
	"errors"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"golang.org/x/sync/singleflight"

	"github.com/strongroom-dev/strongroom/shared/tenant"
)

const (
	cooldown        = time.Minute      // between two fetches of a URL that has returned keys
	failureCooldown = 10 * time.Second // between two fetches of a URL without usable keys
	maxEntries      = 1024             // in each cache
)

// keyCache caches key sets: inline ones by the hash of their text, and fetched ones
// by URL. It is safe for concurrent use.
type keyCache struct {
	client  *http.Client
	now     func() time.Time
	logger  func(context.Context) *slog.Logger
	fetches singleflight.Group
	inline  bounded[[sha256.Size]byte, keySet]
	fetched bounded[string, fetchedKeys]
}

func newKeyCache(config Config) *keyCache {
	return &keyCache{client: restrict(config.HTTPClient), now: config.Now, logger: config.Logger}
}

// logUnusable names the unusable keys of a set that has just been parsed. from is
// its URL, or its issuer if the set is inline.
func (c *keyCache) logUnusable(ctx context.Context, set keySet, from string) {
	for _, key := range set.unusable {
		c.logger(ctx).WarnContext(ctx, "key of an issuer cannot be used", "from", from, "error", key.Error())
	}
}

// of returns the keys of an entry of a tenant's trust. An error means that the keys,
// or the key with this ID, may exist but are not available now.
func (c *keyCache) of(ctx context.Context, entry tenant.Trust, keyID string) (keySet, error) {
	if entry.JWKS != "" {
		return c.parsed(ctx, entry.JWKS, entry.Issuer)
	}
	return c.fetch(ctx, entry.JWKSURL, keyID)
}

func (c *keyCache) parsed(ctx context.Context, text, issuer string) (keySet, error) {
	hash := sha256.Sum256([]byte(text))
	if keys, ok := c.inline.get(hash); ok {
		return keys, nil
	}
	keys, err := parseKeySet([]byte(text))
	if err == nil {
		c.inline.put(hash, keys)
		c.logUnusable(ctx, keys, issuer)
	}
	return keys, err
}

// fetchedKeys is the state of one URL. The zero value means that it was never
// fetched.
type fetchedKeys struct {
	keys    keySet    // of the last successful fetch
	fetched time.Time // before the request of that fetch was sent; zero if there was none
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
		return keySet{}, ctx.Err()
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
	keys, err := fetchKeySet(ctx, c.client, address)
	known.tried, known.failure = now, err
	if err == nil {
		known.keys, known.fetched = keys, now
		c.logUnusable(ctx, keys, address)
	}
	c.fetched.put(address, known)
	return known
}

// due reports whether a fetch is due: the keys are old or do not include the
// requested one, and the last fetch was long enough ago.
func (f fetchedKeys) due(keyID string, now time.Time) bool {
	wait := cooldown
	if f.discarded(now) {
		wait = failureCooldown
	}
	incomplete := !now.Before(f.fetched.Add(refreshAfter)) || !f.keys.has(keyID)
	return incomplete && !now.Before(f.tried.Add(wait))
}

// answer never returns keys that were fetched discardAfter ago, so a key that its
// issuer withdraws is refused after that time at the latest.
func (f fetchedKeys) answer(keyID string, now time.Time) (keySet, error) {
	if f.failure != nil && (f.discarded(now) || !f.keys.has(keyID)) {
		return keySet{}, f.failure
	}
	if f.discarded(now) {
		return keySet{}, errors.New("the fetched keys are too old")
	}
	return f.keys, nil
}

// discarded reports whether there are no keys that may be used.
func (f fetchedKeys) discarded(now time.Time) bool { return !now.Before(f.fetched.Add(discardAfter)) }

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
