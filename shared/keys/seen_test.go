package keys_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/strongroom-dev/strongroom/emulator/cloudtest"
	"github.com/strongroom-dev/strongroom/emulator/suite"
	"github.com/strongroom-dev/strongroom/shared/gcp"
	"github.com/strongroom-dev/strongroom/shared/keys"
)

// seenBy returns how long before now each function saw a key of the tenant.
func seenBy(t *testing.T, c *cloudtest.Cloud, tn *cloudtest.Tenant) map[string]time.Duration {
	t.Helper()
	all, err := keys.Seen(t.Context(), database(t, c), tn.ID)
	if err != nil {
		t.Fatal(err)
	}
	ago := map[string]time.Duration{}
	for function, at := range all {
		ago[function] = c.Clock.Now().Sub(at).Round(time.Minute)
	}
	return ago
}

// processOf is a new process of a function, with nothing in memory.
func processOf(t *testing.T, c *cloudtest.Cloud, tn *cloudtest.Tenant, function string) *keys.Tenant {
	t.Helper()
	config := c.Operator.Config
	config.Function = function
	clients := gcp.NewClients(config)
	t.Cleanup(func() { _ = clients.Close() })
	k, err := keys.NewTenants(clients, c.Clock.Now).Of(t.Context(), tn.Record, database(t, c))
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func TestEachFunctionRecordsWhenItLastSawTheKey(t *testing.T) {
	t.Parallel()
	c := cloudtest.New(t, suite.Options{})
	tn := c.Tenant(t)
	sealed := seal(t, processOf(t, c, tn, "Writer"), "text", "a")
	c.Clock.Advance(time.Hour)
	reader := processOf(t, c, tn, "Reader")
	wantOpen(t, reader, sealed, "text", "a")
	wantOpen(t, process(t, c, tn.Record), sealed, "text", "a") // no function
	want := map[string]time.Duration{"Writer": time.Hour, "Reader": 0}
	if diff := cmp.Diff(want, seenBy(t, c, tn)); diff != "" {
		t.Error(diff)
	}

	// Within five minutes, no other process of the function records anything.
	c.Clock.Advance(keys.SeenEvery - time.Minute)
	wantOpen(t, processOf(t, c, tn, "Reader"), sealed, "text", "a")
	if got := seenBy(t, c, tn)["Reader"]; got != keys.SeenEvery-time.Minute {
		t.Errorf("another process has recorded a use again, %s ago", got)
	}
	c.Clock.Advance(time.Minute)
	wantOpen(t, processOf(t, c, tn, "Reader"), sealed, "text", "a")
	if got := seenBy(t, c, tn)["Reader"]; got != 0 {
		t.Errorf("after five minutes, the last use is %s ago", got)
	}

	// What Cloud KMS refuses is no use.
	destroy(t, c, tn.Record)
	c.Clock.Advance(time.Hour)
	if _, err := processOf(t, c, tn, "Reader").Open(t.Context(), sealed, []byte("a")); err == nil {
		t.Fatal("a destroyed key opens a value")
	}
	if got := seenBy(t, c, tn)["Reader"]; got < time.Hour {
		t.Errorf("a refused use is recorded, %s ago", got)
	}
}
