package pubsub_test

import (
	"context"
	"testing"
	"time"

	"github.com/strongroom-dev/strongroom/emulator/pubsub"
)

func TestPushRejects(t *testing.T) {
	t.Parallel()
	s := rig{}.server(t)
	for name, test := range map[string]struct {
		change func(*pubsub.Subscription)
		want   string
	}{
		"no endpoint":                        {func(s *pubsub.Subscription) { s.Endpoint = "" }, "endpoint"},
		"an endpoint that is a file":         {func(s *pubsub.Subscription) { s.Endpoint = "file:///x" }, "endpoint"},
		"an endpoint that cannot be parsed":  {func(s *pubsub.Subscription) { s.Endpoint = "http://a b:x" }, "endpoint"},
		"a minimum backoff over the maximum": {func(s *pubsub.Subscription) { s.MinBackoff = time.Second }, "backoff"},
		"backoff over 600 s":                 {func(s *pubsub.Subscription) { s.MaxBackoff = time.Hour }, "backoff"},
		"an ack deadline over 600 s":         {func(s *pubsub.Subscription) { s.AckDeadline = time.Hour }, "ack deadline"},
		"a negative deadline":                {func(s *pubsub.Subscription) { s.AckDeadline = -1 }, "ack deadline"},
		"a negative MaxOutstanding":          {func(s *pubsub.Subscription) { s.MaxOutstanding = -1 }, "MaxOutstanding"},
		"4 attempts":                         {func(s *pubsub.Subscription) { s.MaxDeliveryAttempts = 4 }, "from 5 to 100"},
		"attempts without dead-letter topic": {func(s *pubsub.Subscription) { s.MaxDeliveryAttempts = 5 }, "set together"},
		"dead-letter topic without attempts": {func(s *pubsub.Subscription) { s.DeadLetterTopic = "events" }, "set together"},
		"an identity without a signer":       {func(s *pubsub.Subscription) { s.ServiceAccount = "a@b" }, "IDToken"},
		"an unsupported filter":              {func(s *pubsub.Subscription) { s.Filter = "attributes:k" }, "filter"},
		"a topic that does not exist":        {func(s *pubsub.Subscription) { s.Topic = "absent" }, "NotFound"},
		"a topic that is a subscription":     {func(s *pubsub.Subscription) { s.Topic = "projects/p/subscriptions/s" }, "does not name"},
		"an id with a slash":                 {func(s *pubsub.Subscription) { s.ID = "a/b" }, "does not name"},
		"no id":                              {func(s *pubsub.Subscription) { s.ID = "" }, "does not name"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			sub := quick("http://127.0.0.1:1")
			test.change(&sub)
			contains(t, s.Push(t.Context(), sub), test.want)
		})
	}
}

func TestPublishRejectsABadTopic(t *testing.T) {
	t.Parallel()
	s := rig{}.server(t)
	for name, want := range map[string]string{
		"absent":            "NotFound",
		"":                  "does not name",
		"goog-reserved":     "does not name",
		"projects/p/topics": "does not name",
	} {
		contains(t, s.Publish(t.Context(), name, []byte("x"), nil), want)
	}
	if err := s.CreateTopic(t.Context(), "a b"); err == nil {
		t.Error("a topic has a space in its name")
	}
}

func TestServerEndsWithItsContext(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	s, err := pubsub.New(ctx, pubsub.Config{ProjectID: "p"})
	if err != nil {
		t.Fatal(err)
	}
	cancel()
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}

func TestServerNeedsAProject(t *testing.T) {
	t.Parallel()
	if _, err := pubsub.New(t.Context(), pubsub.Config{}); err == nil {
		t.Error("a server without a project")
	}
}
