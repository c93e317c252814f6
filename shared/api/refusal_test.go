package api_test

import (
	"errors"
	"net/http"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/strongroom-dev/strongroom/shared/api"
	"github.com/strongroom-dev/strongroom/shared/consent"
)

func TestAProblemOfMissingConsentSaysWhatToGive(t *testing.T) {
	t.Parallel()
	err := api.RefusalProblem(&consent.Refusal{Code: consent.CodeNoConsent, Feature: consent.ExplainIssue, SamePerson: true, Missing: []consent.MissingHalf{
		{Destination: consent.SingleTenant, Side: consent.TenantSide, State: consent.Withdrawn},
		{Destination: consent.Shared, Side: consent.PlatformSide, State: consent.None},
	}})
	var p *api.Problem
	if !errors.As(err, &p) {
		t.Fatal(err)
	}
	want := []api.Fault{
		{Message: "the consent is withdrawn; an admin of the tenant gives it with PUT", Location: "/v1/consents/explain-issue/single-tenant"},
		{Message: "the consent is none; the platform's staff give it with PUT", Location: "/v1/tenants/{tenant}/consents/explain-issue/shared"},
		{Message: "one person gave both halves; somebody else must give one of them"},
	}
	if diff := cmp.Diff(want, p.Errors); diff != "" || p.Status != http.StatusForbidden || p.Code != "consent-missing" {
		t.Errorf("%d %s:\n%s", p.Status, p.Code, diff)
	}
}

func TestEachRefusalHasAStatus(t *testing.T) {
	t.Parallel()
	for code, want := range map[consent.Code]int{
		consent.CodeNoConsent: 403, consent.CodeNoDestination: 409, consent.CodeLimit: 429, consent.CodeKeyLocked: 403, consent.CodeTooLarge: 409,
		consent.CodeNotSent: 503, consent.CodeUnavailable: 503, consent.CodeBlocked: 409, consent.CodeAnswer: 502,
	} {
		var p *api.Problem
		if err := api.RefusalProblem(&consent.Refusal{Code: code, RetryAfter: 1500 * time.Millisecond}); !errors.As(err, &p) || p.Status != want || p.Code != string(code) {
			t.Errorf("%s is %+v, want the status %d", code, p, want)
		}
		if waits := p.GetHeaders().Get("Retry-After") != ""; waits != (want == 429 || want == 503) {
			t.Errorf("%s: Retry-After is %v", code, p.GetHeaders())
		}
	}
	if other := errors.New("other"); !errors.Is(api.RefusalProblem(other), other) {
		t.Error("another error does not stay")
	}
}
