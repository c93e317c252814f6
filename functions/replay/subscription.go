package replay

import (
	"context"
	"fmt"
	"time"

	pubsub "cloud.google.com/go/pubsub/v2/apiv1"
	"cloud.google.com/go/pubsub/v2/apiv1/pubsubpb"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/strongroom-dev/strongroom/shared/api"
	"github.com/strongroom-dev/strongroom/shared/gcp"
)

// deadLetterSubscription is the subscription that holds a topic's dead letters.
type deadLetterSubscription struct {
	client *pubsub.SubscriptionAdminClient
	name   string // projects/{project}/subscriptions/{subscription}
}

func (h *Handler) deadLetters(ctx context.Context, topic string) (deadLetterSubscription, error) {
	client, err := h.subscriptions.Get(ctx, h.connect)
	name := "projects/" + h.deps.Clients.Config.ProjectID + "/subscriptions/" + topic + "-dead"
	return deadLetterSubscription{client, name}, err
}

func (h *Handler) connect(ctx context.Context) (*pubsub.SubscriptionAdminClient, error) {
	config := h.deps.Clients.Config
	client, err := gcp.Connect(ctx, config, config.PubSubHost, pubsub.NewSubscriptionAdminClient)
	if err != nil {
		return nil, err
	}
	// Without retries, a failing Pull returns its error. The client would otherwise
	// retry until the timeout, and that looks like an empty subscription.
	client.CallOptions.Pull = nil
	h.deps.Clients.OnClose(client.Close)
	return client, nil
}

const (
	pullTimeout    = 3 * time.Second // Pub/Sub does not report an empty subscription, it waits for a message
	releaseTimeout = 3 * time.Second
)

// pull returns at most limit dead letters. It returns none if the subscription is empty,
// or if other calls hold all its messages.
func (s deadLetterSubscription) pull(ctx context.Context, limit int) ([]*pubsubpb.ReceivedMessage, error) {
	pullCtx, cancel := context.WithTimeout(ctx, pullTimeout)
	defer cancel()
	response, err := s.client.Pull(pullCtx, &pubsubpb.PullRequest{Subscription: s.name, MaxMessages: int32(limit)})
	if status.Code(err) == codes.DeadlineExceeded && ctx.Err() == nil {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("pull dead letters: %w", err)
	}
	return response.GetReceivedMessages(), nil
}

func (s deadLetterSubscription) acknowledge(ctx context.Context, ackIDs []string) error {
	if err := s.client.Acknowledge(ctx, &pubsubpb.AcknowledgeRequest{Subscription: s.name, AckIds: ackIDs}); err != nil {
		return fmt.Errorf("acknowledge dead letters: %w", err)
	}
	return nil
}

// release makes pulled messages available to other calls at once. Otherwise they
// become available when their acknowledgement deadline ends, after a minute. It also
// works if the client has disconnected.
func (s deadLetterSubscription) release(ctx context.Context, ackIDs []string) {
	if len(ackIDs) == 0 {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), releaseTimeout)
	defer cancel()
	err := s.client.ModifyAckDeadline(ctx, &pubsubpb.ModifyAckDeadlineRequest{Subscription: s.name, AckIds: ackIDs, AckDeadlineSeconds: 0})
	if err != nil {
		api.Logger(ctx).WarnContext(ctx, "dead letters not released", "messages", len(ackIDs), "error", err.Error())
	}
}
