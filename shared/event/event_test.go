package event_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	cloudevent "github.com/cloudevents/sdk-go/v2/event"
	"github.com/google/go-cmp/cmp"

	"github.com/strongroom-dev/strongroom/shared/event"
)

const published = "google.cloud.pubsub.topic.v1.messagePublished"

func message(t *testing.T, kind, data string) cloudevent.Event {
	t.Helper()
	e := cloudevent.New()
	e.SetID("7")
	e.SetSource("//pubsub.googleapis.com/projects/p/topics/t")
	e.SetType(kind)
	if err := e.SetData("application/json", []byte(data)); err != nil {
		t.Fatal(err)
	}
	return e
}

const good = `{"message":{"data":"aGk=","attributes":{"a":"b"},"messageId":"7","publishTime":"2026-01-02T03:04:05Z"},"subscription":"s"}`

func TestReceiveGivesTheMessage(t *testing.T) {
	t.Parallel()
	var got event.Message
	receive := event.Receive(func(_ context.Context, m event.Message) error { got = m; return nil }, slog.New(slog.DiscardHandler))
	if err := receive(t.Context(), message(t, published, good)); err != nil {
		t.Fatal(err)
	}
	want := map[string]any{"id": "7", "data": "hi", "attribute": "b", "year": 2026}
	seen := map[string]any{"id": got.ID, "data": string(got.Data), "attribute": got.Attributes["a"], "year": got.Published.Year()}
	if diff := cmp.Diff(want, seen); diff != "" {
		t.Error(diff)
	}
}

func TestReceiveAcknowledgesWhatIsPermanentOnly(t *testing.T) {
	t.Parallel()
	const canary = "canary-%s-1f"
	for name, test := range map[string]struct {
		event cloudevent.Event
		fault error
		again bool
	}{
		"done":                               {message(t, published, good), nil, false},
		"a fault that may pass":              {message(t, published, good), errors.New(canary), true},
		"a permanent fault":                  {message(t, published, good), event.Refuse("refused", errors.New(canary)), false},
		"a refusal with a code":              {message(t, published, good), event.Refuse("bad-reference", errors.New(canary)), false},
		"an event of another type":           {message(t, "other", good), nil, false},
		"data that is no message":            {message(t, published, `[1]`), nil, false},
		"a message without an id":            {message(t, published, `{"message":{"data":"aGk="}}`), nil, false},
		"a message whose data is no base64":  {message(t, published, `{"message":{"data":"%","messageId":"7"}}`), nil, false},
		"a message with a key twice":         {message(t, published, `{"message":{"messageId":"7","messageId":"8"}}`), nil, false},
		"a message with a key in capitals":   {message(t, published, `{"MESSAGE":{"messageId":"7"}}`), nil, false},
		"a wrapped permanent fault":          {message(t, published, good), errors.Join(event.Refuse("refused", errors.New(canary))), false},
		"a deadline without a wrapped fault": {message(t, published, good), context.DeadlineExceeded, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var log bytes.Buffer
			receive := event.Receive(func(context.Context, event.Message) error { return test.fault }, slog.New(slog.NewJSONHandler(&log, nil)))
			err := receive(t.Context(), test.event)
			if (err != nil) != test.again {
				t.Fatalf("it is answered with %v", err)
			}
			if err != nil && strings.ContainsAny(err.Error(), "%") {
				t.Errorf("%q is printed as a format", err)
			}
			if test.fault != nil && log.Len() == 0 {
				t.Error("the fault is in no log")
			}
		})
	}
}

func TestAMalformedEventReachesTheHandlerByItsIDOnly(t *testing.T) {
	t.Parallel()
	var got event.Message
	receive := event.Receive(func(_ context.Context, m event.Message) error { got = m; return errors.New("no record") }, slog.New(slog.DiscardHandler))
	if err := receive(t.Context(), message(t, published, `{"message":{"data":"aGk=","attributes":{"a":"b"}}}`)); err == nil {
		t.Error("it is acknowledged, though its refusal is not on record")
	}
	if got.ID != "7" || got.Data != nil || got.Attributes != nil || event.Code(got.Malformed) != "malformed" || !event.IsPermanent(got.Malformed) {
		t.Errorf("the handler got %+v", got)
	}
}

func TestCodeOfAnError(t *testing.T) {
	t.Parallel()
	if got := event.Code(event.Refuse("bad-reference", errors.ErrUnsupported)); got != "bad-reference" {
		t.Errorf("the code is %q", got)
	}
	if got := event.Code(fmt.Errorf("wrapped: %w", event.Refuse("bad-reference", errors.ErrUnsupported))); got != "bad-reference" {
		t.Errorf("the code of the wrapped error is %q", got)
	}
	if got := event.Code(errors.ErrUnsupported); got != "" || event.IsPermanent(errors.ErrUnsupported) {
		t.Errorf("an error that nobody marked has the code %q", got)
	}
}

func TestLazilyBuildsAgainAfterAFailure(t *testing.T) {
	t.Parallel()
	builds := 0
	receive := event.Lazily(func(context.Context) (event.Handler, error) {
		builds++
		if builds == 1 {
			return nil, errors.New("not yet")
		}
		return func(context.Context, event.Message) error { return nil }, nil
	}, slog.New(slog.DiscardHandler))
	for i, want := range []bool{true, false, false} {
		if err := receive(t.Context(), message(t, published, good)); (err != nil) != want {
			t.Errorf("event %d is answered with %v", i, err)
		}
	}
	if builds != 2 {
		t.Errorf("it was built %d times", builds)
	}
}
