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

// box is the subscription that keeps a topic's dead letters.
type box struct {
	client *pubsub.SubscriptionAdminClient
	name   string
}

func (h *Handler) box(ctx context.Context, topic string) (box, error) {
	client, err := h.puller.Get(ctx, h.connect)
	return box{client, "projects/" + h.deps.Clients.Config.ProjectID + "/subscriptions/" + topic + "-dead"}, err
}

func (h *Handler) connect(ctx context.Context) (*pubsub.SubscriptionAdminClient, error) {
	config := h.deps.Clients.Config
	client, err := gcp.Connect(ctx, config, config.PubSubHost, pubsub.NewSubscriptionAdminClient)
	if err != nil {
		return nil, err
	}
	// A Pull that the client repeats until its time is over looks like one that
	// finds nothing.
	client.CallOptions.Pull = nil
	h.deps.Clients.OnClose(client.Close)
	return client, nil
}

// How long Pub/Sub is waited for.
const (
	pullPatience     = 3 * time.Second // to have a letter: it does not say that there is none, it waits for one
	giveBackPatience = 3 * time.Second
)

// pull gives some letters; none: there are none, but for what another call has.
func (b box) pull(ctx context.Context, most int) ([]*pubsubpb.ReceivedMessage, error) {
	waiting, cancel := context.WithTimeout(ctx, pullPatience)
	defer cancel()
	answer, err := b.client.Pull(waiting, &pubsubpb.PullRequest{Subscription: b.name, MaxMessages: int32(most)})
	if status.Code(err) == codes.DeadlineExceeded && ctx.Err() == nil {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("pull dead letters: %w", err)
	}
	return answer.GetReceivedMessages(), nil
}

func (b box) acknowledge(ctx context.Context, ids []string) error {
	if err := b.client.Acknowledge(ctx, &pubsubpb.AcknowledgeRequest{Subscription: b.name, AckIds: ids}); err != nil {
		return fmt.Errorf("acknowledge dead letters: %w", err)
	}
	return nil
}

// giveBack has letters pulled again at once; without it they are after a minute.
// It is done for a client that has gone as well.
func (b box) giveBack(ctx context.Context, ids []string) {
	if len(ids) == 0 {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), giveBackPatience)
	defer cancel()
	err := b.client.ModifyAckDeadline(ctx, &pubsubpb.ModifyAckDeadlineRequest{Subscription: b.name, AckIds: ids, AckDeadlineSeconds: 0})
	if err != nil {
		api.Logger(ctx).WarnContext(ctx, "dead letters not given back", "letters", len(ids), "error", err.Error())
	}
}
