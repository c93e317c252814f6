package infra_test

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/GoogleCloudPlatform/functions-framework-go/funcframework"
	"github.com/google/go-cmp/cmp"

	"github.com/strongroom-dev/strongroom/emulator/cloudtest"
	"github.com/strongroom-dev/strongroom/shared/event"
)

// TestAPlainPushIsTheMessageThatFunctionsExpect sends the request that Pub/Sub sends without
// Eventarc, to the path that the platform module configures, through the functions framework.
func TestAPlainPushIsTheMessageThatFunctionsExpect(t *testing.T) {
	t.Parallel()
	const path = "/projects/p/topics/object-events"
	messages := make(chan event.Message, 1)
	receive := event.Receive(func(_ context.Context, m event.Message) error {
		messages <- m
		return nil
	}, slog.New(slog.DiscardHandler))
	if err := funcframework.RegisterHTTPFunctionContext(t.Context(), path, receive.ServeHTTP); err != nil {
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
	want := event.Message{
		ID: "42", Data: []byte("x"), Attributes: map[string]string{"eventType": "OBJECT_FINALIZE"},
		Published: time.Date(2026, 1, 2, 3, 4, 5, 678e6, time.UTC),
	}
	if diff := cmp.Diff(want, <-messages); diff != "" {
		t.Error(diff)
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
