package api

import (
	"context"
	"net/http"
	"net/url"
	"time"
)

// Half is one party's half of a consent.
type Half struct {
	ID      string     `json:"id,omitempty"` // the ledger names it; empty: never given
	State   string     `json:"state"`        // none, active, expired, withdrawn, outdated or invalid
	By      *Person    `json:"by,omitempty"` // nil for staff, and if it was never given
	Given   *time.Time `json:"given,omitempty"`
	Expires *time.Time `json:"expires,omitempty"`
	Text    string     `json:"text,omitempty"` // version of the text that was agreed to
	Ended   *time.Time `json:"ended,omitempty"`
	EndedBy *Person    `json:"endedBy,omitempty"`
	Reason  string     `json:"endReason,omitempty"` // withdrawn or replaced
}

// Person is who gave or ended a half.
type Person struct {
	Issuer  string `json:"issuer"`
	Subject string `json:"subject"`
}

// Endpoint is a language model.
type Endpoint struct {
	ProjectID          string `json:"projectId"`
	Location           string `json:"location"`
	Model              string `json:"model"`
	AbuseLoggingExempt bool   `json:"abuseLoggingExempt"`
	CacheDisabled      bool   `json:"cacheDisabled"`
}

// Consent is what a tenant and the platform agree to.
type Consent struct {
	Feature     string        `json:"feature"`
	Destination string        `json:"destination"`         // single-tenant or shared
	Workspace   string        `json:"workspace,omitempty"` // empty: all workspaces
	Endpoint    *Endpoint     `json:"endpoint,omitempty"`  // nil: none exists
	Text        string        `json:"text"`                // version of the current text
	InEffect    bool          `json:"inEffect"`            // both halves are active
	SamePerson  bool          `json:"samePerson,omitempty"`
	Tenant      Half          `json:"tenant"`
	Platform    Half          `json:"platform"`
	TextBody    string        `json:"textBody,omitempty"` // only of one consent
	History     []HistoryHalf `json:"history,omitempty"`  // only of one consent, and not for staff
}

// HistoryHalf is a half that was given.
type HistoryHalf struct {
	Side string `json:"side"` // tenant or platform
	Half
}

// ConsentScope names a consent. With a Tenant, the caller is the platform's staff.
type ConsentScope struct {
	Tenant, Feature, Destination, Workspace string
}

func (s ConsentScope) request(what, method string) request {
	r := request{what: what, method: method, path: consentsPath(s.Tenant) + "/" + url.PathEscape(s.Feature) + "/" + url.PathEscape(s.Destination)}
	if s.Workspace != "" {
		r.query = url.Values{"workspace": {s.Workspace}}
	}
	return r
}

func consentsPath(tenant string) string {
	if tenant == "" {
		return "/v1/consents"
	}
	return "/v1/tenants/" + url.PathEscape(tenant) + "/consents"
}

// Consents lists the consents of the caller's tenant, or of the one that staff name.
func (c *Client) Consents(ctx context.Context, tenant string) ([]Consent, error) {
	var found struct {
		Consents []Consent `json:"consents"`
	}
	err := c.call(ctx, request{what: "list the consents", method: http.MethodGet, path: consentsPath(tenant)}, &found)
	return found.Consents, err
}

// Consent reads one consent with its text and history.
func (c *Client) Consent(ctx context.Context, s ConsentScope) (Consent, error) {
	var found Consent
	err := c.call(ctx, s.request("read the consent", http.MethodGet), &found)
	return found, err
}

// GiveConsent records the caller's half until a time. If text is not empty and not the
// version of the current text, nothing is given. It is safe to retry.
func (c *Client) GiveConsent(ctx context.Context, s ConsentScope, expires time.Time, text string) (Consent, error) {
	r := s.request("give the consent", http.MethodPut)
	r.in = struct {
		Expires time.Time `json:"expires"`
		Text    string    `json:"text,omitempty"`
	}{expires, text}
	var given Consent
	err := c.call(ctx, r, &given)
	return given, err
}

// WithdrawConsent withdraws the caller's half. It is safe to retry.
func (c *Client) WithdrawConsent(ctx context.Context, s ConsentScope) (Consent, error) {
	var withdrawn Consent
	err := c.call(ctx, s.request("withdraw the consent", http.MethodDelete), &withdrawn)
	return withdrawn, err
}
