package auditdelivery_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	pubsub "cloud.google.com/go/pubsub/v2/apiv1"
	"cloud.google.com/go/pubsub/v2/apiv1/pubsubpb"
	"github.com/google/go-cmp/cmp"

	"github.com/strongroom-dev/strongroom/emulator/cloudtest"
	"github.com/strongroom-dev/strongroom/emulator/faults"
	"github.com/strongroom-dev/strongroom/emulator/suite"
	"github.com/strongroom-dev/strongroom/functions/auditdelivery"
	"github.com/strongroom-dev/strongroom/shared/auditlog"
	"github.com/strongroom-dev/strongroom/shared/gcp"
	"github.com/strongroom-dev/strongroom/shared/tilelog"
)

func TestATopicReceivesTheLogInOrder(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	a, b := f.Tenant(t), f.Tenant(t)
	total := 0
	for _, n := range []int{1, 450, 0, 3} {
		f.record(t, b, 2)
		f.publish(t, a, n)
		total += n
		if got := f.deliver(t); got.Entries != n+2 || got.Behind != 0 || got.More {
			t.Errorf("after %d more: %+v", n, got)
		}
		f.wantAll(t, a, total, n)
	}
	f.wantAll(t, b, 8, "the other tenant")
	if got := f.deliver(t); got != (auditdelivery.Result{}) {
		t.Errorf("when nothing is new: %+v", got)
	}
	f.record(t, a, 1)
	if got := f.deliver(t); got != (auditdelivery.Result{}) {
		t.Errorf("an entry that is not published yet: %+v", got)
	}
}

// A receiver gets the leaf itself, so it can verify the entry against the log.
func TestAMessageIsALeafOfTheLog(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	tn := f.Tenant(t)
	if err := f.PubSub.Subscribe(t.Context(), "siem", tn.AuditTopic); err != nil {
		t.Fatal(err)
	}
	f.publish(t, tn, 3)
	f.deliver(t)
	client, err := gcp.Connect(t.Context(), f.As(suite.OperatorAccount), f.As(suite.OperatorAccount).PubSubHost, pubsub.NewSubscriptionAdminClient)
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	pulled, err := client.Pull(t.Context(), &pubsubpb.PullRequest{Subscription: "projects/" + suite.ProjectID + "/subscriptions/siem", MaxMessages: 10})
	if err != nil {
		t.Fatal(err)
	}
	entries, err := f.reader.ReadEntries(t.Context(), f.db, tn.ID, 0, 3)
	if err != nil {
		t.Fatal(err)
	}
	var got, want []string
	for _, m := range pulled.GetReceivedMessages() {
		a := m.GetMessage().GetAttributes()
		got = append(got, fmt.Sprint(a["index"], a["id"], a["action"], len(a), m.GetMessage().GetOrderingKey(), string(m.GetMessage().GetData())))
	}
	origin := strings.TrimPrefix(f.URL, "http://") + "/v1/tenants/" + string(tn.ID) + "/audit/log"
	for _, e := range entries {
		want = append(want, fmt.Sprint(fmt.Sprint(e.Index), e.ID, "runs.start", 3, origin, string(e.Leaf)))
	}
	slices.Sort(got) // the embedded Pub/Sub pulls in any order
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestATopicThatRefusesIsRecordedAndDelaysNobody(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	bad, good := f.Tenant(t), f.Tenant(t)
	f.mayPublish(t, bad, false)
	f.record(t, good, 2)
	f.publish(t, bad, 2)
	if got := f.deliver(t); got != (auditdelivery.Result{Entries: 2, Logs: 1, Behind: 1}) {
		t.Errorf("%+v", got)
	}
	f.wantAll(t, good, 2, "the other tenant")
	refusedAt := f.Clock.Now()
	state := f.state(t, bad)
	if state.Refused != "PermissionDenied" || state.Next != 0 || state.BehindSince.After(refusedAt) || state.RetryAt.Before(refusedAt) {
		t.Errorf("the state is %+v", state)
	}
	f.mayPublish(t, bad, true)
	if got := f.deliver(t); got.Entries != 0 || got.Behind != 1 {
		t.Errorf("soon after: %+v", got)
	}
	f.Clock.Advance(11 * time.Minute)
	f.publish(t, good, 1)
	if got := f.deliver(t); got != (auditdelivery.Result{Entries: 3, Logs: 2}) {
		t.Errorf("after ten minutes: %+v", got)
	}
	f.wantAll(t, bad, 2, "the topic that refused")
	if state := f.state(t, bad); state.Refused != "" || !state.BehindSince.IsZero() || !state.RetryAt.IsZero() || state.Next != 2 {
		t.Errorf("the state is %+v", state)
	}
}

// A topic that does not answer is tried again by the next call, at once.
func TestAnInterruptedTopicIsTriedAgainInTheNextCall(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	tn := f.Tenant(t)
	f.publish(t, tn, 2)
	config := f.As(suite.FunctionAccount("audit-delivery"))
	proxy, err := faults.New(config.PubSubHost, func(string) faults.Fault { return faults.Killed })
	if err != nil {
		t.Fatal(err)
	}
	defer proxy.Close()
	config.PubSubHost = proxy.Addr()
	h, stop := f.newHandler(t, config)
	defer stop()
	if got, ok := call(t.Context(), h); !ok || got != (auditdelivery.Result{Behind: 1}) {
		t.Errorf("while it does not answer: %v %+v", ok, got)
	}
	if state := f.state(t, tn); state.BehindSince.IsZero() || state.Refused != "" || !state.RetryAt.IsZero() {
		t.Errorf("the state is %+v", state)
	}
	if got := f.deliver(t); got.Entries != 2 {
		t.Errorf("%+v", got)
	}
}

func TestACursorNeverGoesBack(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	tn := f.Tenant(t)
	for _, next := range []int64{5, 3, 5, 9} {
		if err := auditlog.SaveDelivery(t.Context(), f.db, tn.ID, auditlog.Delivery{Next: next}); err != nil {
			t.Fatal(err)
		}
	}
	if err := auditlog.SaveDelivery(t.Context(), f.db, tn.ID, auditlog.Delivery{Next: 4}); err != nil {
		t.Fatal(err)
	}
	if got := f.state(t, tn).Next; got != 9 {
		t.Errorf("the cursor is %d, want 9", got)
	}
}

// Nothing is missing and nothing is out of order, whichever calls fail and however
// they fail, with one or two processes.
func TestEachFaultAtEachCallLeavesNoGap(t *testing.T) {
	t.Parallel()
	tried := cloudtest.Sampled(1)
	for kind, fault := range faults.All {
		t.Run(fmt.Sprintf("a call that is %s", fault), func(t *testing.T) {
			t.Parallel()
			f := newFixture(t)
			tn := f.Tenant(t)
			total := 0
			deliver := func(processes int, plan map[int]faults.Fault) {
				f.publish(t, tn, 3)
				total += 3
				f.deliverWith(t, plan, processes)
				f.wantAll(t, tn, total, fmt.Sprintf("%v, %d processes", plan, processes))
			}
			for first := range 12 {
				if !tried(first + kind) {
					continue
				}
				deliver(1, map[int]faults.Fault{first: fault})
				deliver(1, map[int]faults.Fault{first: fault, first + 2: faults.ReplyLost})
				deliver(2, map[int]faults.Fault{first: fault, first + 3: faults.Late})
			}
		})
	}
}

// deliverWith calls processes whose calls fail as planned, until one that meets no
// fault has delivered everything.
func (f *fixture) deliverWith(t *testing.T, plan map[int]faults.Fault, processes int) {
	t.Helper()
	var calls atomic.Int64
	inject := func(string) faults.Fault { return plan[int(calls.Add(1)-1)] }
	var all sync.WaitGroup
	for range processes {
		config := f.As(suite.FunctionAccount("audit-delivery"))
		stores, err := faults.New(config.FirestoreHost, inject)
		if err != nil {
			t.Fatal(err)
		}
		topics, err := faults.New(config.PubSubHost, inject)
		if err != nil {
			t.Fatal(err)
		}
		config.FirestoreHost, config.KMSHost, config.PubSubHost = stores.Addr(), stores.Addr(), topics.Addr()
		h, stop := f.newHandler(t, config)
		all.Go(func() {
			_, _ = call(t.Context(), h)
			stop()
			_, _ = stores.Close(), topics.Close()
		})
	}
	all.Wait()
	f.Clock.Advance(11 * time.Minute) // some faults look like a refusal
	if got := f.deliver(t); got.Behind != 0 {
		t.Errorf("%v: the delivery is not complete: %+v", plan, got)
	}
}

// A minute in which nothing happened costs two reads for each tenant with a topic,
// and nothing else that grows with the tenants.
func TestAnIdleMinuteReadsTwoDocumentsForEachTenant(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	const tenants = 5
	for range tenants {
		f.publish(t, f.Tenant(t), 1)
	}
	f.deliver(t)
	h, stop := f.newHandler(t, f.As(suite.FunctionAccount("audit-delivery")))
	defer stop()
	before := f.Firestore.Counts()
	if _, ok := call(t.Context(), h); !ok {
		t.Fatal("the function failed")
	}
	after := f.Firestore.Counts()
	const records = tenants // the directory
	if reads, writes := after.Reads-before.Reads, after.Writes-before.Writes; reads != records+2*tenants || writes != 0 {
		t.Errorf("%d reads and %d writes, want %d and none", reads, writes, records+2*tenants)
	}
}

// Only the scheduler may call.
func TestOnlyTheSchedulerMayCall(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.Do(t, "", http.MethodPost, "/functions/audit-delivery", nil).Want(t, http.StatusUnauthorized)
}

// A topic that is named late receives the log from its first entry, also those whose documents have
// expired.
func TestATopicReceivesExpiredEntries(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	tn := f.Tenant(t)
	const total = tilelog.TileWidth + 30
	f.publish(t, tn, total)
	if deleted := tn.ExpireAuditEntries(t); deleted < tilelog.TileWidth {
		t.Fatalf("%d documents have expired", deleted)
	}
	if got := f.deliver(t); got.Entries < total || got.Behind != 0 || got.More {
		t.Errorf("%+v", got)
	}
	f.wantAll(t, tn, int(f.state(t, tn).Next), "after the expiry")
}
