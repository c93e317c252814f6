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

// Publish publishes one message to a topic, given its ID or full name.
func (s *Server) Publish(ctx context.Context, topic string, data []byte, attributes map[string]string) error {
	return s.PublishOrdered(ctx, topic, "", data, attributes)
}

// PublishOrdered is Publish with an ordering key. An empty key means no ordering.
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

// publish sends the messages to the backend and adds the deliveries that they
// cause to the ledger. It uses the server's context: if the caller leaves, the
// ledger must still learn of the message.
func (s *Server) publish(req *pubsubpb.PublishRequest) (*pubsubpb.PublishResponse, error) {
	if slices.ContainsFunc(req.GetMessages(), isEmpty) {
		return nil, status.Error(codes.InvalidArgument, "a message has neither data nor attributes")
	}
	s.topology.RLock()
	defer s.topology.RUnlock()
	s.ledger.beginPublish()
	resp, err := s.publisher.Publish(s.ctx, req)
	if err != nil {
		s.ledger.endPublish(nil)
		return nil, err
	}
	s.observe(req)
	s.ledger.endPublish(s.deliveries(req.GetTopic(), resp.GetMessageIds()))
	for i, id := range resp.MessageIds {
		resp.MessageIds[i] = s.publicID(id)
	}
	return resp, nil
}

// isEmpty reports whether Google rejects the message for having no content:
// cloud.google.com/pubsub/docs/publish-message-overview.
func isEmpty(m *pubsubpb.PubsubMessage) bool {
	return len(m.GetData()) == 0 && len(m.GetAttributes()) == 0
}

func (s *Server) observe(req *pubsubpb.PublishRequest) {
	for _, observe := range s.observers {
		for _, m := range req.GetMessages() {
			observe(req.GetTopic(), m.GetData(), m.GetAttributes())
		}
	}
}

// deliveries lists the deliveries that new messages of a topic cause, and wakes
// their dispatchers.
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

// newEpoch returns the prefix of this start's message IDs. Google's test server and
// emulator number their messages from 1 at each start, so a new event could look
// like one that was already applied. Public IDs start with the time of the start
// instead, and are decimal like Google's.
func newEpoch() string { return strconv.FormatInt(time.Now().UnixMilli(), 10) }

func (s *Server) publicID(id string) string {
	n, err := strconv.ParseUint(strings.TrimPrefix(id, "m"), 10, 64) // "m7" or "7"
	if err != nil {
		return s.epoch + id
	}
	return fmt.Sprintf("%s%06d", s.epoch, n)
}
