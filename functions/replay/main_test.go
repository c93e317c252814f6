package replay_test

import (
	"context"
	"errors"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/strongroom-dev/strongroom/emulator/cloudtest"
	"github.com/strongroom-dev/strongroom/emulator/faults"
	"github.com/strongroom-dev/strongroom/emulator/suite"
	"github.com/strongroom-dev/strongroom/functions/replay"
	"github.com/strongroom-dev/strongroom/shared/access"
	"github.com/strongroom-dev/strongroom/shared/auditlog"
	"github.com/strongroom-dev/strongroom/shared/event"
	"github.com/strongroom-dev/strongroom/shared/function"
	"github.com/strongroom-dev/strongroom/shared/gcp"
	"github.com/strongroom-dev/strongroom/shared/quarantine"
)

func TestMain(m *testing.M) { cloudtest.Main(m) }

// fields is a JSON object.
type fields = map[string]any

const auditKey = "projects/" + suite.ProjectID + "/locations/" + suite.Location + "/keyRings/platform/cryptoKeys/audit"

// staffCloud is a cloud of its own for each test. It records what is published.
type staffCloud struct {
	*cloudtest.Cloud
	tenant *cloudtest.Tenant
	staff  string // token of the platform's staff

	mu   sync.Mutex
	sent []message
}

// message is a published message.
type message struct {
	Topic, Data string
	Attributes  map[string]string
}

func newStaffCloud(t *testing.T, options suite.Options) *staffCloud {
	t.Helper()
	c := cloudtest.New(t, options)
	tn := c.Tenant(t)
	o := &staffCloud{Cloud: c, tenant: tn, staff: tn.Token(t, "platform")}
	c.PubSub.OnPublish(func(topic string, data []byte, attributes map[string]string) {
		o.mu.Lock()
		defer o.mu.Unlock()
		o.sent = append(o.sent, message{topic[strings.LastIndex(topic, "/")+1:], string(data), maps.Clone(attributes)})
	})
	return o
}

// published returns the messages that were published to a topic so far.
func (o *staffCloud) published(topic string) (all []message) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, m := range o.sent {
		if m.Topic == topic {
			all = append(all, m)
		}
	}
	return all
}

func (o *staffCloud) publish(t *testing.T, topic, data string, attributes map[string]string) {
	t.Helper()
	if err := o.PubSub.Publish(t.Context(), topic, []byte(data), attributes); err != nil {
		t.Fatal(err)
	}
}

// result is the result of a replay.
type result struct {
	Replayed int
	More     bool
	AsOf     time.Time
}

func (o *staffCloud) replay(t *testing.T, what string, body fields) (d result) {
	t.Helper()
	o.Do(t, o.staff, http.MethodPost, "/v1/"+what+"/replay", body).Want(t, http.StatusOK).JSON(t, &d)
	return d
}

// replayAll replays until there are no more messages, as a client does. It returns the
// number of messages that each call sent.
func (o *staffCloud) replayAll(t *testing.T, what string, body fields) (calls []int) {
	t.Helper()
	body = maps.Clone(body)
	for more := true; more; {
		d := o.replay(t, what, body)
		more, calls = d.More, append(calls, d.Replayed)
		body["before"] = d.AsOf
		if len(calls) > 10 {
			t.Fatalf("the loop does not end: %v", calls)
		}
	}
	return calls
}

// record is a listed record of the quarantine.
type record struct {
	Function, Message, Code string
	References              map[string]string
	Published, Found        time.Time
}

type page struct {
	Records       []record
	NextPageToken string
}

func (o *staffCloud) list(t *testing.T, query string) (p page) {
	t.Helper()
	o.Do(t, o.staff, http.MethodGet, "/v1/quarantine?"+query, nil).Want(t, http.StatusOK).JSON(t, &p)
	return p
}

// quarantine makes a function reject a message permanently.
func (o *staffCloud) quarantine(t *testing.T, function, code, id string, attributes map[string]string) {
	t.Helper()
	recorder := quarantine.Recorder{Function: function, References: []string{"run", "kind"}, Clients: o.Operator, Now: o.Clock.Now}
	handle := recorder.Wrap(func(context.Context, event.Message) error { return event.Refuse(code, errors.ErrUnsupported) })
	if err := handle(t.Context(), event.Message{ID: id, Attributes: attributes, Published: o.Clock.Now()}); !event.IsPermanent(err) {
		t.Fatal(err)
	}
}

// platformAudit returns the entries of the platform's own audit log.
func (o *staffCloud) platformAudit(t *testing.T) (all []auditlog.Entry) {
	t.Helper()
	log, err := auditlog.OpenReader(t.Context(), auditlog.Config{AuditKeyName: auditKey}, o.Operator, o.Clock.Now)
	if err != nil {
		t.Fatal(err)
	}
	db, err := o.Operator.Default(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for e, err := range log.Entries(t.Context(), db, "") {
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, e)
	}
	return all
}

// process is a process of the function with faults in its calls of Pub/Sub.
type process struct {
	handler http.Handler
	mu      sync.Mutex
	calls   []string // of Pub/Sub, by method
}

// process injects a fault into the first call of a method. When the process retries
// the method, that call is lost and the process's own client disconnects.
func (o *staffCloud) process(t *testing.T, method string, fault faults.Fault) (*process, context.Context) {
	t.Helper()
	p := &process{}
	ctx, cancel := context.WithCancel(t.Context())
	t.Cleanup(cancel)
	config := o.As(suite.FunctionAccount("replay"))
	proxy, err := faults.New(config.PubSubHost, func(called string) faults.Fault {
		p.mu.Lock()
		defer p.mu.Unlock()
		retry := slices.Contains(p.calls, called)
		p.calls = append(p.calls, called)
		switch {
		case called != method:
			return faults.None
		case retry:
			cancel()
			return faults.Lost
		}
		return fault
	})
	if err != nil {
		t.Fatal(err)
	}
	config.PubSubHost = proxy.Addr()
	clients := gcp.NewClients(config)
	t.Cleanup(func() { _, _ = clients.Close(), proxy.Close() })
	p.handler, err = replay.New(t.Context(),
		access.Config{Audience: suite.Audience, Config: auditlog.Config{AuditKeyName: auditKey}},
		function.Deps{Clients: clients, Now: o.Clock.Now, Log: slog.New(slog.NewJSONHandler(o.Log, nil))})
	if err != nil {
		t.Fatal(err)
	}
	return p, ctx
}

// post calls the process and returns the status.
func (p *process) post(ctx context.Context, o *staffCloud, path, body string) int {
	r := httptest.NewRequestWithContext(ctx, http.MethodPost, path, strings.NewReader(body))
	r.Header.Set("Authorization", "Bearer "+o.staff)
	r.Header.Set("Content-Type", "application/json")
	w := httptest.NewRecorder()
	p.handler.ServeHTTP(w, r)
	return w.Code
}

func (p *process) called() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.calls
}
