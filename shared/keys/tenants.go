package keys

import (
	"bytes"
	"context"
	"math"
	"sync"
	"time"

	"cloud.google.com/go/firestore"

	"github.com/strongroom-dev/strongroom/shared/gcp"
	"github.com/strongroom-dev/strongroom/shared/tenant"
)

// maxTenants limits the number of tenants whose keys are cached.
const maxTenants = 1000

// Tenants caches the keys of each tenant. It is safe for concurrent use.
type Tenants struct {
	clients *gcp.Clients
	now     func() time.Time

	mu    sync.Mutex
	cache map[owner]*Tenant
	uses  int64 // counts calls of Of
}

// owner identifies a tenant's data keys. They change if the tenant's KMS key or its
// database changes.
type owner struct {
	id      tenant.ID
	keyName string
	db      *firestore.Client
}

// Tenant holds one tenant's keys: the Sealer for free text, and the fingerprint
// key. It is safe for concurrent use.
type Tenant struct {
	*Sealer
	fingerprints *keyring[[]byte]
	cursors      *firestore.CollectionRef // of Reseal
	id           tenant.ID
	db           *firestore.Client
	lastUse      int64 // value of Tenants.uses; guarded by Tenants.mu
}

// NewTenants returns the cache of the keys of the tenants that clients reach. It
// does not read anything yet.
func NewTenants(clients *gcp.Clients, now func() time.Time) *Tenants {
	return &Tenants{clients: clients, now: now, cache: map[owner]*Tenant{}}
}

// Of returns the keys of a tenant. db is the database with its documents. Of does
// not read anything yet.
func (t *Tenants) Of(ctx context.Context, record tenant.Record, db *firestore.Client) (*Tenant, error) {
	kms, err := t.clients.KMS(ctx)
	if err != nil {
		return nil, err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.uses++
	id := owner{record.ID, record.KeyName, db}
	keys := t.cache[id]
	if keys == nil {
		if len(t.cache) >= maxTenants {
			t.evictOldest()
		}
		keys = newTenant(record.ID, db, Config{KeyName: record.KeyName, KMS: kms, Now: t.now, Function: t.clients.Config.Function})
		t.cache[id] = keys
	}
	keys.lastUse = t.uses
	return keys, nil
}

// evictOldest removes the tenant whose keys were not used for the longest time.
func (t *Tenants) evictOldest() {
	var oldest owner
	least := int64(math.MaxInt64)
	for id, keys := range t.cache {
		if keys.lastUse < least {
			oldest, least = id, keys.lastUse
		}
	}
	t.cache[oldest].keys.evictAll()
	t.cache[oldest].fingerprints.evictAll()
	delete(t.cache, oldest)
}

// newTenant returns the keys of a tenant: the data keys at tenants/{t}/deks, and the
// fingerprint key at tenants/{t}/macs.
func newTenant(id tenant.ID, db *firestore.Client, config Config) *Tenant {
	at := db.Collection("tenants").Doc(string(id))
	data, macs := config, config
	data.Collection, macs.Collection = at.Collection("deks"), at.Collection("macs")
	return &Tenant{
		Sealer:       NewSealer(data),
		fingerprints: newKeyring(macs, func(raw []byte) ([]byte, error) { return raw, nil }),
		cursors:      at.Collection("reseals"),
		id:           id,
		db:           db,
	}
}

// FingerprintKey returns the 32-byte key of the tenant's fingerprints. The first
// call creates it, and it never changes. Do not cache it, because it may be used
// only while the tenant's KMS key is enabled.
func (t *Tenant) FingerprintKey(ctx context.Context) ([]byte, error) {
	key, err := t.fingerprints.newest(ctx, math.MaxInt64)
	if err != nil {
		return nil, err
	}
	return bytes.Clone(key.key), nil
}
