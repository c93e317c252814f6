package pubsub

import (
	"context"
	"errors"
	"fmt"

	"cloud.google.com/go/pubsub/v2/apiv1/pubsubpb"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/timestamppb"
)

// Subscribe creates a subscription that clients pull from, given its ID and its
// topic's, or their full names. It may exist with the same topic. A message that is
// pulled and not acknowledged within a minute is delivered again.
func (s *Server) Subscribe(ctx context.Context, id, topic string) error {
	name, err := fullName(s.config.ProjectID, "subscriptions", id)
	if err != nil {
		return err
	}
	topicName, err := fullName(s.config.ProjectID, "topics", topic)
	if err != nil {
		return err
	}
	s.topology.Lock()
	defer s.topology.Unlock()
	return s.createPull(ctx, &pubsubpb.Subscription{Name: name, Topic: topicName})
}

// createPull creates a pull subscription, unless it exists.
func (s *Server) createPull(ctx context.Context, want *pubsubpb.Subscription) error {
	want.AckDeadlineSeconds = int32(lease.Seconds())
	_, err := s.subscriber.CreateSubscription(ctx, want)
	if status.Code(err) == codes.AlreadyExists {
		err = s.compare(ctx, want)
	}
	if err != nil {
		return fmt.Errorf("create subscription %s: %w", want.GetName(), err)
	}
	return nil
}

func (s *Server) compare(ctx context.Context, want *pubsubpb.Subscription) error {
	have, err := s.subscriber.GetSubscription(ctx, &pubsubpb.GetSubscriptionRequest{Subscription: want.GetName()})
	if err != nil {
		return err
	}
	if have.GetTopic() != want.GetTopic() || have.GetEnableMessageOrdering() != want.GetEnableMessageOrdering() {
		return errors.New("it exists with another topic or ordering; delete it first")
	}
	return nil
}

// pull answers a client's Pull with the IDs that Publish returned, and with
// publish times by the embedded cloud's clock, assuming that it was not advanced
// since.
func (s *Server) pull(ctx context.Context, req *pubsubpb.PullRequest) (*pubsubpb.PullResponse, error) {
	resp, err := s.subscriber.Pull(ctx, req)
	if err != nil {
		return nil, err
	}
	for _, received := range resp.GetReceivedMessages() {
		m := received.GetMessage()
		m.MessageId = s.publicID(m.GetMessageId())
		m.PublishTime = timestamppb.New(s.cloudTime(m.GetPublishTime().AsTime()))
	}
	return resp, nil
}
