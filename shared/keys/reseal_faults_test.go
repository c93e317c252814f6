package keys_test

import (
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/strongroom-dev/strongroom/emulator/cloudtest"
	"github.com/strongroom-dev/strongroom/emulator/faults"
	"github.com/strongroom-dev/strongroom/emulator/suite"
	"github.com/strongroom-dev/strongroom/shared/gcp"
	"github.com/strongroom-dev/strongroom/shared/keys"
	"github.com/strongroom-dev/strongroom/shared/tenant"
)

// onWire is a process whose every call, counted from 1, goes by a wire with
// faults.
func onWire(t *testing.T, c *cloudtest.Cloud, record tenant.Record, plan func(call int64, method string) faults.Fault) (*keys.Tenant, *faults.Proxy) {
	t.Helper()
	var calls atomic.Int64
	config := c.As(suite.OperatorAccount)
	wire, err := faults.New(config.FirestoreHost, func(method string) faults.Fault { return plan(calls.Add(1), method) })
	if err != nil {
		t.Fatal(err)
	}
	config.FirestoreHost, config.KMSHost = wire.Addr(), wire.Addr()
	clients := gcp.NewClients(config)
	t.Cleanup(func() { _ = wire.Close(); _ = clients.Close() })
	db, err := clients.Default(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	k, err := keys.NewTenants(clients, c.Clock.Now).Of(t.Context(), record, db)
	if err != nil {
		t.Fatal(err)
	}
	return k, wire
}

// broken is a tenant of its own with 20 lines that open and one, among the
// first, that never will.
func broken(t *testing.T, c *cloudtest.Cloud, record tenant.Record, id tenant.ID) (of tenant.Record, shut string) {
	t.Helper()
	record.ID = id
	k := process(t, c, record)
	fill(t, c, k, id, 0, 20)
	ref := place(database(t, c), id, 21)
	if _, err := ref.Set(t.Context(), map[string]any{"line": seal(t, k, "moved", "elsewhere")}); err != nil {
		t.Fatal(err)
	}
	return record, keys.RelativePath(ref)
}

func TestResealOverAFaultAtAnyCall(t *testing.T) {
	t.Parallel()
	c := cloudtest.New(t, suite.Options{})
	const calls = 12
	record := c.Tenant(t).Record
	type life struct {
		record tenant.Record
		shut   string
		call   int64
		fault  faults.Fault
	}
	var lives []life
	for call := range int64(calls) {
		for _, fault := range append(faults.All, faults.None) {
			of, shut := broken(t, c, record, tenant.ID(fmt.Sprint("t-", len(lives))))
			lives = append(lives, life{record: of, shut: shut, call: call + 1, fault: fault})
		}
	}
	c.Clock.Advance(91 * day)
	for _, l := range lives {
		seal(t, process(t, c, l.record), "begins the epoch", "a")
	}
	c.Clock.Advance(day)
	var work sync.WaitGroup
	for _, l := range lives {
		work.Go(func() {
			var made atomic.Int64
			k, wire := onWire(t, c, l.record, func(call int64, _ string) faults.Fault {
				if made.Store(call); call == l.call {
					return l.fault
				}
				return faults.None
			})
			first, err := k.Reseal(wire.Dead(), lines, 10)
			if l.fault == faults.None && (err != nil || made.Load() != calls) {
				t.Errorf("without a fault: %v, and %d calls", err, made.Load())
			}
			_ = wire.Close() // what is late arrives
			wantResealed(t, c, l.record, append(first.Unreadable, resealRest(t, c, l.record)...), l.shut, fmt.Sprint(l.fault, " at call ", l.call))
		})
	}
	work.Wait()
}

// resealRest is another process that ends what one began.
func resealRest(t *testing.T, c *cloudtest.Cloud, record tenant.Record) (shut []string) {
	t.Helper()
	p, err := process(t, c, record).Reseal(t.Context(), lines, 10)
	if err != nil || !p.Done {
		t.Errorf("the next call: %+v, %v", p, err)
	}
	return p.Unreadable
}

// wantResealed fails the test unless every value is under the second key alone and
// every unreadable one is reported.
func wantResealed(t *testing.T, c *cloudtest.Cloud, record tenant.Record, reported []string, shut, what string) {
	t.Helper()
	db := database(t, c)
	if _, err := db.Doc("tenants/" + string(record.ID) + "/deks/0000000001").Delete(t.Context()); err != nil {
		t.Error(err)
	}
	k := process(t, c, record)
	for n := range 20 {
		doc, err := place(db, record.ID, n).Get(t.Context())
		if err != nil {
			t.Errorf("%s: %v", what, err)
			return
		}
		sealed, _ := doc.Data()["line"].([]byte)
		wantOpen(t, k, sealed, fmt.Sprint("line ", n), keys.RelativePath(doc.Ref))
	}
	if diff := cmp.Diff([]string{shut}, slices.Compact(reported)); diff != "" {
		t.Errorf("%s: shut (-) and reported (+) differ:\n%s", what, diff)
	}
}

func TestResealTellsWhatIsShutThoughALaterPageFails(t *testing.T) {
	t.Parallel()
	c := cloudtest.New(t, suite.Options{})
	record, shut := broken(t, c, c.Tenant(t).Record, "t-broken")
	nextEpoch(t, c, process(t, c, record))
	lists := 0
	k, _ := onWire(t, c, record, func(_ int64, method string) faults.Fault {
		if method == "RunQuery" {
			lists++
		}
		if lists == 3 && method == "RunQuery" { // the first found the newest key
			return faults.Aborted
		}
		return faults.None
	})
	p, err := k.Reseal(t.Context(), lines, 10)
	if diff := cmp.Diff(keys.Progress{Resealed: 15, Unreadable: []string{shut}}, p); diff != "" || err == nil {
		t.Errorf("%v, wanted (-) and done (+) differ:\n%s", err, diff)
	}
	reseal(t, k, 10, keys.Progress{Resealed: 5, Done: true}) // the place was kept
}

// A commit whose reply is lost is no fault of Reseal's.
func TestResealGoesOnAfterALostReply(t *testing.T) {
	t.Parallel()
	c := cloudtest.New(t, suite.Options{})
	acme := c.Tenant(t)
	k := process(t, c, acme.Record)
	fill(t, c, k, acme.ID, 0, 20)
	nextEpoch(t, c, k)
	commits := 0
	k, _ = onWire(t, c, acme.Record, func(_ int64, method string) faults.Fault {
		if method == "Commit" {
			commits++
		}
		if method == "Commit" && commits == 1 {
			return faults.ReplyLost
		}
		return faults.None
	})
	reseal(t, k, 10, keys.Progress{Resealed: 4, Done: true})
	wantEpochs(t, c, k, acme.ID, 20, map[int]int{2: 20})
}

func TestResealTwiceAtOnce(t *testing.T) {
	t.Parallel()
	c := cloudtest.New(t, suite.Options{})
	acme := c.Tenant(t)
	k := process(t, c, acme.Record)
	fill(t, c, k, acme.ID, 0, 100)
	nextEpoch(t, c, k)
	var work sync.WaitGroup
	var resealed atomic.Int64
	for range 4 {
		k := process(t, c, acme.Record)
		work.Go(func() {
			p, err := k.Reseal(t.Context(), lines, 10)
			if err != nil || !p.Done {
				t.Errorf("%+v, %v", p, err)
			}
			resealed.Add(int64(p.Resealed))
		})
	}
	work.Wait()
	if n := resealed.Load(); n != 100 {
		t.Errorf("%d values were resealed, want 100, each once", n)
	}
	wantEpochs(t, c, k, acme.ID, 100, map[int]int{2: 100})
}
