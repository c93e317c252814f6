package keys

import (
	"fmt"
	"testing"
	"time"

	"github.com/tink-crypto/tink-go/v2/aead/subtle"

	"github.com/strongroom-dev/strongroom/shared/gcp"
	"github.com/strongroom-dev/strongroom/shared/tenant"
)

func TestTheTenantsInMemoryAreBounded(t *testing.T) {
	t.Parallel()
	clients := gcp.NewClients(gcp.Config{ProjectID: "p", FirestoreHost: "127.0.0.1:1", KMSHost: "127.0.0.1:1"})
	t.Cleanup(func() { _ = clients.Close() })
	db, err := clients.Default(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	all := NewTenants(clients, time.Now)
	of := func(id string) *Tenant {
		k, err := all.Of(t.Context(), tenant.Record{ID: tenant.ID(id), KeyName: "key"}, db)
		if err != nil {
			t.Fatal(err)
		}
		return k
	}
	busy := of("busy")
	first := of("first")
	first.keys.add(&cachedKey[*subtle.AESGCM]{epoch: 1})
	for i := range 3 * maxTenants {
		of(fmt.Sprint("t", i))
		if of("busy") != busy {
			t.Fatal("the tenant that is always asked for was let go")
		}
	}
	if n := len(all.cache); n != maxTenants {
		t.Errorf("%d tenants are held, want %d", n, maxTenants)
	}
	if len(first.keys.cache) != 0 {
		t.Error("the keys of a tenant that was let go are still held")
	}
}

func TestTheEnvelopeKeysInMemoryAreBounded(t *testing.T) {
	t.Parallel()
	o := NewEnvelopeOpener(EnvelopeConfig{Now: time.Now})
	for i := range 3 * maxEnvelopeKeys {
		o.add(wrappedKeyID{byte(i), byte(i >> 8)}, &openedKey{})
		if len(o.cache) > maxEnvelopeKeys {
			t.Fatalf("%d keys are cached, at most %d may be", len(o.cache), maxEnvelopeKeys)
		}
	}
}
