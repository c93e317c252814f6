package api

// Texts of problems that several functions return. A client sees the same words
// for the same error, whichever function it calls.
const (
	KeyLockedText   = "the tenant's key is disabled or destroyed; ask the tenant's administrator"
	RunIDTakenText  = "this run ID is already used; create a new UUIDv7"
	RunNotFoundText = "this workspace has no such run"
	RunOwnerText    = "the run belongs to another identity; send it with the identity that began it, or begin a new run"
	PageTokenText   = "pageToken is not valid for this query; start again without it"

	NotIntegratedText   = "the entry is recorded, and is not in the published log yet; try again in a minute"
	ForkText            = "the checkpoint has the log's signature, and differs from what the log has published: keep it as evidence of a fork"
	OlderCheckpointText = "the witness has already cosigned a larger checkpoint; send the newest one"
)
