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

// publishTimeout limits one Publish, because a client waits for it. If it takes
// longer, sweep publishes the entry.
const publishTimeout = 3 * time.Second

// relayTimeout limits the publishing of one page.
const relayTimeout = 20 * time.Second

// MaxPage is the maximum number of entries for one call of Relay. Pub/Sub accepts
// 1,000 messages per call: cloud.google.com/pubsub/quotas.
const MaxPage = 500

// Publisher publishes entries. It is safe for concurrent use.
type Publisher struct {
	clients *gcp.Clients
	client  gcp.Lazy[*pubsub.TopicAdminClient]
}

// NewPublisher returns a publisher. It does not connect yet.
func NewPublisher(clients *gcp.Clients) *Publisher { return &Publisher{clients: clients} }

// Publish publishes an entry whose transaction has committed, and marks it as
// published. After an error or a crash, the entry is pending for Relay, so nothing is
// lost.
func (p *Publisher) Publish(ctx context.Context, db *firestore.Client, e Entry) error {
	ctx, cancel := context.WithTimeout(ctx, publishTimeout)
	defer cancel()
	if err := p.send(ctx, e.Topic, []Entry{e}); err != nil {
		return err
	}
	return markPublished(ctx, db, []Entry{e})
}

// markPublished marks at most MaxPage entries in one commit.
func markPublished(ctx context.Context, db *firestore.Client, entries []Entry) error {
	err := gcp.Write(ctx, db, func(tx *firestore.Transaction) error {
		for _, e := range entries {
			if err := e.markPublished(tx, db); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("mark outbox entries as published: %w", err)
	}
	return nil
}

// PublishAll is Publish for at most MaxPage entries of one topic and one tenant.
func (p *Publisher) PublishAll(ctx context.Context, db *firestore.Client, entries []Entry) error {
	if len(entries) == 0 {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, relayTimeout)
	defer cancel()
	if err := p.send(ctx, entries[0].Topic, entries); err != nil {
		return err
	}
	return markPublished(ctx, db, entries)
}

// Notify publishes the message of an entry whose transaction has committed, and leaves the
// entry pending until its receiver marks it. Otherwise, Relay publishes the message again.
func (p *Publisher) Notify(ctx context.Context, e Entry) error { return p.Repeat(ctx, e) }

// Repeat publishes the message of an entry that is not stored. After an error, the
// caller must try again, because nobody else does.
func (p *Publisher) Repeat(ctx context.Context, e Entry) error {
	ctx, cancel := context.WithTimeout(ctx, publishTimeout)
	defer cancel()
	return p.send(ctx, e.Topic, []Entry{e})
}

// Relay publishes one page of the results of Pending, at most MaxPage documents, and
// marks them. An entry that cannot be published stays pending and does not block the
// others. The error joins all errors.
func (p *Publisher) Relay(ctx context.Context, db *firestore.Client, docs []*firestore.DocumentSnapshot) (published int, err error) {
	ctx, cancel := context.WithTimeout(ctx, relayTimeout)
	defer cancel()
	topics, errs := byTopic(docs)
	for topic, entries := range topics {
		err := p.send(ctx, topic, entries)
		if err == nil {
			published += len(entries)
			err = markPublished(ctx, db, entries)
		}
		errs = append(errs, err)
	}
	return published, errors.Join(errs...)
}

// byTopic decodes the entries. An invalid document must not block the others.
func byTopic(docs []*firestore.DocumentSnapshot) (topics map[string][]Entry, errs []error) {
	topics = map[string][]Entry{}
	for _, doc := range docs {
		e, err := decode(doc)
		if err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", doc.Ref.ID, err))
			continue
		}
		topics[e.Topic] = append(topics[e.Topic], e)
	}
	return topics, errs
}

// send publishes entries of one topic in one call.
func (p *Publisher) send(ctx context.Context, topic string, entries []Entry) error {
	var messages []*pubsubpb.PubsubMessage
	for _, e := range entries {
		messages = append(messages, &pubsubpb.PubsubMessage{Attributes: e.attributes()})
	}
	return p.Send(ctx, topic, messages)
}

// Send publishes at most 1,000 messages, of 10 MB in total, to a topic of the
// platform's project in one call: cloud.google.com/pubsub/quotas. After an error,
// some of them may have been published, so sending them again may duplicate them.
func (p *Publisher) Send(ctx context.Context, topic string, messages []*pubsubpb.PubsubMessage) error {
	client, err := p.client.Get(ctx, p.connect)
	if err != nil {
		return err
	}
	reply, err := client.Publish(ctx, &pubsubpb.PublishRequest{
		Topic: "projects/" + p.clients.Config.ProjectID + "/topics/" + topic, Messages: messages,
	})
	if err != nil {
		return fmt.Errorf("publish to %s: %w", topic, err)
	}
	if ids := len(reply.GetMessageIds()); ids != len(messages) {
		return fmt.Errorf("publish to %s: only %d of %d messages were published", topic, ids, len(messages))
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
