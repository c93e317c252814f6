//go:build unix

package runs_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	vkit "cloud.google.com/go/firestore/apiv1"
	"cloud.google.com/go/firestore/apiv1/firestorepb"
	pubsub "cloud.google.com/go/pubsub/v2/apiv1"
	"cloud.google.com/go/pubsub/v2/apiv1/pubsubpb"

	"github.com/strongroom-dev/strongroom/emulator/cloudtest"
	"github.com/strongroom-dev/strongroom/emulator/suite"
	"github.com/strongroom-dev/strongroom/functions/runs"
	"github.com/strongroom-dev/strongroom/shared/access"
	"github.com/strongroom-dev/strongroom/shared/function"
	"github.com/strongroom-dev/strongroom/shared/gcp"
	"github.com/strongroom-dev/strongroom/shared/outbox"
)

// BenchmarkRecord records runs, start and report, and compares the CPU time with
// that of the same writes by bare clients: a commit for the start, a commit for
// the report, the event, and a commit that marks the outbox entry. The bare
// clients make four calls instead of eight, because each transaction of Google's
// client begins with a separate call, and reads before it writes.
func BenchmarkRecord(b *testing.B) {
	e := cloudtest.StartProcess(b, "runs")
	h := recorder(b, e)
	for _, lines := range []int{0, 5, 50} {
		b.Run(fmt.Sprintf("lines=%d", lines), func(b *testing.B) {
			report := benchReport(lines)
			record := func() {
				id := cloudtest.NewRun(b)
				h.call(b, http.MethodPut, id, startText)
				h.call(b, http.MethodPost, id+"/report", report)
			}
			cloudtest.CompareCPU(b, record, newBare(b, e, lines).record, "bare")
		})
	}
}

// benchReport returns a report with this number of lines of about 1 KB.
func benchReport(lines int) []byte {
	issues := many(lines, func(i int) fields {
		return fields{"line": fmt.Sprintf(`{"severity":2,"title":"issue %d","details":%q}`, i, strings.Repeat("d", 1000))}
	})
	return encoded(with(aReport, fields{"issues": issues}))
}

// caller calls the function in this process.
type caller struct {
	http.Handler
	token string
}

func recorder(b *testing.B, e cloudtest.Process) caller {
	b.Helper()
	clients := gcp.NewClients(e.Config)
	b.Cleanup(func() { _ = clients.Close() })
	h, err := runs.New(b.Context(), access.Config{Audience: suite.Audience, Config: auditConfig},
		function.Deps{Clients: clients, Now: time.Now, Log: quiet})
	if err != nil {
		b.Fatal(err)
	}
	return caller{h, e.Runner}
}

func (c caller) call(b *testing.B, method, path string, body []byte) {
	b.Helper()
	r := httptest.NewRequestWithContext(b.Context(), method, "/v1/workspaces/prod/runs/"+path, strings.NewReader(string(body)))
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Authorization", "Bearer "+c.token)
	w := httptest.NewRecorder()
	if c.ServeHTTP(w, r); w.Code != http.StatusOK {
		b.Fatalf("%d: %s", w.Code, w.Body)
	}
}

// bare writes documents of the same number and size as those of a run, and does
// nothing else.
type bare struct {
	b         *testing.B
	stores    *vkit.Client
	messages  *pubsub.TopicAdminClient
	sightings int
}

const bareDatabase = "projects/" + suite.ProjectID + "/databases/(default)"

func newBare(b *testing.B, e cloudtest.Process, sightings int) *bare {
	b.Helper()
	toStores, err := e.Config.Dial(e.Config.FirestoreHost)
	if err != nil {
		b.Fatal(err)
	}
	toMessages, err := e.Config.Dial(e.Config.PubSubHost)
	if err != nil {
		b.Fatal(err)
	}
	stores, err := vkit.NewClient(b.Context(), toStores...)
	if err != nil {
		b.Fatal(err)
	}
	messages, err := pubsub.NewTopicAdminClient(b.Context(), toMessages...)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _, _ = stores.Close(), messages.Close() })
	return &bare{b: b, stores: stores, messages: messages, sightings: sightings}
}

func (r *bare) record() {
	id := cloudtest.NewRun(r.b)
	r.commit(r.set(id, "runs", 15, 0), r.set(id, "runIds", 1, 0))
	writes := []*firestorepb.Write{
		r.set(id, "runs", 15, 0), r.set(id, "outbox", 6, 0), r.set(id, "audit", 1, 500),
		r.set(id, "series/1", 7, 0), r.set(id, "series/2", 7, 0),
	}
	for n := range r.sightings {
		writes = append(writes, r.set(id, fmt.Sprintf("sightings/%05d", n), 10, 1100))
	}
	r.commit(writes...)
	_, err := r.messages.Publish(r.b.Context(), &pubsubpb.PublishRequest{
		Topic: "projects/" + suite.ProjectID + "/topics/" + outbox.RunEvents,
		Messages: []*pubsubpb.PubsubMessage{{Attributes: map[string]string{ // a kind that its function rejects immediately
			"tenant": "bench", "workspace": "prod", "run": id, "kind": "run.bench", "entry": "run.bench-" + id,
		}}},
	})
	if err != nil {
		r.b.Fatal(err)
	}
	r.commit(r.set(id, "outbox", 6, 0))
}

func (r *bare) commit(writes ...*firestorepb.Write) {
	if _, err := r.stores.Commit(r.b.Context(), &firestorepb.CommitRequest{Database: bareDatabase, Writes: writes}); err != nil {
		r.b.Fatal(err)
	}
}

func (r *bare) name(id, what string) string {
	return bareDatabase + "/documents/bare/" + id + "-" + strings.ReplaceAll(what, "/", "-")
}

// set returns a write of a document with this number of texts, and a value of this size.
func (r *bare) set(id, what string, texts, bytes int) *firestorepb.Write {
	values := map[string]*firestorepb.Value{}
	for i := range texts {
		values[fmt.Sprint("field", i)] = &firestorepb.Value{ValueType: &firestorepb.Value_StringValue{StringValue: "dns-check-of-cluster-1"}}
	}
	if bytes > 0 {
		values["value"] = &firestorepb.Value{ValueType: &firestorepb.Value_BytesValue{BytesValue: make([]byte, bytes)}}
	}
	return &firestorepb.Write{Operation: &firestorepb.Write_Update{Update: &firestorepb.Document{Name: r.name(id, what), Fields: values}}}
}
