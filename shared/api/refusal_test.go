package api_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/strongroom-dev/strongroom/shared/api"
	"github.com/strongroom-dev/strongroom/shared/consent"
)

func TestAProblemOfMissingConsentSaysWhatToGive(t *testing.T) {
	t.Parallel()
	p := api.ToProblem(t.Context(), &consent.Refusal{Code: consent.CodeNoConsent, Feature: consent.ExplainIssue, SamePerson: true, Missing: []consent.MissingHalf{
		{Destination: consent.SingleTenant, Side: consent.TenantSide, State: consent.Withdrawn},
		{Destination: consent.Shared, Side: consent.PlatformSide, State: consent.None},
	}})
	want := []api.Fault{
		{Message: "the tenant half for single-tenant was withdrawn; an admin can give it with PUT /v1/consents/explain-issue/single-tenant"},
		{Message: "the platform half for shared was never given; the platform's staff can give it with PUT /v1/tenants/{tenant}/consents/explain-issue/shared"},
		{Message: "one person gave both halves, so they have no effect; another person must give one of them"},
	}
	if diff := cmp.Diff(want, p.Errors); diff != "" || p.Status != http.StatusForbidden || p.Code != "consent-missing" {
		t.Errorf("%d %s:\n%s", p.Status, p.Code, diff)
	}
}

func TestEachRefusalHasAStatus(t *testing.T) {
	t.Parallel()
	for code, want := range map[consent.Code]int{
		consent.CodeNoConsent: 403, consent.CodeNoDestination: 409, consent.CodeLimit: 429, consent.CodeKeyLocked: 403, consent.CodeTooLarge: 422,
		consent.CodeNotSent: 503, consent.CodeUnavailable: 503, consent.CodeBlocked: 422, consent.CodeAnswer: 503,
	} {
		p := api.ToProblem(t.Context(), &consent.Refusal{Code: code, RetryAfter: 1500 * time.Millisecond})
		if p.Status != want || p.Code != string(code) {
			t.Errorf("%s is %+v, want the status %d", code, p, want)
		}
		if waits := p.GetHeaders().Get("Retry-After") != ""; waits != (want == 429 || want == 503) {
			t.Errorf("%s: Retry-After is %v", code, p.GetHeaders())
		}
	}
}
