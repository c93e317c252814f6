package api

import (
	"iter"
	"maps"
	"net/http"
	"slices"
)

// statusCodes are the stable codes of problems by status. A program compares the code;
// the texts of a problem may change.
var statusCodes = map[int]string{
	http.StatusBadRequest:                   "bad-request",
	http.StatusUnauthorized:                 "unauthenticated",
	http.StatusForbidden:                    "forbidden",
	http.StatusNotFound:                     "not-found",
	http.StatusMethodNotAllowed:             "method-not-allowed",
	http.StatusRequestTimeout:               "request-timeout",
	http.StatusConflict:                     "conflict",
	http.StatusGone:                         "gone",
	http.StatusRequestEntityTooLarge:        "too-large",
	http.StatusRequestURITooLong:            "uri-too-long",
	http.StatusUnsupportedMediaType:         "unsupported-media-type",
	http.StatusRequestedRangeNotSatisfiable: "range-not-satisfiable",
	http.StatusUnprocessableEntity:          "invalid",
	http.StatusTooManyRequests:              "too-many-requests",
	http.StatusInternalServerError:          "internal",
	http.StatusServiceUnavailable:           "unavailable",
}

// textCodes are the codes of problems that share their status with others.
var textCodes = map[string]string{
	KeyLockedText:   "key-locked",
	RunIDTakenText:  "run-id-taken",
	RunNotFoundText: "run-not-found",
	RunOwnerText:    "run-owner",
	PageTokenText:   "page-token",
	busyText:        "busy",

	ViewEndedText: "view-ended",

	StorageUnavailableText: "storage-unavailable",

	TenantSuspendedText:   "tenant-suspended",
	TenantOffboardingText: "tenant-offboarding",
	TenantNotActiveText:   "tenant-offboarding",
	TerraformOwnedText:    "terraform-owned",

	TerraformMemberText: "terraform-owned",
	TooManyMembersText:  "too-many-members",

	TrustIssuerText:    "trust-issuer",
	TrustUnmatchedText: "trust-rule-unmatched",
	TrustShadowedText:  "trust-rule-shadowed",
	TrustLocksOutText:  "trust-locks-out",
	TooManyRulesText:   "too-many-trust-rules",

	OffboardingUnknownText: "offboarding-unknown",
	OffboardingStaleText:   "offboarding-stale",
	OffboardingAloneText:   "offboarding-alone",
	NotOffboardingText:     "not-offboarding",

	StorageBusyText:        "storage-busy",
	StorageNotVerifiedText: "storage-not-verified",

	HeldText:           "held",
	HoldExistsText:     "hold-exists",
	TooManyHoldsText:   "too-many-holds",
	LiftingUnknownText: "lifting-unknown",
	LiftingStaleText:   "lifting-stale",
	LiftingAloneText:   "lifting-alone",
	LiftingIssuerText:  "lifting-issuer",
	LiftingAddedText:   "lifting-added-rule",

	SamePersonText:  "same-person",
	ConsentTextText: "consent-text",

	KeyOwnerText:       "key-owner",
	KeyNotActiveText:   "key-not-active",
	KeyDestroyedText:   "key-destroyed",
	KeyChangedText:     "key-changed",
	PrimaryChangedText: "primary-changed",
	ExportActiveText:   "export-active",
	KeyNotRevokedText:  "key-not-revoked",
	OtherTenantText:    "other-tenant",

	DestructionUnknownText: "destruction-unknown",
	DestructionStaleText:   "destruction-stale",
	DestructionAloneText:   "destruction-alone",
	DestructionIssuerText:  "destruction-issuer",
	DestructionAddedText:   "destruction-added-rule",

	NotIntegratedText:   "not-integrated",
	ForkText:            "fork",
	OlderCheckpointText: "older-checkpoint",
}

// allCodes returns every code, sorted.
func allCodes() []any {
	all := map[string]bool{"other": true, QuotaExceededCode: true}
	for _, codes := range []iter.Seq[string]{maps.Values(statusCodes), maps.Values(textCodes)} {
		for code := range codes {
			all[code] = true
		}
	}
	for code := range refusalStatus {
		all[string(code)] = true
	}
	var sorted []any
	for _, code := range slices.Sorted(maps.Keys(all)) {
		sorted = append(sorted, code)
	}
	return sorted
}

func problemCode(status int, detail string) string {
	if code := textCodes[detail]; code != "" {
		return code
	}
	if code := statusCodes[status]; code != "" {
		return code
	}
	return "other"
}
