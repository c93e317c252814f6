package api

import (
	"context"
	"net/http"
	"time"
)

// Refused is the record of a message that a function rejected permanently.
type Refused struct {
	Function   string            `json:"function"`
	Message    string            `json:"message" doc:"Pub/Sub message ID"`
	Code       string            `json:"code" doc:"reason"`
	References map[string]string `json:"references"`
	Published  time.Time         `json:"published"`
	Found      time.Time         `json:"found"`
}

// MaxRefusedPage is the maximum number of records on one page.
const MaxRefusedPage = 200

// RefusedPage is one page of the quarantine, the oldest record first.
type RefusedPage struct {
	Records       []Refused `json:"records"`
	NextPageToken string    `json:"nextPageToken,omitempty"` // empty: this is the last page
}

// Quarantine reads one page of at most size records. An empty token reads the
// first page. An empty function selects all functions.
func (c *Client) Quarantine(ctx context.Context, function string, size int, token string) (RefusedPage, error) {
	query := pageQuery(size, token, map[string]string{"function": function})
	var page RefusedPage
	err := c.call(ctx, request{what: "list the quarantine", method: http.MethodGet, path: "/v1/quarantine", query: query}, &page)
	return page, err
}

// Replayed is the result of one replay call.
type Replayed struct {
	Replayed int       `json:"replayed"` // messages
	More     bool      `json:"more"`     // there may be more messages from before AsOf
	AsOf     time.Time `json:"asOf"`
}

// ReplayQuarantine redelivers messages that a function rejected before a time.
// The zero time means now. An empty code selects all reasons. It is safe to
// retry.
func (c *Client) ReplayQuarantine(ctx context.Context, function, code string, before time.Time) (Replayed, error) {
	return c.replay(ctx, request{what: "replay the quarantine", path: "/v1/quarantine/replay", in: struct {
		Function string    `json:"function"`
		Code     string    `json:"code,omitempty"`
		Before   time.Time `json:"before,omitzero"`
	}{function, code, before}})
}

// ReplayDeadLetters redelivers a topic's dead letters from before a time. The
// zero time means now. It is safe to retry.
func (c *Client) ReplayDeadLetters(ctx context.Context, topic string, before time.Time) (Replayed, error) {
	return c.replay(ctx, request{what: "replay dead letters", path: "/v1/dead-letters/replay", in: struct {
		Topic  string    `json:"topic"`
		Before time.Time `json:"before,omitzero"`
	}{topic, before}})
}

func (c *Client) replay(ctx context.Context, r request) (Replayed, error) {
	r.method = http.MethodPost
	var done Replayed
	err := c.call(ctx, r, &done)
	return done, err
}
