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
		Topic  string    `json:"topic" class:"operational" maxLength:"255" doc:"The topic that the messages were published to at first"`
		Before time.Time `json:"before,omitempty" class:"operational" doc:"Only what was a dead letter before; now, unless it is earlier"`
	}
}

// replayDeadLetters sends dead letters again, and then takes them off.
func (h *Handler) replayDeadLetters(ctx context.Context, in *replayDeadLettersRequest) (*replayResponse, error) {
	topic := in.Body.Topic
	if err := checkTopic(topic); err != nil {
		return nil, err
	}
	b, err := h.box(ctx, topic)
	if err != nil {
		return nil, err
	}
	out := h.begin(in.Body.Before)
	err = b.empty(ctx, &out.Body, func(ctx context.Context, messages []*pubsubpb.PubsubMessage) error {
		return h.send(ctx, auditlog.ReplayDeadLetters, "dead-letters/"+topic, topic, messages)
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// empty pulls as many letters as one call may, sends those that are old enough,
// and acknowledges them once they are sent. All others it holds until its end, so
// that it is not given them over and over, and then gives them back.
func (b box) empty(ctx context.Context, r *replayed, send func(context.Context, []*pubsubpb.PubsubMessage) error) error {
	var held []string
	defer func() { b.giveBack(ctx, held) }()
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	for pulled := 0; pulled < maxBatch; {
		letters, err := b.pull(ctx, maxBatch-pulled)
		if err != nil || len(letters) == 0 {
			return err
		}
		pulled += len(letters)
		messages, sent, young := sift(letters, r.AsOf)
		held = append(held, young...)
		if len(messages) == 0 {
			continue
		}
		if err := send(ctx, messages); err != nil {
			held = append(held, sent...)
			return err
		}
		if err := b.acknowledge(ctx, sent); err != nil {
			held = append(held, sent...)
			return err
		}
		r.Replayed += len(messages)
	}
	r.More = r.Replayed > 0 // else all are young, and there would be no end of it
	return nil
}

// sift tells letters of before a time, as they were published at first, from
// younger ones.
func sift(letters []*pubsubpb.ReceivedMessage, before time.Time) (messages []*pubsubpb.PubsubMessage, old, young []string) {
	for _, letter := range letters {
		m := letter.GetMessage()
		if !m.GetPublishTime().AsTime().Before(before) {
			young = append(young, letter.GetAckId())
			continue
		}
		messages = append(messages, &pubsubpb.PubsubMessage{Data: m.GetData(), Attributes: original(m.GetAttributes())})
		old = append(old, letter.GetAckId())
	}
	return messages, old, young
}

// added are the beginnings of attributes that Pub/Sub and its clients put on:
// cloud.google.com/pubsub/docs/dead-letter-topics#forwarded-messages.
var added = []string{"CloudPubSubDeadLetter", "googclient_"}

// original are the attributes without those that were added.
func original(attributes map[string]string) map[string]string {
	all := map[string]string{}
	for name, value := range attributes {
		if !strings.HasPrefix(name, added[0]) && !strings.HasPrefix(name, added[1]) {
			all[name] = value
		}
	}
	return all
}
