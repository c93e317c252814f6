package consents

import (
	"time"

	"github.com/strongroom-dev/strongroom/shared/consent"
	"github.com/strongroom-dev/strongroom/shared/halves"
	"github.com/strongroom-dev/strongroom/shared/tenant"
)

// HalfBody is what everybody sees of a half. Its name is exported because the OpenAPI
// document omits the fields of embedded types that are not.
type HalfBody struct {
	ID      string     `json:"id,omitempty" class:"operational" doc:"The ledger names it; absent: never given"`
	State   string     `json:"state" class:"operational" enum:"none,active,expired,withdrawn,outdated,invalid"`
	Given   *time.Time `json:"given,omitempty" class:"operational"`
	Expires *time.Time `json:"expires,omitempty" class:"operational" doc:"It is active before this"`
	Text    string     `json:"text,omitempty" class:"operational" doc:"Version of the text that was agreed to"`
	Ended   *time.Time `json:"ended,omitempty" class:"operational" doc:"When it was withdrawn or replaced"`
	Reason  string     `json:"endReason,omitempty" class:"operational" enum:"withdrawn,replaced"`
}

func showHalf(h halves.Half) HalfBody {
	b := HalfBody{ID: h.ID, State: string(h.State), Given: known(h.Given), Expires: known(h.Expires), Text: h.Text}
	if h.End != nil {
		b.Ended, b.Reason = known(h.End.At), string(h.End.Reason)
	}
	return b
}

// known returns nil for the zero time.
func known(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	t = t.UTC()
	return &t
}

// PersonBody is who gave or ended a half.
type PersonBody struct {
	Issuer  string `json:"issuer" class:"metadata"`
	Subject string `json:"subject" class:"metadata"`
}

func showPerson(p consent.Person) *PersonBody {
	if p == (consent.Person{}) {
		return nil
	}
	return &PersonBody{p.Issuer, p.Subject}
}

// GivenHalfBody is what the tenant sees of a half.
type GivenHalfBody struct {
	HalfBody
	By      *PersonBody `json:"by,omitempty"`
	EndedBy *PersonBody `json:"endedBy,omitempty"`
}

func showGivenHalf(h halves.Half) GivenHalfBody {
	b := GivenHalfBody{HalfBody: showHalf(h), By: showPerson(h.By)}
	if h.End != nil {
		b.EndedBy = showPerson(h.End.By)
	}
	return b
}

// AboutBody says what a consent is about.
type AboutBody struct {
	Feature     string        `json:"feature" class:"operational"`
	Destination string        `json:"destination" class:"operational" enum:"single-tenant,shared"`
	Workspace   string        `json:"workspace,omitempty" class:"operational" doc:"Absent: all workspaces of the tenant"`
	Endpoint    *EndpointBody `json:"endpoint,omitempty" doc:"Absent: there is no such endpoint"`
	Text        string        `json:"text" class:"operational" doc:"Version of the current text"`
	InEffect    bool          `json:"inEffect" class:"operational" doc:"Both halves are active, and were given by two persons"`
	SamePerson  bool          `json:"samePerson,omitempty" class:"operational" doc:"One person gave both halves, so they have no effect"`
}

// EndpointBody is a language model.
type EndpointBody struct {
	ProjectID          string `json:"projectId" class:"operational"`
	Location           string `json:"location" class:"operational"`
	Model              string `json:"model" class:"operational"`
	AbuseLoggingExempt bool   `json:"abuseLoggingExempt" class:"operational" doc:"Google does not log prompts to detect abuse"`
	CacheDisabled      bool   `json:"cacheDisabled" class:"operational" doc:"Google does not cache prompts"`
}

// ConsentBody is a consent, as the tenant sees it.
type ConsentBody struct {
	AboutBody
	Tenant   GivenHalfBody `json:"tenant"`
	Platform GivenHalfBody `json:"platform"`
}

// StaffConsentBody is a consent, as the platform's staff see it.
type StaffConsentBody struct {
	AboutBody
	Tenant   HalfBody `json:"tenant"`
	Platform HalfBody `json:"platform"`
}

func showAbout(c halves.Consent, e tenant.ModelEndpoint) AboutBody {
	b := AboutBody{
		Feature: string(c.Scope.Feature), Destination: string(c.Scope.Destination), Workspace: string(c.Scope.Workspace),
		Text: c.Text.Version, InEffect: c.InEffect() && e.Exists(), SamePerson: c.SamePerson(),
	}
	if e.Exists() {
		b.Endpoint = &EndpointBody{
			ProjectID: e.ProjectID, Location: e.Location, Model: e.Model, AbuseLoggingExempt: e.AbuseLoggingExempt, CacheDisabled: e.CacheDisabled,
		}
	}
	return b
}

func (h *Handler) show(t target, c halves.Consent) ConsentBody {
	return ConsentBody{showAbout(c, h.config.Endpoint(t.record, c.Scope.Destination)), showGivenHalf(c.Tenant), showGivenHalf(c.Platform)}
}

func (h *Handler) showStaff(t target, c halves.Consent) StaffConsentBody {
	return StaffConsentBody{showAbout(c, h.config.Endpoint(t.record, c.Scope.Destination)), showHalf(c.Tenant), showHalf(c.Platform)}
}
