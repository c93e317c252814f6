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
			err = remove(ctx, db, entries)
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
	client, err := p.client.Get(ctx, p.connect)
	if err != nil {
		return err
	}
	request := &pubsubpb.PublishRequest{Topic: "projects/" + p.clients.Config.ProjectID + "/topics/" + topic}
	for _, e := range entries {
		request.Messages = append(request.Messages, &pubsubpb.PubsubMessage{Attributes: e.attributes()})
	}
	if _, err := client.Publish(ctx, request); err != nil {
		return fmt.Errorf("publish to %s: %w", topic, err)
	}
	return nil
}

func (p *Publisher) connect(ctx context.Context) (*pubsub.TopicAdminClient, error) {
	options, err := p.clients.Config.Dial(p.clients.Config.PubSubHost)
	if err != nil {
		return nil, err
	}
	client, err := pubsub.NewTopicAdminClient(ctx, options...)
	if err != nil {
		return nil, fmt.Errorf("connect to pubsub: %w", err)
	}
	p.clients.OnClose(client.Close)
	return client, nil
}

// remove deletes entries by one commit. Those that are gone already do no harm.
func remove(ctx context.Context, db *firestore.Client, entries []Entry) error {
	err := db.RunTransaction(ctx, func(_ context.Context, tx *firestore.Transaction) error {
		for _, e := range entries {
			if err := tx.Delete(e.ref(db)); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("delete outbox entries: %w", err)
	}
	return nil
}
