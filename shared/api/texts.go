package api

// Texts of problems that several functions return. A client sees the same words
// for the same error, whichever function it calls.
const (
	KeyLockedText          = "the tenant's key is disabled or destroyed; ask the tenant's administrator"
	StorageUnavailableText = "the platform may not use the bucket of this output or export: its owner has removed the access, or has not granted it; a tenant's admin sees what is missing with POST /v1/tenant/storage/verify"

	TenantSuspendedText   = "the tenant is suspended; contact its administrator"
	TenantOffboardingText = "the tenant is being offboarded: it can read and export, and change nothing"

	RunIDTakenText  = "this run ID is already used; create a new UUIDv7"
	RunNotFoundText = "this workspace has no such run"
	RunOwnerText    = "the run belongs to another identity; send it with the identity that began it, or begin a new run"
	PageTokenText   = "pageToken is not valid for this query; start again without it"

	ViewEndedText = "this view has ended; open a new one"

	SamePersonText  = "you gave the other half of this consent; another person must give this one"
	ConsentTextText = "the text has changed since you read it; read the current one, and agree to that"

	KeyOwnerText       = "the platform may not do this with the key; \"rights\" in GET /v1/tenant says who can"
	KeyNotActiveText   = "the key cannot be used now; enable it first"
	KeyDestroyedText   = "every version of the key is destroyed, and nothing can restore it"
	KeyChangedText     = "somebody changes the key at the same time; read GET /v1/tenant and try again"
	PrimaryChangedText = "the key has another primary version than the one that you name; read GET /v1/tenant and try again"
	KeyNotRevokedText  = "the key is in use; disable it first, and destroy it when its state is revoked"
	TerraformOwnedText = "Terraform suspends the tenant, and the API cannot change that; set its state to active there and apply"
	OtherTenantText    = "the request names another tenant than your token; nothing was changed"

	DestructionUnknownText = "there is no such request to destroy the key: it was confirmed, replaced or canceled; read GET /v1/tenant"
	DestructionStaleText   = "the request to destroy the key is older than 7 days; make it again"
	DestructionAloneText   = "you made this request; another admin can confirm it now, or you after 24 hours"
	DestructionIssuerText  = "the request was made by an account of another issuer, which may be yours too; confirm it with an account of that issuer, or after 24 hours"

	DestructionAddedText = "a rule of the API makes one of the two admins, so the other one may be the same person; an admin by a rule of Terraform can confirm what another such admin has requested, or any admin after 24 hours"

	TenantNotActiveText = "the tenant is being offboarded; stop the offboarding first"

	StorageBusyText        = "the tenant's storage is being verified; read GET /v1/tenant/storage until it has finished"
	StorageTooOftenText    = "the storage was verified 10 times in an hour, and each time may leave an object in the bucket; wait as long as Retry-After says"
	StorageNotVerifiedText = "the storage was never verified; an admin verifies it with POST /v1/tenant/storage/verify"

	TerraformMemberText = "Terraform has added this member; remove it there, in \"workspaces\" of the tenant, and apply"
	TooManyMembersText  = "the workspace has 1,000 members, and the API adds no more; give a rule the role auditor instead, or remove members"

	TrustIssuerText    = "Terraform trusts this issuer not at all, or with several key sets; add the issuer, or the rule, in \"trust\" of the tenant there and apply"
	TrustUnmatchedText = "the token is not of this issuer or does not match the rule, so the rule was not saved; test them to see what differs"
	TrustShadowedText  = "another rule matches the token first, so this rule would have no effect; test the token to see which one"
	TrustLocksOutText  = "this rule gives you your role, so its removal would lock you out; ask another admin to remove it"
	TooManyRulesText   = "the API has added 50 rules to this tenant, and adds no more; remove some, or add a rule with another claim in Terraform"

	HeldText           = "a legal hold covers this, so nothing of it can be deleted; GET /v1/tenant/holds lists the holds"
	HoldExistsText     = "there is a hold with this ID that covers something else; choose another ID"
	TooManyHoldsText   = "the tenant has 100 holds; place one hold on a workspace instead of many on its runs"
	LiftingUnknownText = "there is no such request to lift the hold: it was confirmed or replaced; read GET /v1/tenant/holds"
	LiftingStaleText   = "the request to lift the hold is older than 7 days; make it again"
	LiftingAloneText   = "you made this request; another admin or the platform's staff must confirm it"
	LiftingIssuerText  = "the request was made by an account of another issuer, which may be yours too; confirm it with an account of that issuer, or ask the platform's staff"

	LiftingAddedText = "a rule of the API makes one of the two admins, so the other one may be the same person; ask an admin by a rule of Terraform to request it, and another one or the platform's staff to confirm it"

	OffboardingUnknownText = "the tenant has no such request: its admin asks for the offboarding, and you start it with the ID of the request"
	OffboardingStaleText   = "the request of the tenant's admin is older than 7 days; ask for a new one"
	OffboardingAloneText   = "you made the request; another person of the platform's staff must start the offboarding"
	NotOffboardingText     = "nobody has asked for the offboarding of this tenant"

	ExportActiveText = "an export is not finished; wait until it ends or cancel it, then rotate the key"

	NotIntegratedText   = "the entry is recorded, and is not in the published log yet; try again in a minute"
	ForkText            = "the checkpoint has the log's signature, and differs from what the log has published: keep it as evidence of a fork"
	OlderCheckpointText = "the witness has already cosigned a larger checkpoint; send the newest one"
)
