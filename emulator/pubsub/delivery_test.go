package pubsub_test

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/strongroom-dev/strongroom/emulator/pubsub"
)

func testDeadLetter(t *testing.T, r rig) {
	var project string
	s := r.server(t, func(c *pubsub.Config) { project = c.ProjectID })
	topic(t, s, "dead-letters")
	var attempts list
	sub := quick(endpoint(t, func(_ *http.Request, p pushed) int {
		attempts.add(fmt.Sprint(string(p.Message.Data), p.DeliveryAttempt))
		if string(p.Message.Data) == "good" {
			return 200
		}
		return 500
	}))
	sub.MaxDeliveryAttempts, sub.DeadLetterTopic = 5, "dead-letters"
	push(t, s, sub)
	var dead pushed
	push(t, s, pubsub.Subscription{ID: "morgue", Topic: "dead-letters", Endpoint: endpoint(t, func(_ *http.Request, p pushed) int {
		dead = p
		return 200
	})})
	publish(t, s, "bad", map[string]string{"k": "v"})
	publish(t, s, "good", nil)
	drain(t, s)

	if diff := cmp.Diff([]string{"bad1", "bad2", "bad3", "bad4", "bad5", "good1"}, attempts.sorted()); diff != "" {
		t.Error(diff)
	}
	at := "CloudPubSubDeadLetterSourceTopicPublishTime"
	if _, err := time.Parse(time.RFC3339Nano, dead.Message.Attributes[at]); err != nil {
		t.Error(err)
	}
	delete(dead.Message.Attributes, at)
	want := map[string]string{
		"k": "v",
		"CloudPubSubDeadLetterSourceDeliveryCount":       "5",
		"CloudPubSubDeadLetterSourceSubscription":        "consumer",
		"CloudPubSubDeadLetterSourceSubscriptionProject": project,
	}
	if diff := cmp.Diff(want, dead.Message.Attributes); diff != "" || string(dead.Message.Data) != "bad" {
		t.Errorf("dead letter %q: %s", dead.Message.Data, diff)
	}
}

func testOrder(t *testing.T, r rig) {
	s := r.server(t)
	var got list
	blocked, free := make(chan struct{}), make(chan struct{})
	sub := quick(endpoint(t, func(_ *http.Request, p pushed) int {
		n := got.add(p.Message.OrderingKey + " " + string(p.Message.Data))
		if p.Message.OrderingKey == "a" {
			select {
			case <-free: // reject the first message of key a until all messages of key b have arrived
			default:
				return 500
			}
		}
		if n%5 == 0 {
			return 500
		}
		if p.Message.OrderingKey == "b" && string(p.Message.Data) == "message 019" {
			close(blocked)
		}
		return 200
	}))
	sub.Ordered = true
	push(t, s, sub)
	for _, data := range numbered(20) {
		for _, key := range []string{"a", "b"} {
			if err := s.PublishOrdered(t.Context(), "events", key, []byte(data), nil); err != nil {
				t.Fatal(err)
			}
		}
	}
	<-blocked
	close(free)
	drain(t, s)
	for _, key := range []string{"a", "b"} {
		arrived := slices.Compact(ofKey(got.inOrder(), key))
		if diff := cmp.Diff(numbered(20), arrived); diff != "" {
			t.Errorf("key %s: %s", key, diff)
		}
	}
}

func ofKey(items []string, key string) []string {
	var found []string
	for _, item := range items {
		if rest, ok := strings.CutPrefix(item, key+" "); ok {
			found = append(found, rest)
		}
	}
	return found
}

func testRedeliver(t *testing.T, r rig) {
	s := r.server(t, func(c *pubsub.Config) { c.Redeliver = 2 })
	var got list
	sub := quick(endpoint(t, got.accept))
	sub.MinBackoff, sub.MaxBackoff = 20*time.Millisecond, 20*time.Millisecond
	push(t, s, sub)
	for _, data := range numbered(30) {
		publish(t, s, data, nil)
	}
	drain(t, s)
	var want []string
	for _, data := range numbered(30) {
		want = append(want, data, data, data)
	}
	if diff := cmp.Diff(want, got.sorted()); diff != "" {
		t.Error(diff)
	}
	if slices.IsSorted(got.inOrder()) {
		t.Error("no message overtook another")
	}
}

func testRedeliverOrdered(t *testing.T, r rig) {
	s := r.server(t, func(c *pubsub.Config) { c.Redeliver = 1 })
	var got list
	sub := quick(endpoint(t, got.accept))
	sub.Ordered = true
	push(t, s, sub)
	for _, data := range []string{"1", "2", "3"} {
		if err := s.PublishOrdered(t.Context(), "events", "key", []byte(data), nil); err != nil {
			t.Fatal(err)
		}
	}
	drain(t, s)
	if diff := cmp.Diff([]string{"1", "1", "2", "2", "3", "3"}, got.inOrder()); diff != "" {
		t.Error(diff)
	}
}

func testDrainFollows(t *testing.T, r rig) {
	s := r.server(t)
	topic(t, s, "further")
	push(t, s, quick(endpoint(t, func(r *http.Request, p pushed) int {
		if err := s.Publish(context.WithoutCancel(r.Context()), "further", p.Message.Data, nil); err != nil {
			return 500
		}
		return 200
	})))
	var got list
	further := quick(endpoint(t, got.accept))
	further.ID, further.Topic = "further", "further"
	push(t, s, further)
	for _, data := range numbered(30) {
		publish(t, s, data, nil)
	}
	drain(t, s)
	if diff := cmp.Diff(numbered(30), got.sorted()); diff != "" {
		t.Error(diff)
	}
}

func testDrainGivesUp(t *testing.T, r rig) {
	s := r.server(t)
	drain(t, s) // nothing was published
	tried := make(chan struct{}, 1000)
	push(t, s, quick(endpoint(t, func(*http.Request, pushed) int {
		tried <- struct{}{}
		return 500
	})))
	publish(t, s, "x", nil)
	<-tried
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	contains(t, s.Drain(ctx), "map[consumer:1]")
}

func testClose(t *testing.T, r rig) {
	s := r.server(t)
	tried := make(chan struct{}, 1000)
	push(t, s, quick(endpoint(t, func(r *http.Request, _ pushed) int {
		tried <- struct{}{}
		<-r.Context().Done()
		return 500
	})))
	publish(t, s, "x", nil)
	<-tried
	for range 2 {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
	contains(t, s.Drain(t.Context()), "closed")
	if err := s.Push(t.Context(), quick("http://127.0.0.1:1")); err == nil {
		t.Error("a closed server accepts a subscription")
	}
	if err := s.Publish(t.Context(), "events", nil, map[string]string{"k": "v"}); err == nil {
		t.Error("a closed server accepts a message")
	}
}

func testExistingSubscription(t *testing.T, r rig) {
	if r.host == "" {
		t.Skip("a second server can only reach the subscription of the first on one that both share")
	}
	var project string
	first := r.server(t, func(c *pubsub.Config) { project = c.ProjectID })
	push(t, first, quick("http://127.0.0.1:1"))
	if err := first.Push(t.Context(), quick("http://127.0.0.1:1")); err == nil {
		t.Error("one subscription is pushed twice")
	}
	_ = first.Close()

	second := r.server(t, func(c *pubsub.Config) { c.ProjectID = project })
	topic(t, second, "further")
	var got list
	other := quick(endpoint(t, got.accept))
	other.Topic = "further"
	contains(t, second.Push(t.Context(), other), "another topic")
	other.Topic = "events"
	push(t, second, other)
	publish(t, second, "x", nil)
	drain(t, second)
	if diff := cmp.Diff([]string{"x"}, got.sorted()); diff != "" {
		t.Error(diff)
	}
}
