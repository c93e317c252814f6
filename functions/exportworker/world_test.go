package exportworker_test

import (
	"log/slog"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"path"
	"sync"
	"testing"

	"cloud.google.com/go/firestore"
	"cloud.google.com/go/storage"

	"github.com/strongroom-dev/strongroom/emulator/cloudtest"
	"github.com/strongroom-dev/strongroom/emulator/faults"
	"github.com/strongroom-dev/strongroom/emulator/suite"
	"github.com/strongroom-dev/strongroom/functions/auditintegrator"
	"github.com/strongroom-dev/strongroom/shared/auditlog"
	"github.com/strongroom-dev/strongroom/shared/bucket"
	"github.com/strongroom-dev/strongroom/shared/event"
	"github.com/strongroom-dev/strongroom/shared/exportjob"
	"github.com/strongroom-dev/strongroom/shared/function"
	"github.com/strongroom-dev/strongroom/shared/keys"
	"github.com/strongroom-dev/strongroom/shared/outbox"
)

// world is a cloud in which the test itself delivers the messages of export-parts, to
// workers whose calls fail as its wire plans.
type world struct {
	*cloudtest.Cloud
	db         *firestore.Client // of all tenants, with the operator's permissions, as the fields below
	jobs       *exportjob.Jobs
	log        *auditlog.Log
	reader     *auditlog.Reader
	keys       *keys.Tenants
	storage    *storage.Client
	integrator http.Handler

	wire    wire
	limits  limits
	targets targets
	workers [2]*process // nil: it must be started

	mu    sync.Mutex
	inbox []event.Message // published and not delivered yet
}

// limits are small, so that few documents need many parts.
type limits struct{ documents, bytes, listed int }

// targets are the services behind the proxies of all processes.
type targets struct{ stores, messages *faults.Target }

func newWorld(t *testing.T, l limits) *world {
	t.Helper()
	w := &world{Cloud: cloudtest.New(t, suite.Options{Undelivered: []string{"export-worker", "custody"}}), limits: l}
	must := func(err error) {
		if err != nil {
			t.Fatal(err)
		}
	}
	var err error
	now, ctx := w.Clock.Now, t.Context()
	w.db, err = w.Operator.Default(ctx)
	must(err)
	w.log, err = auditlog.Open(ctx, auditlog.Config{AuditKeyName: w.PlatformKey("audit")}, w.Operator, now)
	must(err)
	w.reader, err = auditlog.OpenReader(ctx, auditlog.Config{AuditKeyName: w.PlatformKey("audit")}, w.Operator, now)
	must(err)
	w.jobs = &exportjob.Jobs{Audit: w.log, Publisher: outbox.NewPublisher(w.Operator), Now: now}
	w.keys = keys.NewTenants(w.Operator, now)
	w.storage, err = bucket.NewClient(ctx, w.As(suite.OperatorAccount))
	must(err)
	_, settings, err := function.Settings[auditintegrator.Config](w.FunctionEnviron("audit-integrator"))
	must(err)
	w.integrator, err = auditintegrator.New(ctx, settings, function.Deps{Clients: w.Operator, Now: now, Log: slog.New(slog.DiscardHandler)})
	must(err)
	config := w.As(suite.OperatorAccount)
	w.targets.stores, err = faults.NewTarget(config.FirestoreHost)
	must(err)
	w.targets.messages, err = faults.NewTarget(config.PubSubHost)
	must(err)
	w.PubSub.OnPublish(w.receive)
	t.Cleanup(func() {
		for i := range w.workers {
			w.stop(i)
		}
		_, _, _ = w.targets.stores.Close(), w.targets.messages.Close(), w.storage.Close()
	})
	return w
}

// receive puts a message that is published into the inbox.
func (w *world) receive(topic string, _ []byte, attributes map[string]string) {
	if path.Base(topic) == outbox.ExportParts {
		w.put(event.Message{ID: attributes["part"], Attributes: attributes})
	}
}

func (w *world) put(m event.Message) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.inbox = append(w.inbox, m)
}

// take returns any message of the inbox.
func (w *world) take(r *rand.Rand) (m event.Message, found bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	n := len(w.inbox)
	if n == 0 {
		return m, false
	}
	i := r.IntN(n)
	m, w.inbox[i] = w.inbox[i], w.inbox[n-1]
	w.inbox = w.inbox[:n-1]
	return m, true
}

// integrate publishes the audit entries of all tenants.
func (w *world) integrate(t *testing.T) {
	t.Helper()
	answer := httptest.NewRecorder()
	w.integrator.ServeHTTP(answer, httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/", nil))
	if answer.Code != http.StatusOK {
		t.Fatalf("the integrator answers with status %d: %s", answer.Code, answer.Body)
	}
}

// worker returns a process that is alive.
func (w *world) worker(t *testing.T, i int) *process {
	t.Helper()
	if w.workers[i] == nil {
		w.workers[i] = w.newProcess(t)
	}
	return w.workers[i]
}

// stop ends a process, if it runs.
func (w *world) stop(i int) {
	if w.workers[i] != nil {
		w.workers[i].close()
		w.workers[i] = nil
	}
}
