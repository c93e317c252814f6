package event_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/strongroom-dev/strongroom/shared/event"
)

const published = "google.cloud.pubsub.topic.v1.messagePublished"

// push is a request as Eventarc sends it. Without a kind, it is one as Pub/Sub sends it.
func push(ctx context.Context, kind, data string) *http.Request {
	r := httptest.NewRequestWithContext(ctx, http.MethodPost, "/", strings.NewReader(data))
	r.Header.Set("Content-Type", "application/json")
	if kind != "" {
		r.Header.Set("Ce-Id", "7")
		r.Header.Set("Ce-Type", kind)
	}
	return r
}

// answer is the status of the response to a request.
func answer(receive http.Handler, r *http.Request) int {
	w := httptest.NewRecorder()
	receive.ServeHTTP(w, r)
	return w.Code
}

const good = `{"message":{"data":"aGk=","attributes":{"a":"b"},"messageId":"7","publishTime":"2026-01-02T03:04:05Z"},"subscription":"s"}`

func TestReceiveGivesTheMessage(t *testing.T) {
	t.Parallel()
	for name, kind := range map[string]string{"from Eventarc": published, "from Pub/Sub itself": ""} {
		var got event.Message
		receive := event.Receive(func(_ context.Context, m event.Message) error { got = m; return nil }, slog.New(slog.DiscardHandler))
		if status := answer(receive, push(t.Context(), kind, good)); status != http.StatusOK {
			t.Fatalf("%s: status %d", name, status)
		}
		want := event.Message{ID: "7", Data: []byte("hi"), Attributes: map[string]string{"a": "b"}, Published: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

// TestAClientThatLeavesDisturbsNoOtherMessage failed with the receiver of the CloudEvents SDK:
// the message of a client that had left waited for the next request, whose own message waited
// for the one after that.
func TestAClientThatLeavesDisturbsNoOtherMessage(t *testing.T) {
	t.Parallel()
	gone, leave := context.WithCancel(t.Context())
	leave()
	var ended []string
	receive := event.Receive(func(ctx context.Context, m event.Message) error {
		if ctx.Err() != nil {
			ended = append(ended, m.ID)
		}
		return ctx.Err()
	}, slog.New(slog.DiscardHandler))
	var want []string
	for i := range 20 {
		id := fmt.Sprint(i)
		body := `{"message":{"messageId":"` + id + `"}}`
		if status := answer(receive, push(gone, published, body)); status != http.StatusInternalServerError {
			t.Errorf("message %s of a client that has left: status %d", id, status)
		}
		if status := answer(receive, push(t.Context(), published, body)); status != http.StatusOK {
			t.Errorf("message %s: status %d", id, status)
		}
		want = append(want, id)
	}
	if diff := cmp.Diff(want, ended); diff != "" {
		t.Errorf("the messages that were handled for a client that had left: %s", diff)
	}
}

func TestARequestThatIsNoMessageIsRefused(t *testing.T) {
	t.Parallel()
	receive := event.Receive(func(_ context.Context, m event.Message) error { t.Errorf("handled: %+v", m); return nil }, slog.New(slog.DiscardHandler))
	get := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", nil)
	if status := answer(receive, get); status != http.StatusMethodNotAllowed {
		t.Errorf("GET: status %d", status)
	}
	large := push(t.Context(), published, strings.Repeat(" ", 16<<20+1))
	if status := answer(receive, large); status != http.StatusBadRequest {
		t.Errorf("more than Pub/Sub sends: status %d", status)
	}
	broken := push(t.Context(), published, "")
	broken.Body = io.NopCloser(iotest.ErrReader(io.ErrUnexpectedEOF))
	if status := answer(receive, broken); status != http.StatusBadRequest {
		t.Errorf("a connection that breaks: status %d", status)
	}
}

func FuzzReceive(f *testing.F) {
	f.Add(published, good)
	f.Add("", `{"message":{"messageId":"7"}}`)
	f.Add("other", "[")
	f.Fuzz(func(t *testing.T, kind, body string) {
		var got []event.Message
		receive := event.Receive(func(_ context.Context, m event.Message) error { got = append(got, m); return nil }, slog.New(slog.DiscardHandler))
		status := answer(receive, push(t.Context(), kind, body))
		if status != http.StatusOK || len(got) != 1 || got[0].ID == "" {
			t.Errorf("status %d, messages %+v", status, got)
		}
		if m := got[0]; m.Malformed != nil && (m.Data != nil || m.Attributes != nil || !m.Published.IsZero()) {
			t.Errorf("a malformed message has a content: %+v", m)
		}
	})
}

func TestReceiveAcknowledgesWhatIsPermanentOnly(t *testing.T) {
	t.Parallel()
	const canary = "canary-%s-1f"
	for name, test := range map[string]struct {
		event *http.Request
		fault error
		again bool
	}{
		"done":                               {push(t.Context(), published, good), nil, false},
		"a fault that may pass":              {push(t.Context(), published, good), errors.New(canary), true},
		"a permanent fault":                  {push(t.Context(), published, good), event.Refuse("refused", errors.New(canary)), false},
		"a refusal with a code":              {push(t.Context(), published, good), event.Refuse("bad-reference", errors.New(canary)), false},
		"an event of another type":           {push(t.Context(), "other", good), nil, false},
		"data that is no message":            {push(t.Context(), published, `[1]`), nil, false},
		"a message without an id":            {push(t.Context(), published, `{"message":{"data":"aGk="}}`), nil, false},
		"a message whose data is no base64":  {push(t.Context(), published, `{"message":{"data":"%","messageId":"7"}}`), nil, false},
		"a message with a key twice":         {push(t.Context(), published, `{"message":{"messageId":"7","messageId":"8"}}`), nil, false},
		"a message with a key in capitals":   {push(t.Context(), published, `{"MESSAGE":{"messageId":"7"}}`), nil, false},
		"a wrapped permanent fault":          {push(t.Context(), published, good), errors.Join(event.Refuse("refused", errors.New(canary))), false},
		"a deadline without a wrapped fault": {push(t.Context(), published, good), context.DeadlineExceeded, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var log bytes.Buffer
			receive := event.Receive(func(context.Context, event.Message) error { return test.fault }, slog.New(slog.NewJSONHandler(&log, nil)))
			want := http.StatusOK
			if test.again {
				want = http.StatusInternalServerError
			}
			w := httptest.NewRecorder()
			if receive.ServeHTTP(w, test.event); w.Code != want || strings.Contains(w.Body.String(), "canary") {
				t.Fatalf("it is answered with %d: %s", w.Code, w.Body)
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
	const noID = `{"message":{"data":"aGk=","attributes":{"a":"b"}}}`
	if status := answer(receive, push(t.Context(), published, noID)); status != http.StatusInternalServerError {
		t.Errorf("its refusal is not on record, and it is answered with %d", status)
	}
	if got.ID != "7" || got.Data != nil || got.Attributes != nil || event.Code(got.Malformed) != "malformed" || !event.IsPermanent(got.Malformed) {
		t.Errorf("the handler got %+v", got)
	}
	first := got.ID
	for range 2 { // without an ID, each delivery has the same one
		answer(receive, push(t.Context(), "", noID))
		if !strings.HasPrefix(got.ID, "sha256-") || first != "7" && got.ID != first {
			t.Errorf("the ID is %q, then %q", first, got.ID)
		}
		first = got.ID
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
		if status := answer(receive, push(t.Context(), published, good)); (status != http.StatusOK) != want {
			t.Errorf("message %d is answered with %d", i, status)
		}
	}
	if builds != 2 {
		t.Errorf("it was built %d times", builds)
	}
}
