package outbox

import (
	"context"
	"errors"
	"fmt"
	"time"

	"cloud.google.com/go/firestore"
	pubsub "cloud.google.com/go/pubsub/v2/apiv1"
	"cloud.google.com/go/pubsub/v2/apiv1/pubsubpb"

	"github.com/strongroom-dev/strongroom/shared/gcp"
)

// patience bounds one Publish, which a client waits for. What takes longer is
// the relay's.
const patience = 3 * time.Second

// relayPatience bounds the publishing of one page.
const relayPatience = 20 * time.Second

// MaxPage is how many entries Relay takes at once; Pub/Sub takes 1,000 messages
// a call: cloud.google.com/pubsub/quotas.
const MaxPage = 500

// Publisher publishes entries. It is safe for concurrent use.
type Publisher struct {
	clients *gcp.Clients
	client  gcp.Lazy[*pubsub.TopicAdminClient]
}

// NewPublisher gives a publisher; it connects to nothing yet.
func NewPublisher(clients *gcp.Clients) *Publisher { return &Publisher{clients: clients} }

// Publish publishes an entry whose commit is done, and deletes it. After an
// error, or a crash, the entry is left for the relay: nothing is lost.
func (p *Publisher) Publish(ctx context.Context, db *firestore.Client, e Entry) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	if err := p.send(ctx, e.Topic, []Entry{e}); err != nil {
		return err
	}
	if _, err := e.ref(db).Delete(ctx); err != nil {
		return fmt.Errorf("delete outbox entry: %w", err)
	}
	return nil
}

// Relay publishes one page of what Waiting found, at most MaxPage documents,
// and deletes it. An entry that cannot be published stays, and does not keep
// the others waiting; the error joins all that went wrong.
func (p *Publisher) Relay(ctx context.Context, db *firestore.Client, docs []*firestore.DocumentSnapshot) (published int, err error) {
	ctx, cancel := context.WithTimeout(ctx, relayPatience)
	defer cancel()
	topics, faults := byTopic(docs)
	for topic, entries := range topics {
		err := p.send(ctx, topic, entries)
		if err == nil {
			published += len(entries)
			err = gcp.Delete(ctx, db, refs(db, entries))
		}
		faults = append(faults, err)
	}
	return published, errors.Join(faults...)
}

// byTopic reads the entries; one broken document must not stop the others.
func byTopic(docs []*firestore.DocumentSnapshot) (topics map[string][]Entry, faults []error) {
	topics = map[string][]Entry{}
	for _, doc := range docs {
		e, err := decode(doc)
		if err != nil {
			faults = append(faults, fmt.Errorf("%s: %w", doc.Ref.ID, err))
			continue
		}
		topics[e.Topic] = append(topics[e.Topic], e)
	}
	return topics, faults
}

// send publishes entries of one topic by one call.
func (p *Publisher) send(ctx context.Context, topic string, entries []Entry) error {
	var messages []*pubsubpb.PubsubMessage
	for _, e := range entries {
		messages = append(messages, &pubsubpb.PubsubMessage{Attributes: e.attributes()})
	}
	return p.Send(ctx, topic, messages)
}

// Send publishes messages, at most 1,000 and 10 MB, to a topic of the platform's
// project by one call: cloud.google.com/pubsub/quotas. After an error some may
// have been published: whoever sends them again sends them twice.
func (p *Publisher) Send(ctx context.Context, topic string, messages []*pubsubpb.PubsubMessage) error {
	client, err := p.client.Get(ctx, p.connect)
	if err != nil {
		return err
	}
	answer, err := client.Publish(ctx, &pubsubpb.PublishRequest{
		Topic: "projects/" + p.clients.Config.ProjectID + "/topics/" + topic, Messages: messages,
	})
	if err != nil {
		return fmt.Errorf("publish to %s: %w", topic, err)
	}
	if ids := len(answer.GetMessageIds()); ids != len(messages) {
		return fmt.Errorf("publish to %s: %d of %d messages", topic, ids, len(messages))
	}
	return nil
}

func (p *Publisher) connect(ctx context.Context) (*pubsub.TopicAdminClient, error) {
	client, err := gcp.Connect(ctx, p.clients.Config, p.clients.Config.PubSubHost, pubsub.NewTopicAdminClient)
	if err == nil {
		p.clients.OnClose(client.Close)
	}
	return client, err
}

func refs(db *firestore.Client, entries []Entry) []*firestore.DocumentRef {
	var all []*firestore.DocumentRef
	for _, e := range entries {
		all = append(all, e.ref(db))
	}
	return all
}
