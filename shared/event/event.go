// Package event receives messages that Pub/Sub pushes over HTTP, itself or as CloudEvents
// through Eventarc. It acknowledges a message that was processed or permanently rejected,
// and has Pub/Sub redeliver any other.
//
// It does not use the receiver of the CloudEvents SDK, which the functions framework would
// put in front of it: see ADR 0058.
package event

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"time"

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

// maxBody is the largest request that is read: Pub/Sub's largest message has 10 MB
// (cloud.google.com/pubsub/quotas#resource_limits), and base64 makes it a third larger.
const maxBody = 16 << 20

// Receive returns an HTTP handler that calls handle for each message that is pushed to it. A
// response with the status 200 acknowledges the message. Pub/Sub delivers it again after a
// 500, or if the client leaves.
func Receive(handle Handler, log *slog.Logger) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodPost {
			w.Header().Set("Allow", http.MethodPost)
			http.Error(w, "send a message with POST", http.StatusMethodNotAllowed)
			return
		}
		body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
		if err != nil {
			http.Error(w, "the message cannot be read; send it again", http.StatusBadRequest)
			return
		}
		if !process(r.Context(), handle, log, decode(r.Header, body)) {
			http.Error(w, "not processed; redeliver", http.StatusInternalServerError)
			return
		}
		w.WriteHeader(http.StatusOK)
	})
}

// process handles a message, and reports whether it is done with. The handler is called for
// a malformed message too, because it records rejections.
func process(ctx context.Context, handle Handler, log *slog.Logger, m Message) bool {
	err := handle(ctx, m)
	if err == nil {
		err = m.Malformed
	}
	switch {
	case err == nil:
	case IsPermanent(err):
		log.ErrorContext(ctx, "event permanently rejected", "message", m.ID, "error", err.Error())
	default:
		log.WarnContext(ctx, "event will be redelivered", "message", m.ID, "error", err.Error())
		return false
	}
	return true
}

// Lazily returns an HTTP handler that calls build on the first message, and then calls the
// handler that build returned. If build fails, the next message calls it again.
func Lazily(build func(context.Context) (Handler, error), log *slog.Logger) http.Handler {
	var built gcp.Lazy[Handler]
	return Receive(func(ctx context.Context, m Message) error {
		handle, err := built.Get(ctx, build)
		if err != nil {
			return fmt.Errorf("build function: %w", err)
		}
		return handle(ctx, m)
	}, log)
}

// pushed is the body of a push (cloud.google.com/pubsub/docs/push#receive_push), and also the
// data of the event that Eventarc sends in CloudEvents' binary mode
// (googleapis.github.io/google-cloudevents/examples/binary/pubsub).
type pushed struct {
	Message struct {
		Data        []byte            `json:"data"`
		Attributes  map[string]string `json:"attributes"`
		MessageID   string            `json:"messageId"`
		PublishTime time.Time         `json:"publishTime"`
	} `json:"message"`
}

// The headers of an event in CloudEvents' binary mode, and the type of Pub/Sub's events. A
// push without Eventarc has neither.
const (
	headerID   = "Ce-Id"
	headerType = "Ce-Type"
	published  = "google.cloud.pubsub.topic.v1.messagePublished"
)

// decode returns the message of a request. A malformed one has the event's ID or, if it has
// none, the SHA-256 of the body, so that each delivery has the same.
func decode(header http.Header, body []byte) Message {
	m, err := parse(header.Get(headerType), body)
	if err == nil {
		return m
	}
	id := header.Get(headerID)
	if id == "" {
		digest := sha256.Sum256(body)
		id = "sha256-" + hex.EncodeToString(digest[:])
	}
	return Message{ID: id, Malformed: Refuse("malformed", err)}
}

func parse(kind string, body []byte) (Message, error) {
	if kind != "" && kind != published {
		return Message{}, errors.New("the event is not a Pub/Sub message")
	}
	var p pushed
	// This package rejects duplicate keys and keys in another case. Keys that are
	// unknown are allowed, because Pub/Sub adds some.
	if err := json.Unmarshal(body, &p); err != nil {
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
