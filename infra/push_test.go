package infra_test

import (
	"context"
	"encoding/json"
	"errors"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/GoogleCloudPlatform/functions-framework-go/funcframework"
	cloudevents "github.com/cloudevents/sdk-go/v2"

	"github.com/strongroom-dev/strongroom/emulator/cloudtest"
)

// TestAPlainPushIsTheEventThatFunctionsExpect sends the request that Pub/Sub sends
// without Eventarc, to the path that the platform module configures.
func TestAPlainPushIsTheEventThatFunctionsExpect(t *testing.T) {
	t.Parallel()
	const path = "/projects/p/topics/object-events"
	events := make(chan cloudevents.Event, 1)
	err := funcframework.RegisterCloudEventFunctionContext(t.Context(), path, func(_ context.Context, e cloudevents.Event) error {
		events <- e
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	const pushed = `{"message":{"data":"eA==","attributes":{"eventType":"OBJECT_FINALIZE"},"messageId":"42","message_id":"42",
		"publishTime":"2026-01-02T03:04:05.678Z","publish_time":"2026-01-02T03:04:05.678Z"},
		"subscription":"projects/p/subscriptions/custody","deliveryAttempt":3}`
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, serveFramework(t)+path, strings.NewReader(pushed))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	cloudtest.Send(t, r).Want(t, http.StatusOK)
	got := <-events
	var data struct {
		Message struct {
			Data        []byte
			Attributes  map[string]string
			MessageID   string
			PublishTime string
		}
	}
	if err := json.Unmarshal(got.Data(), &data); err != nil {
		t.Fatal(err)
	}
	m := data.Message
	if got.Type() != "google.cloud.pubsub.topic.v1.messagePublished" || got.Source() != "//pubsub.googleapis.com/projects/p/topics/object-events" ||
		string(m.Data) != "x" || m.Attributes["eventType"] != "OBJECT_FINALIZE" || m.MessageID != "42" || !strings.HasPrefix(m.PublishTime, "2026-01-02T03:04:05.678") {
		t.Errorf("the function received %s", got)
	}
}

// serveFramework serves the registered functions with the framework, and returns
// its URL. It serves until the tests end, because the framework cannot stop.
func serveFramework(t *testing.T) string {
	t.Helper()
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	host, port, err := net.SplitHostPort(free.Addr().String())
	if err := errors.Join(err, free.Close()); err != nil {
		t.Fatal(err)
	}
	go func() { _ = funcframework.StartHostPort(host, port) }()
	for retry := time.Tick(10 * time.Millisecond); ; <-retry {
		if conn, err := net.Dial("tcp", net.JoinHostPort(host, port)); err == nil {
			_ = conn.Close()
			return "http://" + net.JoinHostPort(host, port)
		}
		if err := t.Context().Err(); err != nil {
			t.Fatal(err)
		}
	}
}
