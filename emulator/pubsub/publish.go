package pubsub

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"cloud.google.com/go/pubsub/v2/apiv1/pubsubpb"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// Publish publishes one message to a topic, given its id or full name.
func (s *Server) Publish(ctx context.Context, topic string, data []byte, attributes map[string]string) error {
	return s.PublishOrdered(ctx, topic, "", data, attributes)
}

// PublishOrdered is Publish with an ordering key; the empty key orders nothing.
func (s *Server) PublishOrdered(ctx context.Context, topic, key string, data []byte, attributes map[string]string) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	name, err := fullName(s.config.ProjectID, "topics", topic)
	if err != nil {
		return err
	}
	message := &pubsubpb.PubsubMessage{Data: data, Attributes: attributes, OrderingKey: key}
	_, err = s.publish(&pubsubpb.PublishRequest{Topic: name, Messages: []*pubsubpb.PubsubMessage{message}})
	if err != nil {
		return fmt.Errorf("publish to %s: %w", name, err)
	}
	return nil
}

// publish hands the messages to the backend, and tells the ledger which
// deliveries that causes. It runs under the server's context: a caller that
// goes away must not leave a message of which nobody knows.
func (s *Server) publish(req *pubsubpb.PublishRequest) (*pubsubpb.PublishResponse, error) {
	if slices.ContainsFunc(req.GetMessages(), empty) {
		return nil, status.Error(codes.InvalidArgument, "a message has neither data nor attributes")
	}
	s.topology.RLock()
	defer s.topology.RUnlock()
	s.ledger.begin()
	resp, err := s.publisher.Publish(s.ctx, req)
	if err != nil {
		s.ledger.end(nil)
		return nil, err
	}
	s.observe(req)
	s.ledger.end(s.deliveries(req.GetTopic(), resp.GetMessageIds()))
	for i, id := range resp.MessageIds {
		resp.MessageIds[i] = s.publicID(id)
	}
	return resp, nil
}

// empty reports a message that Google refuses:
// cloud.google.com/pubsub/docs/publish-message-overview.
func empty(m *pubsubpb.PubsubMessage) bool {
	return len(m.GetData()) == 0 && len(m.GetAttributes()) == 0
}

func (s *Server) observe(req *pubsubpb.PublishRequest) {
	for _, observe := range s.observers {
		for _, m := range req.GetMessages() {
			observe(req.GetTopic(), m.GetData(), m.GetAttributes())
		}
	}
}

// deliveries lists what messages just published to topic must lead to, and
// wakes who does it.
func (s *Server) deliveries(topic string, ids []string) []delivery {
	var list []delivery
	for name, d := range s.dispatchers {
		if d.topic != topic {
			continue
		}
		for _, id := range ids {
			list = append(list, delivery{subscription: name, message: id})
		}
		d.wakeUp()
	}
	return list
}

// Google's test server and its emulator number their messages anew at each
// start, which would make an event of today look like one that was applied
// yesterday. Public ids start with the time of this start instead, and are
// decimal as Google's.
func newEpoch() string { return strconv.FormatInt(time.Now().UnixMilli(), 10) }

func (s *Server) publicID(id string) string {
	n, err := strconv.ParseUint(strings.TrimPrefix(id, "m"), 10, 64) // "m7" or "7"
	if err != nil {
		return s.epoch + id
	}
	return fmt.Sprintf("%s%06d", s.epoch, n)
}
