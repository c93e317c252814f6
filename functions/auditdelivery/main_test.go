package auditdelivery_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strconv"
	"sync"
	"testing"

	"cloud.google.com/go/firestore"

	"github.com/strongroom-dev/strongroom/emulator/cloudtest"
	"github.com/strongroom-dev/strongroom/emulator/iam"
	"github.com/strongroom-dev/strongroom/emulator/suite"
	"github.com/strongroom-dev/strongroom/functions/auditdelivery"
	"github.com/strongroom-dev/strongroom/shared/auditlog"
	"github.com/strongroom-dev/strongroom/shared/function"
	"github.com/strongroom-dev/strongroom/shared/gcp"
)

func TestMain(m *testing.M) { cloudtest.Main(m) }

// fixture is a cloud with one function, and what it delivered.
type fixture struct {
	*cloudtest.Cloud
	db     *firestore.Client
	log    *auditlog.Log
	reader *auditlog.Reader

	mu        sync.Mutex
	delivered map[string][]int64 // indexes by topic, in the order of their delivery
}

func newFixture(t *testing.T) *fixture {
	t.Helper()
	c := cloudtest.New(t, suite.Options{})
	config := auditlog.Config{AuditKeyName: "projects/" + suite.ProjectID + "/locations/" + suite.Location + "/keyRings/platform/cryptoKeys/audit"}
	log, errLog := auditlog.Open(t.Context(), config, c.Operator, c.Clock.Now)
	reader, errReader := auditlog.OpenReader(t.Context(), config, c.Operator, c.Clock.Now)
	if err := errors.Join(errLog, errReader); err != nil {
		t.Fatal(err)
	}
	db, err := c.Operator.Default(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	f := &fixture{Cloud: c, db: db, log: log, reader: reader, delivered: map[string][]int64{}}
	c.PubSub.OnPublish(func(topic string, _ []byte, attributes map[string]string) {
		index, err := strconv.ParseInt(attributes["index"], 10, 64)
		if err != nil {
			return // a message of another kind
		}
		f.mu.Lock()
		defer f.mu.Unlock()
		f.delivered[topic] = append(f.delivered[topic], index)
	})
	return f
}

// publish records n entries in one commit, and integrates them.
func (f *fixture) publish(t *testing.T, tn *cloudtest.Tenant, n int) {
	t.Helper()
	f.record(t, tn, n)
	if err := f.Scheduler.RunNow(t.Context(), "audit-integrator"); err != nil {
		t.Fatal(err)
	}
}

func (f *fixture) record(t *testing.T, tn *cloudtest.Tenant, n int) {
	t.Helper()
	err := f.db.RunTransaction(t.Context(), func(ctx context.Context, tx *firestore.Transaction) error {
		for i := range n {
			entry := auditlog.Entry{Tenant: tn.ID, Actor: auditlog.Actor{Subject: fmt.Sprint(i)}, Action: auditlog.StartRun}
			p, err := f.log.Prepare(ctx, f.db, entry)
			if err != nil {
				return err
			}
			if err := p.Write(tx); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// newHandler returns the function in a process of its own.
func (f *fixture) newHandler(t *testing.T, config gcp.Config) (h *auditdelivery.Handler, stop func()) {
	t.Helper()
	clients := gcp.NewClients(config)
	_, settings, err := function.Settings[auditdelivery.Config](f.FunctionEnviron("audit-delivery"))
	if err != nil {
		t.Fatal(err)
	}
	h, err = auditdelivery.New(t.Context(), settings, function.Deps{Clients: clients, Now: f.Clock.Now, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	return h, func() { _ = clients.Close() }
}

// deliver calls the function once, in a process of its own.
func (f *fixture) deliver(t *testing.T) auditdelivery.Result {
	t.Helper()
	h, stop := f.newHandler(t, f.As(suite.FunctionAccount("audit-delivery")))
	defer stop()
	result, ok := call(t.Context(), h)
	if !ok {
		t.Fatal("the function failed")
	}
	return result
}

func call(ctx context.Context, h http.Handler) (result auditdelivery.Result, ok bool) {
	answer := httptest.NewRecorder()
	h.ServeHTTP(answer, httptest.NewRequestWithContext(ctx, http.MethodPost, "/", nil))
	return result, answer.Code == http.StatusOK && json.Unmarshal(answer.Body.Bytes(), &result) == nil
}

// firsts returns the indexes that a tenant's topic received, in the order of their
// first delivery.
func (f *fixture) firsts(tn *cloudtest.Tenant) (all []int64) {
	f.mu.Lock()
	defer f.mu.Unlock()
	seen := map[int64]bool{}
	for _, index := range f.delivered[tn.AuditTopic] {
		if !seen[index] {
			seen[index] = true
			all = append(all, index)
		}
	}
	return all
}

// wantAll checks that a topic received the entries 0 to n-1, first deliveries in
// order.
func (f *fixture) wantAll(t *testing.T, tn *cloudtest.Tenant, n int, about any) {
	t.Helper()
	got := f.firsts(tn)
	if len(got) != n {
		t.Errorf("%v: %d entries arrived, want %d", about, len(got), n)
	}
	for i, index := range got {
		if index != int64(i) {
			t.Fatalf("%v: entry %d arrived where %d was expected: %v", about, index, i, got)
		}
	}
}

func (f *fixture) state(t *testing.T, tn *cloudtest.Tenant) auditlog.Delivery {
	t.Helper()
	state, _, err := auditlog.ReadDelivery(t.Context(), f.db, tn.ID)
	if err != nil {
		t.Fatal(err)
	}
	return state
}

// mayPublish grants or withdraws the function's role on a tenant's topic.
func (f *fixture) mayPublish(t *testing.T, tn *cloudtest.Tenant, may bool) {
	t.Helper()
	change := f.IAM.Unbind
	if may {
		change = f.IAM.Bind
	}
	err := change(iam.Binding{Member: suite.FunctionAccount("audit-delivery"), Role: "roles/pubsub.publisher", Resource: "topics/audit-" + string(tn.ID)})
	if err != nil {
		t.Fatal(err)
	}
}
