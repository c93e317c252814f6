package gcs

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"time"
)

// The modeled event types of
// cloud.google.com/storage/docs/pubsub-notifications#events.
const (
	eventFinalize = "OBJECT_FINALIZE"
	eventUpdate   = "OBJECT_METADATA_UPDATE"
	eventDelete   = "OBJECT_DELETE"
)

// notifyCreated notifies of o and of the object that it replaced, if any.
func (s *Server) notifyCreated(t txn, b Bucket, o, replaced object) error {
	if replaced.Generation == 0 {
		return s.notify(t, b, eventFinalize, o, nil)
	}
	err := s.notify(t, b, eventDelete, replaced, map[string]string{"overwrittenByGeneration": strconv.FormatInt(o.Generation, 10)})
	if err != nil {
		return err
	}
	return s.notify(t, b, eventFinalize, o, map[string]string{"overwroteGeneration": strconv.FormatInt(replaced.Generation, 10)})
}

// notify stores a JSON_API_V1 notification, which is published after t commits:
// cloud.google.com/storage/docs/pubsub-notifications#format.
func (s *Server) notify(t txn, b Bucket, event string, o object, more map[string]string) error {
	if s.config.Publish == nil || b.NotificationTopic == "" {
		return nil
	}
	if len(b.NotificationEvents) > 0 && !slices.Contains(b.NotificationEvents, event) {
		return nil
	}
	data, err := json.Marshal(objectResourceOf(b, o, ""))
	if err != nil {
		return fmt.Errorf("encode notification: %w", err)
	}
	attributes := map[string]string{
		"notificationConfig": "projects/_/buckets/" + b.Name + "/notificationConfigs/" + notificationID,
		"eventType":          event,
		"payloadFormat":      "JSON_API_V1",
		"bucketId":           b.Name,
		"objectId":           o.Name,
		"objectGeneration":   strconv.FormatInt(o.Generation, 10),
		"eventTime":          rfc3339(s.config.Clock.Now()),
	}
	for name, value := range more {
		attributes[name] = value
	}
	return t.enqueue(message{Topic: b.NotificationTopic, Data: data, Attributes: attributes})
}

// notificationID is the ID of a bucket's only notification configuration.
const notificationID = "1"

// rfc3339 formats a time with microseconds, as Google does.
func rfc3339(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000000Z") }
