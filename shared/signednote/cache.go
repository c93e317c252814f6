package signednote

import (
	"context"
	"fmt"
	"sync"
	"time"

	kms "cloud.google.com/go/kms/apiv1"
)

// cacheMaxAge is how long a Cache keeps keys. A new version of a key is used
// after this time.
const cacheMaxAge = 10 * time.Minute

// Cache caches the versions of one KMS key. The zero Cache is empty. It is safe
// for concurrent use.
type Cache struct {
	mu   sync.Mutex
	keys []Key
	read time.Time
}

// Keys returns the versions of the KMS key that can verify, the oldest first.
// There is at least one. They were read at most 10 minutes before now.
func (c *Cache) Keys(ctx context.Context, client *kms.KeyManagementClient, keyName string, now time.Time) ([]Key, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.read.IsZero() && now.Before(c.read.Add(cacheMaxAge)) {
		return c.keys, nil
	}
	keys, err := Keys(ctx, client, keyName)
	if err != nil {
		return nil, fmt.Errorf("read the signing key: %w", err)
	}
	c.keys, c.read = keys, now
	return keys, nil
}
