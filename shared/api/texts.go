package api

// Texts of problems that several functions return. A client sees the same words
// for the same error, whichever function it calls.
const (
	KeyLockedText   = "the tenant's key is disabled or destroyed; ask the tenant's administrator"
	RunIDTakenText  = "this run ID is already used; create a new UUIDv7"
	RunNotFoundText = "this workspace has no such run"
	PageTokenText   = "pageToken is not valid for this query; start again without it"
)
