package library

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"cloud.google.com/go/firestore"

	"github.com/strongroom-dev/strongroom/shared/gcp"
)

const (
	maxAge         = time.Minute      // of an index, until it is checked for a newer version
	maxWait        = time.Second      // that a request waits for a newer version
	refreshTimeout = 10 * time.Minute // an instance without requests has hardly any CPU
)

// Cache keeps the newest Index in memory. It is safe for concurrent use.
type Cache struct {
	clients *gcp.Clients
	now     func() time.Time
	after   func(time.Duration) <-chan time.Time
	log     *slog.Logger

	mu         sync.Mutex
	version    string
	checked    time.Time
	index      *Index
	refreshing *refresh // nil: no refresh is running
}

// refresh is one check for a newer version.
type refresh struct {
	done chan struct{}
	err  error // valid once done is closed
}

// NewCache returns an empty cache. It reads the catalog on first use. It waits with
// after, which is time.After except in tests.
func NewCache(clients *gcp.Clients, now func() time.Time, after func(time.Duration) <-chan time.Time, log *slog.Logger) *Cache {
	return &Cache{clients: clients, now: now, after: after, log: log}
}

// Current returns an index that is about a minute old at most:
//
//   - If there is no index yet, all callers wait for it.
//   - If the index is older than a minute, one caller starts a refresh and waits up
//     to a second for it. All other callers get the old index at once.
//   - If a refresh fails, the old index is used until one succeeds.
//
// It fails only if there is no index at all, or if ctx ends first.
func (c *Cache) Current(ctx context.Context) (*Index, error) {
	db, err := c.clients.Default(ctx)
	if err != nil {
		return nil, err
	}
	now := c.now()
	c.mu.Lock()
	index, running := c.index, c.refreshing
	if index != nil && (running != nil || now.Before(c.checked.Add(maxAge))) {
		c.mu.Unlock()
		return index, nil
	}
	if running == nil {
		running = &refresh{done: make(chan struct{})}
		c.refreshing = running
		go c.refresh(context.WithoutCancel(ctx), running, db, now)
	}
	c.mu.Unlock()
	return c.wait(ctx, running, index)
}

// wait waits for a refresh; only for maxWait if there is an old index.
func (c *Cache) wait(ctx context.Context, running *refresh, old *Index) (*Index, error) {
	var enough <-chan time.Time
	if old != nil {
		enough = c.after(maxWait)
	}
	select {
	case <-enough:
		return old, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-running.done:
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.index == nil {
		return nil, running.err
	}
	return c.index, nil
}

func (c *Cache) refresh(ctx context.Context, running *refresh, db *firestore.Client, now time.Time) {
	ctx, cancel := context.WithTimeout(ctx, refreshTimeout)
	defer cancel()
	c.mu.Lock()
	index, version := c.index, c.version
	c.mu.Unlock()
	index, version, err := newest(ctx, db, index, version)
	c.mu.Lock()
	defer c.mu.Unlock()
	if err == nil {
		c.index, c.version, c.checked = index, version, now
	} else if c.index != nil {
		c.log.WarnContext(ctx, "catalog refresh failed; using the previous version", "error", err.Error())
	}
	c.refreshing, running.err = nil, err
	close(running.done)
}

// newest returns the given index if it is still the current version. To know
// that costs one read.
func newest(ctx context.Context, db *firestore.Client, index *Index, version string) (*Index, string, error) {
	docs, err := db.GetAll(ctx, []*firestore.DocumentRef{RegisterRef(db)})
	if err != nil {
		return nil, "", fmt.Errorf("read the catalog's register: %w", err)
	}
	r, err := DecodeRegister(docs[0])
	if err != nil || index != nil && r.Version == version {
		return index, version, err
	}
	index, err = readIndex(ctx, db, r)
	return index, r.Version, err
}
