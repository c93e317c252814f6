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

// maxTenants bounds the tenants whose keys are in memory.
const maxTenants = 1000

// Tenants gives the keys of each tenant. It is safe for concurrent use.
type Tenants struct {
	clients *gcp.Clients
	now     func() time.Time

	mu   sync.Mutex
	held map[owner]*Tenant
	uses int64 // counts calls of Of
}

// owner is a tenant, its key and its database: if one of them changes, so do
// its data keys.
type owner struct {
	id      tenant.ID
	keyName string
	db      *firestore.Client
}

// Tenant is one tenant's keys: its Sealer, for free text, and its fingerprint
// key. It is safe for concurrent use.
type Tenant struct {
	*Sealer
	fingerprints *keyring[[]byte]
	cursors      *firestore.CollectionRef // of Reseal
	id           tenant.ID
	db           *firestore.Client
	used         int64 // guarded by Tenants.mu
}

// NewTenants gives the keys of the tenants that clients reach; it reads nothing
// yet.
func NewTenants(clients *gcp.Clients, now func() time.Time) *Tenants {
	return &Tenants{clients: clients, now: now, held: map[owner]*Tenant{}}
}

// Of gives a tenant's keys; db is the database that holds its documents. It
// reads nothing yet.
func (t *Tenants) Of(ctx context.Context, record tenant.Record, db *firestore.Client) (*Tenant, error) {
	kms, err := t.clients.KMS(ctx)
	if err != nil {
		return nil, err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.uses++
	who := owner{record.ID, record.KeyName, db}
	keys := t.held[who]
	if keys == nil {
		if len(t.held) >= maxTenants {
			t.dropOldest()
		}
		keys = newTenant(record.ID, db, Config{KeyName: record.KeyName, KMS: kms, Now: t.now})
		t.held[who] = keys
	}
	keys.used = t.uses
	return keys, nil
}

// dropOldest lets go of the keys that were not asked for the longest time.
func (t *Tenants) dropOldest() {
	var oldest owner
	least := int64(math.MaxInt64)
	for who, keys := range t.held {
		if keys.used < least {
			oldest, least = who, keys.used
		}
	}
	t.held[oldest].keys.forget()
	t.held[oldest].fingerprints.forget()
	delete(t.held, oldest)
}

// newTenant has data keys at tenants/{t}/deks, and the fingerprint key at
// tenants/{t}/macs.
func newTenant(id tenant.ID, db *firestore.Client, config Config) *Tenant {
	at := db.Collection("tenants").Doc(string(id))
	data, macs := config, config
	data.Collection, macs.Collection = at.Collection("deks"), at.Collection("macs")
	return &Tenant{
		Sealer:       NewSealer(data),
		fingerprints: newKeyring(macs, func(raw []byte) ([]byte, error) { return raw, nil }),
		cursors:      at.Collection("reseals"), id: id, db: db,
	}
}

// FingerprintKey gives the 32 bytes that the tenant's fingerprints are made
// with. They never change; the first call makes them. Do not keep them: they are
// the tenant's only while its KMS key is enabled.
func (t *Tenant) FingerprintKey(ctx context.Context) ([]byte, error) {
	key, err := t.fingerprints.newest(ctx, math.MaxInt64)
	if err != nil {
		return nil, err
	}
	return bytes.Clone(key.key), nil
}
