// Package event takes Pub/Sub messages in as CloudEvents and tells Pub/Sub
// what became of them: done, or to be delivered again.
package event

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/cloudevents/sdk-go/v2/event"

	"github.com/strongroom-dev/strongroom/shared/gcp"
)

// Message is what was published.
type Message struct {
	ID         string            // Pub/Sub's; the same at every delivery
	Data       []byte            //
	Attributes map[string]string //
	Published  time.Time         //

	// Malformed is not nil where the event was no Pub/Sub message: a refusal
	// with the code "malformed". Of the message is known only the event's id.
	Malformed error
}

// Handler works on one message; one that is malformed it refuses. It is called again for a message whose call
// failed, and may be for one whose call did not: what it does, it does once.
type Handler func(context.Context, Message) error

// permanent is a fault that delivering again will not mend.
type permanent struct{ error }

// Unwrap gives the fault itself.
func (p permanent) Unwrap() error { return p.error }

// Permanent marks a fault that delivering again will not mend. The handler has
// put it on record; the message is acknowledged.
func Permanent(err error) error {
	if err == nil {
		return nil
	}
	return permanent{err}
}

// refusal is a permanent fault that has a code.
type refusal struct {
	permanent
	code string
}

// Refuse is Permanent with a code, which the record of the message has: a few
// lower-case words joined by dashes.
func Refuse(code string, err error) error { return refusal{permanent{err}, code} }

// Unwrap gives the mark, and the fault below it.
func (r refusal) Unwrap() error { return r.permanent }

// Code is the code of a permanent fault.
func Code(err error) string {
	var r refusal
	if errors.As(err, &r) {
		return r.code
	}
	return "permanent"
}

// IsPermanent reports whether err was marked so.
func IsPermanent(err error) bool {
	var p permanent
	return errors.As(err, &p)
}

// errAgain is all that the platform learns of a fault: the framework prints
// it as a format string.
var errAgain = errors.New("not done; deliver again")

// Receive makes a CloudEvent function of handle.
func Receive(handle Handler, log *slog.Logger) func(context.Context, event.Event) error {
	return func(ctx context.Context, e event.Event) error {
		m, fault := decode(e)
		if fault != nil {
			// The handler is asked all the same: it keeps the record of refusals.
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
			log.ErrorContext(ctx, "event refused for good", "message", e.ID(), "error", err.Error())
			return nil
		}
		log.WarnContext(ctx, "event to be delivered again", "message", e.ID(), "error", err.Error())
		return errAgain
	}
}

// Lazily is Receive of what build gives. It builds on the first event; a build
// that failed is tried again on the next.
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
		return Message{}, errors.New("the event is no Pub/Sub message")
	}
	var p pushed
	if err := json.Unmarshal(e.Data(), &p); err != nil {
		return Message{}, errors.New("the event's data is no Pub/Sub message")
	}
	if p.Message.MessageID == "" {
		return Message{}, errors.New("the message has no id")
	}
	return Message{ID: p.Message.MessageID, Data: p.Message.Data, Attributes: p.Message.Attributes, Published: p.Message.PublishTime}, nil
}
