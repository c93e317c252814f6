// Package event receives Pub/Sub messages as CloudEvents. It acknowledges a message
// that was processed or permanently rejected, and has Pub/Sub redeliver any other.
package event

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/cloudevents/sdk-go/v2/event"
	"github.com/go-json-experiment/json"

	"github.com/strongroom-dev/strongroom/shared/gcp"
)

// Message is a published message.
type Message struct {
	ID         string // set by Pub/Sub; the same for every delivery
	Data       []byte
	Attributes map[string]string
	Published  time.Time

	// Malformed is not nil if the event is not a Pub/Sub message. It is a
	// rejection with the code "malformed", and only ID, the event's, is set.
	Malformed error
}

// Handler processes one message, and rejects one that is malformed. Pub/Sub
// redelivers a message after an error, and sometimes after a success, so a handler
// must have its effect only once.
type Handler func(context.Context, Message) error

// rejection is an error that a redelivery cannot fix.
type rejection struct {
	error
	code string
}

// Unwrap returns the error itself.
func (r rejection) Unwrap() error { return r.error }

// Refuse marks an error that a redelivery cannot fix, so the message is
// acknowledged. The code is a few lowercase words joined by hyphens; the
// quarantine's record of the message has it.
func Refuse(code string, err error) error { return rejection{err, code} }

// Code returns the code of an error that Refuse marked, and "" for any other.
func Code(err error) string {
	var r rejection
	_ = errors.As(err, &r) // the zero rejection has no code
	return r.code
}

// IsPermanent reports whether Refuse marked err.
func IsPermanent(err error) bool {
	var r rejection
	return errors.As(err, &r)
}

// errRedeliver is the only error that the platform sees. The functions framework
// prints it as a format string, so its text is fixed.
var errRedeliver = errors.New("not processed; redeliver")

// Receive returns a CloudEvent function that calls handle.
func Receive(handle Handler, log *slog.Logger) func(context.Context, event.Event) error {
	return func(ctx context.Context, e event.Event) error {
		m, fault := decode(e)
		if fault != nil {
			// The handler is called anyway, because it records rejections.
			m = Message{ID: e.ID(), Malformed: Refuse("malformed", fault)}
		}
		err := handle(ctx, m)
		if err == nil {
			err = m.Malformed
		}
		switch {
		case err == nil:
			return nil
		case IsPermanent(err):
			log.ErrorContext(ctx, "event permanently rejected", "message", e.ID(), "error", err.Error())
			return nil
		}
		log.WarnContext(ctx, "event will be redelivered", "message", e.ID(), "error", err.Error())
		return errRedeliver
	}
}

// Lazily returns a CloudEvent function that calls build on the first event, and
// then calls the handler that build returned. If build fails, the next event calls
// it again.
func Lazily(build func(context.Context) (Handler, error), log *slog.Logger) func(context.Context, event.Event) error {
	var built gcp.Lazy[Handler]
	return Receive(func(ctx context.Context, m Message) error {
		handle, err := built.Get(ctx, build)
		if err != nil {
			return fmt.Errorf("build function: %w", err)
		}
		return handle(ctx, m)
	}, log)
}

// pushed is the data of a messagePublished event:
// googleapis.github.io/google-cloudevents/examples/binary/pubsub.
type pushed struct {
	Message struct {
		Data        []byte            `json:"data"`
		Attributes  map[string]string `json:"attributes"`
		MessageID   string            `json:"messageId"`
		PublishTime time.Time         `json:"publishTime"`
	} `json:"message"`
}

const published = "google.cloud.pubsub.topic.v1.messagePublished"

func decode(e event.Event) (Message, error) {
	if e.Type() != published {
		return Message{}, errors.New("the event is not a Pub/Sub message")
	}
	var p pushed
	// This package rejects duplicate keys and keys in another case. Keys that are
	// unknown are allowed, because Pub/Sub adds some.
	if err := json.Unmarshal(e.Data(), &p); err != nil {
		return Message{}, errors.New("the event's data is not a Pub/Sub message")
	}
	if p.Message.MessageID == "" {
		return Message{}, errors.New("the message has no ID")
	}
	return Message{
		ID:         p.Message.MessageID,
		Data:       p.Message.Data,
		Attributes: p.Message.Attributes,
		Published:  p.Message.PublishTime,
	}, nil
}
