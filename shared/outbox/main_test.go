package outbox_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"cloud.google.com/go/firestore"
	"github.com/google/uuid"

	"github.com/strongroom-dev/strongroom/emulator/cloudtest"
	"github.com/strongroom-dev/strongroom/emulator/iam"
	"github.com/strongroom-dev/strongroom/emulator/suite"
	"github.com/strongroom-dev/strongroom/shared/gcp"
	"github.com/strongroom-dev/strongroom/shared/outbox"
	"github.com/strongroom-dev/strongroom/shared/run"
	"github.com/strongroom-dev/strongroom/shared/tenant"
)

func TestMain(m *testing.M) { cloudtest.Main(m) }

// office is a cloud with an account that may publish, and what it published.
type office struct {
	*cloudtest.Cloud
	t         *testing.T
	db        *firestore.Client
	publisher *outbox.Publisher

	mu   sync.Mutex
	seen map[string]int // messages by entry id
}

func newOffice(t *testing.T) *office {
	t.Helper()
	c := cloudtest.New(t, suite.Options{})
	account := suite.Account("test-publisher")
	for _, err := range []error{
		c.IAM.CreateServiceAccount(account),
		c.PubSub.CreateTopic(t.Context(), outbox.RunEvents),
		c.IAM.Bind(iam.Binding{Member: account, Role: "roles/datastore.user", Resource: "projects/" + suite.ProjectID + "/databases/(default)"}),
		c.IAM.Bind(iam.Binding{Member: account, Role: "roles/pubsub.publisher", Resource: "topics/" + outbox.RunEvents}),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	clients := gcp.NewClients(c.As(account))
	t.Cleanup(func() { _ = clients.Close() })
	db, err := clients.Default(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	o := &office{Cloud: c, t: t, db: db, publisher: outbox.NewPublisher(clients), seen: map[string]int{}}
	c.PubSub.OnPublish(func(topic string, data []byte, attributes map[string]string) {
		o.mu.Lock()
		defer o.mu.Unlock()
		o.seen[attributes["entry"]]++
		if len(data) > 0 || !strings.HasSuffix(topic, "/"+outbox.RunEvents) {
			t.Errorf("%s got data: %q", topic, data)
		}
	})
	return o
}

// entry writes an entry.
func (o *office) entry(topic string, created time.Time) outbox.Entry {
	o.t.Helper()
	e := outbox.Entry{
		ID: uuid.NewString(), Topic: topic, Tenant: "acme", Workspace: "prod", Run: run.ID(cloudtest.NewRun(o.t)),
		Kind: outbox.RunEnded, Created: created,
	}
	err := o.db.RunTransaction(o.t.Context(), func(_ context.Context, tx *firestore.Transaction) error { return e.Write(tx, o.db) })
	if err != nil {
		o.t.Fatal(err)
	}
	return e
}

// left counts the entries that are not published yet.
func (o *office) left(before time.Time) []*firestore.DocumentSnapshot {
	o.t.Helper()
	docs, err := outbox.Pending(o.db, before).Limit(outbox.MaxPage).Documents(o.t.Context()).GetAll()
	if err != nil {
		o.t.Fatal(err)
	}
	return docs
}

func (o *office) published(e outbox.Entry) int {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.seen[e.ID]
}

var later = time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC)

func TestAnEntryIsPublishedAndGone(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	var got map[string]string
	o.PubSub.OnPublish(func(_ string, _ []byte, attributes map[string]string) { got = attributes })
	e := o.entry(outbox.RunEvents, time.Now())
	if err := o.publisher.Publish(t.Context(), o.db, e); err != nil {
		t.Fatal(err)
	}
	want := map[string]string{"tenant": "acme", "workspace": "prod", "run": string(e.Run), "kind": "run.ended", "entry": e.ID}
	for name, value := range want {
		if got[name] != value {
			t.Errorf("%s is %q, want %q", name, got[name], value)
		}
	}
	if len(got) != len(want) || len(o.left(later)) != 0 {
		t.Errorf("got %v; %d entries are left", got, len(o.left(later)))
	}
}

func TestATransactionThatFailsPublishesNothing(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	refused := errors.New("refused")
	err := o.db.RunTransaction(t.Context(), func(_ context.Context, tx *firestore.Transaction) error {
		e := outbox.Entry{ID: "x", Topic: outbox.RunEvents, Tenant: tenant.ID("acme"), Created: time.Now()}
		return errors.Join(e.Write(tx, o.db), refused)
	})
	if !errors.Is(err, refused) || len(o.left(later)) != 0 {
		t.Errorf("got %v; %d entries are left", err, len(o.left(later)))
	}
}

func TestTheRelayPublishesWhatIsOldEnough(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	now := time.Now()
	old, young := o.entry(outbox.RunEvents, now.Add(-time.Hour)), o.entry(outbox.RunEvents, now)
	lost := o.entry("no-such-topic", now.Add(-2*time.Hour))
	broken := o.db.Doc("tenants/acme/outbox/broken")
	if _, err := broken.Set(t.Context(), map[string]any{"created": now.Add(-time.Hour), "topic": 7}); err != nil {
		t.Fatal(err)
	}

	n, err := o.publisher.Relay(t.Context(), o.db, o.left(now.Add(-time.Minute)))
	if n != 1 || err == nil {
		t.Errorf("relayed %d with %v, want 1 and the faults of two", n, err)
	}
	if o.published(old) != 1 || o.published(young) != 0 || o.published(lost) != 0 {
		t.Errorf("published: old %d, young %d, lost %d", o.published(old), o.published(young), o.published(lost))
	}
	if left := len(o.left(later)); left != 3 {
		t.Errorf("%d entries are left, want the young, the lost and the broken one", left)
	}
}

func TestWhoMayNotPublishLeavesTheEntry(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	e := o.entry(outbox.RunEvents, time.Now().Add(-time.Hour))
	err := o.IAM.Unbind(iam.Binding{Member: suite.Account("test-publisher"), Role: "roles/pubsub.publisher", Resource: "topics/" + outbox.RunEvents})
	if err != nil {
		t.Fatal(err)
	}
	if err := o.publisher.Publish(t.Context(), o.db, e); err == nil {
		t.Error("published without the right")
	}
	if len(o.left(later)) != 1 || o.published(e) != 0 {
		t.Errorf("%d entries are left, %d published", len(o.left(later)), o.published(e))
	}
}
