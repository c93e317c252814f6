package api

import (
	"context"
	"net/http"
	"time"
)

// Refused is the record of a message that a function refused for good.
type Refused struct {
	Function   string            `json:"function"`
	Message    string            `json:"message"` // Pub/Sub's id
	Code       string            `json:"code"`    // why
	References map[string]string `json:"references"`
	Published  time.Time         `json:"published"`
	Found      time.Time         `json:"found"`
}

// MaxRefusedPage is the most records that one page has.
const MaxRefusedPage = 200

// RefusedPage is a page of the quarantine, the oldest first.
type RefusedPage struct {
	Records       []Refused `json:"records"`
	NextPageToken string    `json:"nextPageToken,omitempty"` // empty: it is the last
}

// Quarantine reads the page of at most size records that token is for; the first
// if it is empty. An empty function means all.
func (c *Client) Quarantine(ctx context.Context, function string, size int, token string) (RefusedPage, error) {
	query := pageQuery(size, token, map[string]string{"function": function})
	var page RefusedPage
	err := c.call(ctx, request{what: "list the quarantine", method: http.MethodGet, path: "/v1/quarantine", query: query}, &page)
	return page, err
}

// Replayed is what one call sent again.
type Replayed struct {
	Replayed int       `json:"replayed"` // messages
	More     bool      `json:"more"`     // there may be, of before AsOf
	AsOf     time.Time `json:"asOf"`
}

// ReplayQuarantine sends again what a function refused, with a code unless that
// is empty, before a time, the zero time meaning now. It may be repeated.
func (c *Client) ReplayQuarantine(ctx context.Context, function, code string, before time.Time) (Replayed, error) {
	return c.replay(ctx, request{what: "replay the quarantine", path: "/v1/quarantine/replay", in: struct {
		Function string    `json:"function"`
		Code     string    `json:"code,omitempty"`
		Before   time.Time `json:"before,omitzero"`
	}{function, code, before}})
}

// ReplayDeadLetters sends again what could not be delivered of a topic before a
// time, the zero time meaning now. It may be repeated.
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
