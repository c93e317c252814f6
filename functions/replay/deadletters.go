package replay

import (
	"context"
	"strings"
	"time"

	"cloud.google.com/go/pubsub/v2/apiv1/pubsubpb"

	"github.com/strongroom-dev/strongroom/shared/auditlog"
)

type replayDeadLettersRequest struct {
	Body struct {
		Topic  string    `json:"topic" class:"operational" maxLength:"255" doc:"The topic to which the messages were first published"`
		Before time.Time `json:"before,omitempty" class:"operational" doc:"Only messages that became dead letters before this time; default and maximum: now"`
	}
}

// replayDeadLetters publishes dead letters to the replay topic of their function, and
// then removes them from the dead letter subscription.
func (h *Handler) replayDeadLetters(ctx context.Context, in *replayDeadLettersRequest) (*replayResponse, error) {
	source, err := sourceFrom(in.Body.Topic)
	if err != nil {
		return nil, err
	}
	subscription, err := h.deadLetters(ctx, source.Topic)
	if err != nil {
		return nil, err
	}
	out := h.newResponse(in.Body.Before)
	err = subscription.replay(ctx, &out.Body, func(ctx context.Context, messages []*pubsubpb.PubsubMessage) error {
		return h.send(ctx, auditlog.ReplayDeadLetters, "dead-letters/"+source.Topic, source.Replay, messages)
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// replay pulls up to maxBatch messages, sends those that are older than result.AsOf, and
// acknowledges them once they are sent. It holds the other messages until the end,
// because Pub/Sub would otherwise deliver them to it again and again, and then
// releases them.
func (s deadLetterSubscription) replay(ctx context.Context, result *replayResult, send func(context.Context, []*pubsubpb.PubsubMessage) error) error {
	var held []string
	defer func() { s.release(ctx, held) }()
	ctx, cancel := context.WithTimeout(ctx, sendTimeout)
	defer cancel()
	for pulled := 0; pulled < maxBatch; {
		received, err := s.pull(ctx, maxBatch-pulled)
		if err != nil || len(received) == 0 {
			return err
		}
		pulled += len(received)
		messages, old, young := splitByPublishTime(received, result.AsOf)
		held = append(held, young...)
		if len(messages) == 0 {
			continue
		}
		if err := send(ctx, messages); err != nil {
			held = append(held, old...)
			return err
		}
		if err := s.acknowledge(ctx, old); err != nil {
			held = append(held, old...)
			return err
		}
		result.Replayed += len(messages)
	}
	result.More = result.Replayed > 0 // if all messages are too young, a client that loops must stop
	return nil
}

// splitByPublishTime separates the messages that became dead letters before a time
// from younger ones. messages are the older ones as they were first published; old and
// young are acknowledgement IDs.
func splitByPublishTime(received []*pubsubpb.ReceivedMessage, before time.Time) (messages []*pubsubpb.PubsubMessage, old, young []string) {
	for _, r := range received {
		m := r.GetMessage()
		if !m.GetPublishTime().AsTime().Before(before) {
			young = append(young, r.GetAckId())
			continue
		}
		messages = append(messages, &pubsubpb.PubsubMessage{Data: m.GetData(), Attributes: originalAttributes(m.GetAttributes())})
		old = append(old, r.GetAckId())
	}
	return messages, old, young
}

// addedPrefixes are the prefixes of attributes that Pub/Sub and its clients add:
// cloud.google.com/pubsub/docs/dead-letter-topics#forwarded-messages.
var addedPrefixes = []string{"CloudPubSubDeadLetter", "googclient_"}

// originalAttributes returns the attributes without those that Pub/Sub added.
func originalAttributes(attributes map[string]string) map[string]string {
	original := map[string]string{}
	for name, value := range attributes {
		if !strings.HasPrefix(name, addedPrefixes[0]) && !strings.HasPrefix(name, addedPrefixes[1]) {
			original[name] = value
		}
	}
	return original
}
