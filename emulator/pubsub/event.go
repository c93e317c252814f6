package pubsub

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"time"
)

// pushBody is the body of a push, which is also the data of an Eventarc Pub/Sub
// event: cloud.google.com/pubsub/docs/push#receive_push.
type pushBody struct {
	Message         pushMessage `json:"message"`
	Subscription    string      `json:"subscription"`
	DeliveryAttempt int         `json:"deliveryAttempt,omitempty"` // only with a dead-letter topic
}

// pushMessage has some names in two spellings, as Google's has.
type pushMessage struct {
	Data         []byte            `json:"data,omitempty"` // base64
	Attributes   map[string]string `json:"attributes,omitempty"`
	MessageID    string            `json:"messageId"`
	MessageID2   string            `json:"message_id"`
	PublishTime  string            `json:"publishTime"` // RFC 3339
	PublishTime2 string            `json:"publish_time"`
	OrderingKey  string            `json:"orderingKey,omitempty"`
}

// pushClient does not follow redirects: a 3xx status is a rejection.
func pushClient(base *http.Client) *http.Client {
	if base == nil {
		base = &http.Client{Transport: http.DefaultTransport.(*http.Transport).Clone()}
	}
	c := *base
	c.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &c
}

// post pushes a message once. A nil error means that the endpoint accepted it.
func (d *dispatcher) post(m *message, attempt int) error {
	ctx, cancel := context.WithTimeout(d.server.ctx, d.sub.AckDeadline)
	defer cancel()
	req, err := d.request(ctx, m, attempt)
	if err != nil {
		return err
	}
	resp, err := d.server.config.HTTPClient.Do(req)
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }()
	_, _ = io.CopyN(io.Discard, resp.Body, 64<<10) // so that the connection can be reused
	if !acks(resp.StatusCode) {
		return fmt.Errorf("the endpoint returned status %d", resp.StatusCode)
	}
	return nil
}

// acks reports whether a status acknowledges: cloud.google.com/pubsub/docs/push.
func acks(code int) bool {
	switch code {
	case http.StatusProcessing, http.StatusOK, http.StatusCreated, http.StatusAccepted, http.StatusNoContent:
		return true
	}
	return false
}

// request returns the message as a CloudEvent in binary mode, as Eventarc sends it
// to a function.
func (d *dispatcher) request(ctx context.Context, m *message, attempt int) (*http.Request, error) {
	published := m.published.Format(time.RFC3339Nano)
	id := d.server.publicID(m.GetMessageId())
	body, err := json.Marshal(d.body(m, id, published, attempt))
	if err != nil {
		return nil, fmt.Errorf("encode the event: %w", err)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, d.sub.Endpoint, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	for name, value := range map[string]string{
		"ce-id":          id,
		"ce-source":      "//pubsub.googleapis.com/" + d.topic,
		"ce-specversion": "1.0",
		"ce-type":        "google.cloud.pubsub.topic.v1.messagePublished",
		"ce-time":        published,
		"content-type":   "application/json",
		"user-agent":     "APIs-Google; (+https://developers.google.com/webmasters/APIs-Google.html)",
	} {
		req.Header.Set(name, value)
	}
	return req, d.authenticate(req)
}

func (d *dispatcher) body(m *message, id, published string, attempt int) pushBody {
	body := pushBody{
		Message: pushMessage{
			Data:         m.GetData(),
			Attributes:   m.GetAttributes(),
			MessageID:    id,
			MessageID2:   id,
			PublishTime:  published,
			PublishTime2: published,
			OrderingKey:  m.GetOrderingKey(),
		},
		Subscription: d.name,
	}
	if d.deadLetterTopic != "" {
		body.DeliveryAttempt = attempt
	}
	return body
}

func (d *dispatcher) authenticate(req *http.Request) error {
	if d.sub.ServiceAccount == "" {
		return nil
	}
	token, err := d.server.config.IDToken(d.sub.ServiceAccount, d.sub.Audience)
	if err != nil {
		return fmt.Errorf("sign the push identity's token: %w", err)
	}
	req.Header.Set("authorization", "Bearer "+token)
	return nil
}

// cloudTime converts a recent time of a backend to the embedded cloud's time. The
// backends use the machine's clock, so that their leases do not expire when a test
// advances the clock.
func (s *Server) cloudTime(t time.Time) time.Time {
	ahead := time.Until(s.config.Clock.Now()).Round(time.Millisecond)
	return t.Add(ahead).UTC()
}
