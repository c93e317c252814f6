package keys_test

import (
	"bytes"
	"errors"
	"fmt"
	"sync"
	"testing"

	"github.com/strongroom-dev/strongroom/emulator/cloudtest"
	"github.com/strongroom-dev/strongroom/emulator/suite"
	"github.com/strongroom-dev/strongroom/shared/keys"
)

func TestTheFingerprintKeyIsMadeOnceAndNeverRotates(t *testing.T) {
	t.Parallel()
	c := cloudtest.New(t, suite.Options{})
	acme, other := c.Tenant(t), c.Tenant(t)
	made := make([][]byte, 16)
	var work sync.WaitGroup
	for i := range made {
		k := process(t, c, acme.Record)
		work.Go(func() {
			key, err := k.FingerprintKey(t.Context())
			if err != nil {
				t.Error(err)
			}
			made[i] = key
		})
	}
	work.Wait()
	c.Clock.Advance(1000 * day)
	later, err := process(t, c, acme.Record).FingerprintKey(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for i, key := range append(made, later) {
		if len(key) != 32 || !bytes.Equal(key, made[0]) {
			t.Errorf("process %d has another key", i)
		}
	}
	others, err := process(t, c, other.Record).FingerprintKey(t.Context())
	if err != nil || bytes.Equal(others, made[0]) {
		t.Errorf("another tenant has the same key (%v)", err)
	}
}

func TestADestroyedKeyTakesTheFingerprintKeyWithIt(t *testing.T) {
	t.Parallel()
	c := cloudtest.New(t, suite.Options{})
	acme := c.Tenant(t)
	k := process(t, c, acme.Record)
	if _, err := k.FingerprintKey(t.Context()); err != nil {
		t.Fatal(err)
	}
	destroy(t, c, acme.Record)
	for name, k := range map[string]*keys.Tenant{"the process that had it": k, "a new process": process(t, c, acme.Record)} {
		if _, err := k.FingerprintKey(t.Context()); !errors.Is(err, keys.ErrKeyUnavailable) {
			t.Errorf("%s got %v, want ErrKeyUnavailable", name, err)
		}
	}
}

// Law 3: one tenant, one key.
func TestLaw3EveryOrderedPairOfTenantsFailsToOpenTheOthersFields(t *testing.T) {
	t.Parallel()
	c := cloudtest.Shared(t)
	const tenants = 5
	var all []*keys.Tenant
	var sealed [][]byte
	for i := range tenants {
		k := process(t, c, c.Tenant(t).Record)
		all, sealed = append(all, k), append(sealed, seal(t, k, fmt.Sprint("text of ", i), "a/b"))
	}
	for i, k := range all {
		for j := range all {
			if i == j {
				wantOpen(t, k, sealed[j], fmt.Sprint("text of ", i), "a/b")
				continue
			}
			if plain, err := k.Open(t.Context(), sealed[j], []byte("a/b")); !errors.Is(err, keys.ErrSealed) {
				t.Errorf("tenant %d opened what tenant %d sealed: %q, %v", i, j, plain, err)
			}
		}
	}
}

// Law 3: what is sealed opens only where it was sealed, and as it was.
func TestLaw3AFieldThatWasMovedOrChangedDoesNotOpen(t *testing.T) {
	t.Parallel()
	c := cloudtest.Shared(t)
	k := process(t, c, c.Tenant(t).Record)
	sealed := seal(t, k, "text", "runs/1/sightings/00001")
	for _, place := range []string{"runs/2/sightings/00001", "runs/1/sightings/00002", "", "runs/1/sightings/00001/"} {
		if _, err := k.Open(t.Context(), sealed, []byte(place)); !errors.Is(err, keys.ErrSealed) {
			t.Errorf("opened at %q: %v", place, err)
		}
	}
	for i := range sealed {
		changed := bytes.Clone(sealed)
		changed[i] ^= 1
		if _, err := k.Open(t.Context(), changed, []byte("runs/1/sightings/00001")); !errors.Is(err, keys.ErrSealed) {
			t.Errorf("opened with byte %d changed: %v", i, err)
		}
	}
	for n := range sealed {
		if _, err := k.Open(t.Context(), sealed[:n], []byte("runs/1/sightings/00001")); !errors.Is(err, keys.ErrSealed) {
			t.Errorf("opened when cut to %d bytes: %v", n, err)
		}
	}
}

// Law 3: a tenant's key locks its texts, and nobody else's.
func TestLaw3ADestroyedKeyLocksItsTenantOnly(t *testing.T) {
	t.Parallel()
	c := cloudtest.New(t, suite.Options{})
	acme, other := c.Tenant(t), c.Tenant(t)
	a, b := process(t, c, acme.Record), process(t, c, other.Record)
	sealedA, sealedB := seal(t, a, "of acme", "a"), seal(t, b, "of another", "b")
	destroy(t, c, acme.Record)
	for name, k := range map[string]*keys.Tenant{"the process that had it": a, "a new process": process(t, c, acme.Record)} {
		if plain, err := k.Open(t.Context(), sealedA, []byte("a")); !errors.Is(err, keys.ErrKeyUnavailable) {
			t.Errorf("%s opened %q with %v", name, plain, err)
		}
		if _, err := k.Seal(t.Context(), nil, nil); !errors.Is(err, keys.ErrKeyUnavailable) {
			t.Errorf("%s sealed with %v", name, err)
		}
	}
	wantOpen(t, b, sealedB, "of another", "b")
	wantOpen(t, process(t, c, other.Record), sealedB, "of another", "b")
}
