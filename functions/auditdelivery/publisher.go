package auditdelivery

import (
	"context"
	"fmt"
	"time"

	pubsub "cloud.google.com/go/pubsub/v2/apiv1"
	"cloud.google.com/go/pubsub/v2/apiv1/pubsubpb"

	"github.com/strongroom-dev/strongroom/shared/gcp"
)

// publishTimeout limits one call of Pub/Sub with its retries, so that a topic that
// hangs does not use up the time of the others.
const publishTimeout = 10 * time.Second

// publisher publishes to topics of any project. It is safe for concurrent use.
type publisher struct {
	clients *gcp.Clients
	client  gcp.Lazy[*pubsub.TopicAdminClient]
}

// publish publishes messages to a topic, given its full name, in one call. After an
// error, some may have been published.
func (p *publisher) publish(ctx context.Context, topic string, messages []*pubsubpb.PubsubMessage) error {
	client, err := p.client.Get(ctx, p.connect)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, publishTimeout)
	defer cancel()
	if _, err := client.Publish(ctx, &pubsubpb.PublishRequest{Topic: topic, Messages: messages}); err != nil {
		return fmt.Errorf("publish to the tenant's topic: %w", err)
	}
	return nil
}

func (p *publisher) connect(ctx context.Context) (*pubsub.TopicAdminClient, error) {
	client, err := gcp.Connect(ctx, p.clients.Config, p.clients.Config.PubSubHost, pubsub.NewTopicAdminClient)
	if err == nil {
		p.clients.OnClose(client.Close)
	}
	return client, err
}
