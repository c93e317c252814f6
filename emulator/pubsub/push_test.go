package pubsub_test

import (
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	cloudevents "github.com/cloudevents/sdk-go/v2"
	"github.com/google/go-cmp/cmp"
	"github.com/strongroom-dev/strongroom/emulator/clock"
	"github.com/strongroom-dev/strongroom/emulator/pubsub"
)

func testEvent(t *testing.T, r rig) {
	var project string
	ahead := &clock.Clock{}
	ahead.Advance(100 * 24 * time.Hour)
	s := r.server(t, func(c *pubsub.Config) { project, c.Clock = c.ProjectID, ahead })
	var header http.Header
	var body string
	receiver := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		event, err := cloudevents.NewEventFromHTTPRequest(r)
		if err != nil || event.Validate() != nil {
			t.Errorf("the CloudEvents library rejects it: %v %v", err, event.Validate())
			return
		}
		header, body = r.Header, string(event.Data())
	}))
	t.Cleanup(receiver.Close)
	push(t, s, quick(receiver.URL))
	publish(t, s, `{"a":1}`, map[string]string{"k": "v"})
	drain(t, s)

	id, published := header.Get("ce-id"), header.Get("ce-time")
	if !regexp.MustCompile(`^[0-9]{16,}$`).MatchString(id) {
		t.Errorf("the message id %q does not look like Google's", id)
	}
	at, err := time.Parse(time.RFC3339Nano, published)
	if off := ahead.Now().Sub(at); err != nil || off < -time.Second || off > time.Minute {
		t.Errorf("published at %s, now is %s: %v", published, ahead.Now(), err)
	}
	want := map[string]string{
		"Ce-Source":      "//pubsub.googleapis.com/projects/" + project + "/topics/events",
		"Ce-Specversion": "1.0",
		"Ce-Type":        "google.cloud.pubsub.topic.v1.messagePublished",
		"Content-Type":   "application/json",
		"Authorization":  "",
	}
	for name, value := range want {
		if header.Get(name) != value {
			t.Errorf("%s is %q, not %q", name, header.Get(name), value)
		}
	}
	wantBody := `{"message":{"data":"eyJhIjoxfQ==","attributes":{"k":"v"},"messageId":"ID","message_id":"ID",` +
		`"publishTime":"TIME","publish_time":"TIME"},"subscription":"projects/` + project + `/subscriptions/consumer"}`
	if diff := cmp.Diff(strings.NewReplacer("ID", id, "TIME", published).Replace(wantBody), body); diff != "" {
		t.Error(diff)
	}
}

func testFanOut(t *testing.T, r rig) {
	s := r.server(t)
	var got list
	for _, id := range []string{"one", "two"} {
		sub := quick(endpoint(t, got.accept))
		sub.ID = id
		push(t, s, sub)
	}
	for _, data := range numbered(20) {
		publish(t, s, data, nil)
	}
	drain(t, s)
	want := append(numbered(20), numbered(20)...)
	slices.Sort(want)
	if diff := cmp.Diff(want, got.sorted()); diff != "" {
		t.Error(diff)
	}
}

func testToken(t *testing.T, r rig) {
	s := r.server(t, func(c *pubsub.Config) {
		c.IDToken = func(email, audience string) (string, error) { return email + " for " + audience, nil }
	})
	var got string
	url := endpoint(t, func(r *http.Request, _ pushed) int {
		got = r.Header.Get("Authorization")
		return 204
	})
	sub := quick(url)
	sub.ServiceAccount = "pubsub-push@p.iam.gserviceaccount.com"
	push(t, s, sub)
	publish(t, s, "x", nil)
	drain(t, s)
	if want := "Bearer pubsub-push@p.iam.gserviceaccount.com for " + url; got != want {
		t.Errorf("the request has %q, not %q", got, want)
	}
}

func testAcks(t *testing.T, r rig) {
	s := r.server(t)
	answers := []int{200, 201, 202, 204}
	var got list
	push(t, s, quick(endpoint(t, func(_ *http.Request, p pushed) int {
		return answers[got.add(string(p.Message.Data))-1]
	})))
	for _, data := range numbered(len(answers)) {
		publish(t, s, data, nil)
		drain(t, s)
	}
	if diff := cmp.Diff(numbered(len(answers)), got.sorted()); diff != "" {
		t.Error(diff)
	}
}

func testRetry(t *testing.T, r rig) {
	s := r.server(t)
	answers := []int{500, 400, 302, 429, 203, 404, 204}
	var ids list
	push(t, s, quick(endpoint(t, func(_ *http.Request, p pushed) int {
		return answers[ids.add(p.Message.MessageID)-1]
	})))
	publish(t, s, "x", nil)
	drain(t, s)
	if got := ids.sorted(); len(got) != len(answers) || len(slices.Compact(got)) != 1 {
		t.Errorf("want %d attempts, got %v", len(answers), got)
	}
}

func testSlowEndpoint(t *testing.T, r rig) {
	s := r.server(t)
	var got list
	sub := quick(endpoint(t, func(r *http.Request, _ pushed) int {
		if got.add("") < 3 {
			<-r.Context().Done() // until the dispatcher closes the connection
		}
		return 204
	}))
	sub.AckDeadline = 50 * time.Millisecond
	push(t, s, sub)
	publish(t, s, "x", nil)
	drain(t, s)
	if n := len(got.sorted()); n < 3 {
		t.Errorf("%d attempts", n)
	}
}

func testBackoff(t *testing.T, r rig) {
	s := r.server(t)
	var mu sync.Mutex
	var times []time.Time
	sub := quick(endpoint(t, func(*http.Request, pushed) int {
		mu.Lock()
		defer mu.Unlock()
		if times = append(times, time.Now()); len(times) < 5 {
			return 503
		}
		return 204
	}))
	sub.MinBackoff, sub.MaxBackoff = 10*time.Millisecond, 40*time.Millisecond
	push(t, s, sub)
	publish(t, s, "x", nil)
	drain(t, s)
	for i, least := range []time.Duration{10, 20, 40, 40} {
		if wait := times[i+1].Sub(times[i]); wait < least*time.Millisecond {
			t.Errorf("wait %d is %v, less than %d ms", i+1, wait, least)
		}
	}
}

func testFilter(t *testing.T, r rig) {
	s := r.server(t)
	var got list
	sub := quick(endpoint(t, got.accept))
	sub.Filter = `attributes.eventType = "OBJECT_FINALIZE" AND attributes."bucket id" = "b"`
	push(t, s, sub)
	publish(t, s, "match", map[string]string{"eventType": "OBJECT_FINALIZE", "bucket id": "b"})
	publish(t, s, "other value", map[string]string{"eventType": "OBJECT_DELETE", "bucket id": "b"})
	publish(t, s, "absent", map[string]string{"eventType": "OBJECT_FINALIZE"})
	publish(t, s, "none", nil)
	drain(t, s)
	if diff := cmp.Diff([]string{"match"}, got.sorted()); diff != "" {
		t.Error(diff)
	}
}

func testBound(t *testing.T, r rig) {
	s := r.server(t)
	var running bound
	sub := quick(endpoint(t, func(*http.Request, pushed) int {
		running.enter()
		defer running.leave()
		return 204
	}))
	sub.MaxOutstanding = 3
	push(t, s, sub)
	for _, data := range numbered(60) {
		publish(t, s, data, nil)
	}
	drain(t, s)
	if running.most > 3 {
		t.Errorf("%d pushes at the same time", running.most)
	}
}

// list collects items of concurrent requests.
type list struct {
	mu    sync.Mutex
	items []string
}

// add returns the number of items.
func (l *list) add(item string) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.items = append(l.items, item)
	return len(l.items)
}

func (l *list) accept(_ *http.Request, p pushed) int {
	l.add(string(p.Message.Data))
	return http.StatusNoContent
}

func (l *list) inOrder() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.items)
}

func (l *list) sorted() []string { return slices.Sorted(slices.Values(l.inOrder())) }

// bound counts concurrent callers.
type bound struct {
	mu           sync.Mutex
	inside, most int
}

func (b *bound) enter() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.inside++
	b.most = max(b.most, b.inside)
}

func (b *bound) leave() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.inside--
}
