package pubsub_test

import (
	"context"
	"net/http"
	"testing"
	"time"

	gcp "cloud.google.com/go/pubsub/v2"
	"cloud.google.com/go/pubsub/v2/apiv1/pubsubpb"
	"github.com/google/go-cmp/cmp"
	"github.com/strongroom-dev/strongroom/emulator/clock"
	"github.com/strongroom-dev/strongroom/emulator/pubsub"
	"google.golang.org/api/option"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
)

// client returns Google's own client for a project.
func client(t *testing.T, s *pubsub.Server, project string, options ...grpc.DialOption) *gcp.Client {
	t.Helper()
	conn, err := grpc.NewClient(s.Addr(), append(options, grpc.WithTransportCredentials(insecure.NewCredentials()))...)
	if err != nil {
		t.Fatal(err)
	}
	c, err := gcp.NewClient(t.Context(), project, option.WithGRPCConn(conn))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}

func testClient(t *testing.T, r rig) {
	var project string
	s := r.server(t, func(c *pubsub.Config) { project = c.ProjectID })
	var pushedID string
	push(t, s, quick(endpoint(t, func(r *http.Request, _ pushed) int {
		pushedID = r.Header.Get("ce-id")
		return 204
	})))
	c := client(t, s, project)
	_, err := c.SubscriptionAdminClient.CreateSubscription(t.Context(), &pubsubpb.Subscription{
		Name: "projects/" + project + "/subscriptions/pulled", Topic: "projects/" + project + "/topics/events",
	})
	if err != nil {
		t.Fatal(err)
	}
	id, err := c.Publisher("events").Publish(t.Context(), &gcp.Message{Data: []byte("hello")}).Get(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	var data string
	err = c.Subscriber("pulled").Receive(ctx, func(_ context.Context, m *gcp.Message) {
		data = string(m.Data)
		m.Ack()
		cancel()
	})
	if err != nil || data != "hello" {
		t.Errorf("received %q: %v", data, err)
	}
	drain(t, s)
	if id == "" || pushedID != id {
		t.Errorf("published as %q, pushed as %q", id, pushedID)
	}
	err = c.TopicAdminClient.DeleteTopic(t.Context(), &pubsubpb.DeleteTopicRequest{Topic: "projects/" + project + "/topics/none"})
	if status.Code(err) != codes.NotFound {
		t.Errorf("the backend's status is not returned: %v", err)
	}
}

func testAuthorize(t *testing.T, r rig) {
	var project string
	var asked list
	s := r.server(t, func(c *pubsub.Config) {
		project = c.ProjectID
		c.Authorize = func(ctx context.Context, permission, resource string) error {
			asked.add(permission + " on " + resource)
			md, _ := metadata.FromIncomingContext(ctx)
			if len(md.Get("authorization")) == 1 {
				return nil
			}
			return status.Error(codes.PermissionDenied, "no")
		}
	})
	var got list
	push(t, s, quick(endpoint(t, got.accept)))
	stranger := client(t, s, project)
	known := client(t, s, project, grpc.WithPerRPCCredentials(bearer("token")))
	_, err := stranger.Publisher("events").Publish(t.Context(), &gcp.Message{Data: []byte("stranger")}).Get(t.Context())
	if status.Code(err) != codes.PermissionDenied {
		t.Errorf("publish by a stranger: %v", err)
	}
	_, err = known.Publisher("events").Publish(t.Context(), &gcp.Message{Data: []byte("known")}).Get(t.Context())
	if err != nil {
		t.Error(err)
	}
	_, err = stranger.SubscriptionAdminClient.Pull(t.Context(), &pubsubpb.PullRequest{
		Subscription: "projects/" + project + "/subscriptions/consumer", MaxMessages: 1,
	})
	if status.Code(err) != codes.PermissionDenied {
		t.Errorf("pull by a stranger: %v", err)
	}
	drain(t, s)
	if diff := cmp.Diff([]string{"known"}, got.sorted()); diff != "" {
		t.Error(diff)
	}
	want := []string{
		"pubsub.subscriptions.consume on subscriptions/consumer",
		"pubsub.topics.publish on topics/events", "pubsub.topics.publish on topics/events",
	}
	if diff := cmp.Diff(want, asked.sorted()); diff != "" {
		t.Error(diff)
	}
}

type bearer string

func (b bearer) GetRequestMetadata(context.Context, ...string) (map[string]string, error) {
	return map[string]string{"authorization": "Bearer " + string(b)}, nil
}

func (bearer) RequireTransportSecurity() bool { return false }

func testOnPublish(t *testing.T, r rig) {
	var project string
	s := r.server(t, func(c *pubsub.Config) { project = c.ProjectID })
	var seen list
	s.OnPublish(func(topic string, data []byte, attributes map[string]string) {
		seen.add(topic + " " + string(data) + " " + attributes["k"])
	})
	publish(t, s, "direct", map[string]string{"k": "v"})
	_, err := client(t, s, project).Publisher("events").Publish(t.Context(), &gcp.Message{Data: []byte("client")}).Get(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	name := "projects/" + project + "/topics/events"
	if diff := cmp.Diff([]string{name + " direct v", name + " client "}, seen.inOrder()); diff != "" {
		t.Error(diff)
	}
}

// subscriptionName returns the full name of a subscription.
func subscriptionName(project, id string) string {
	return "projects/" + project + "/subscriptions/" + id
}

func testAuthorizeConsumer(t *testing.T, r rig) {
	var project string
	var asked list
	s := r.server(t, func(c *pubsub.Config) {
		project = c.ProjectID
		c.Authorize = func(_ context.Context, permission, resource string) error {
			asked.add(permission + " on " + resource)
			if resource == "subscriptions/mine" {
				return nil
			}
			return status.Error(codes.PermissionDenied, "no")
		}
	})
	for _, id := range []string{"mine", "theirs"} {
		if err := s.Subscribe(t.Context(), id, "events"); err != nil {
			t.Fatal(err)
		}
	}
	publish(t, s, "for Pull to find", nil)
	c := client(t, s, project).SubscriptionAdminClient
	for id, want := range map[string]codes.Code{"mine": codes.OK, "theirs": codes.PermissionDenied} {
		name := subscriptionName(project, id)
		_, pulled := c.Pull(t.Context(), &pubsubpb.PullRequest{Subscription: name, MaxMessages: 1})
		acked := c.Acknowledge(t.Context(), &pubsubpb.AcknowledgeRequest{Subscription: name, AckIds: []string{"none"}})
		given := c.ModifyAckDeadline(t.Context(), &pubsubpb.ModifyAckDeadlineRequest{Subscription: name, AckIds: []string{"none"}})
		for method, err := range map[string]error{"Pull": pulled, "Acknowledge": acked, "ModifyAckDeadline": given} {
			if (status.Code(err) == codes.PermissionDenied) != (want == codes.PermissionDenied) {
				t.Errorf("%s of %s: %v", method, id, err)
			}
		}
	}
	_, err := c.GetSubscription(t.Context(), &pubsubpb.GetSubscriptionRequest{Subscription: subscriptionName(project, "mine")})
	if status.Code(err) != codes.PermissionDenied {
		t.Errorf("a consumer may administer the subscription: %v", err)
	}
	mine, theirs := "pubsub.subscriptions.consume on subscriptions/mine", "pubsub.subscriptions.consume on subscriptions/theirs"
	want := []string{"pubsub.subscriptions.consume on projects/" + project, mine, mine, mine, theirs, theirs, theirs}
	if diff := cmp.Diff(want, asked.sorted()); diff != "" {
		t.Error(diff)
	}
}

func testPull(t *testing.T, r rig) {
	ahead := &clock.Clock{}
	ahead.Advance(time.Hour)
	var project string
	s := r.server(t, func(c *pubsub.Config) { project, c.Clock = c.ProjectID, ahead })
	for range 2 { // it may exist
		if err := s.Subscribe(t.Context(), "pulled", "events"); err != nil {
			t.Fatal(err)
		}
	}
	topic(t, s, "further")
	contains(t, s.Subscribe(t.Context(), "pulled", "further"), "another topic")
	c := client(t, s, project)
	id, err := c.Publisher("events").Publish(t.Context(), &gcp.Message{Data: []byte("hello")}).Get(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	name := subscriptionName(project, "pulled")
	var ackID string
	for range 2 {
		got, err := c.SubscriptionAdminClient.Pull(t.Context(), &pubsubpb.PullRequest{Subscription: name, MaxMessages: 10})
		if err != nil || len(got.GetReceivedMessages()) != 1 {
			t.Fatalf("pulled %v: %v", got, err)
		}
		m := got.GetReceivedMessages()[0].GetMessage()
		if at := m.GetPublishTime().AsTime(); m.GetMessageId() != id || at.Before(time.Now().Add(59*time.Minute)) || at.After(ahead.Now()) {
			t.Errorf("published as %s, pulled as %s of %s", id, m.GetMessageId(), at)
		}
		ackID = got.GetReceivedMessages()[0].GetAckId()
		err = c.SubscriptionAdminClient.ModifyAckDeadline(t.Context(), &pubsubpb.ModifyAckDeadlineRequest{Subscription: name, AckIds: []string{ackID}})
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := c.SubscriptionAdminClient.Acknowledge(t.Context(), &pubsubpb.AcknowledgeRequest{Subscription: name, AckIds: []string{ackID}}); err != nil {
		t.Fatal(err)
	}
}

func testEmptyMessage(t *testing.T, r rig) {
	s := r.server(t)
	contains(t, s.Publish(t.Context(), "events", nil, nil), "InvalidArgument")
}
