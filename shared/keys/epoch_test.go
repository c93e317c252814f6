package keys_test

import (
	"encoding/binary"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/strongroom-dev/strongroom/emulator/cloudtest"
	"github.com/strongroom-dev/strongroom/emulator/suite"
	"github.com/strongroom-dev/strongroom/shared/keys"
	"github.com/strongroom-dev/strongroom/shared/tenant"
)

// epochOf is the epoch in a sealed value's header.
func epochOf(sealed []byte) int { return int(binary.BigEndian.Uint32(sealed[1:5])) }

// epochs are the data keys that a tenant has.
func epochs(t *testing.T, c *cloudtest.Cloud, id tenant.ID) []string {
	t.Helper()
	docs, err := database(t, c).Collection("tenants/" + string(id) + "/deks").Documents(t.Context()).GetAll()
	if err != nil {
		t.Fatal(err)
	}
	var ids []string
	for _, doc := range docs {
		ids = append(ids, doc.Ref.ID)
	}
	return ids
}

func TestADataKeyIsInUseForNinetyDays(t *testing.T) {
	t.Parallel()
	c := cloudtest.New(t, suite.Options{})
	acme := c.Tenant(t)
	k := process(t, c, acme.Record)
	var sealed [][]byte
	for _, after := range []struct{ days, epoch int }{{0, 1}, {89, 1}, {2, 2}, {89, 2}, {500, 3}} {
		for range after.days {
			c.Clock.Advance(day)
		}
		value := seal(t, k, "text", "a")
		if got := epochOf(value); got != after.epoch {
			t.Errorf("%d days later it is epoch %d, want %d", after.days, got, after.epoch)
		}
		sealed = append(sealed, value)
	}
	for _, value := range sealed {
		wantOpen(t, k, value, "text", "a")
		wantOpen(t, process(t, c, acme.Record), value, "text", "a")
	}
}

func TestManyProcessesBeginOneEpoch(t *testing.T) {
	t.Parallel()
	c := cloudtest.New(t, suite.Options{})
	acme := c.Tenant(t)
	var processes []*keys.Tenant
	for range 16 {
		processes = append(processes, process(t, c, acme.Record))
	}
	for epoch := 1; epoch <= 3; epoch++ {
		values := make([][]byte, len(processes))
		var work sync.WaitGroup
		for i, k := range processes {
			work.Go(func() { values[i] = seal(t, k, "text", "a") })
		}
		work.Wait()
		for i, k := range processes {
			if got := epochOf(values[i]); got != epoch {
				t.Errorf("process %d is in epoch %d, want %d", i, got, epoch)
			}
			wantOpen(t, k, values[len(values)-1-i], "text", "a")
		}
		c.Clock.Advance(91 * day)
	}
	want := []string{"0000000001", "0000000002", "0000000003"}
	if diff := cmp.Diff(want, epochs(t, c, acme.ID)); diff != "" {
		t.Error(diff)
	}
}
