package access

import "github.com/strongroom-dev/strongroom/shared/api"

// The reasons of denials, as the audit log has them.
const (
	reasonSuspended = "tenant-suspended"

	reasonOffboarding = "tenant-offboarding"

	reasonRole      = "role"
	reasonTenant    = "tenant"
	reasonWorkspace = "workspace"
	reasonOwner     = "owner"
	reasonWitness   = "witness"
	reasonSelf      = "same-person"
	reasonPipeline  = "pipeline"
	reasonAddedRule = "added-rule"
)

// denials has the public text of each reason.
var denials = map[string]string{
	reasonSuspended: api.TenantSuspendedText,

	reasonOffboarding: api.TenantOffboardingText,

	reasonRole:      "your role does not allow this; ask your tenant administrator for access",
	reasonTenant:    "the path names another tenant than your token; use your own tenant's ID",
	reasonWorkspace: "you do not have access to this workspace; ask your tenant administrator",
	reasonOwner:     api.RunOwnerText,
	reasonSelf:      "you have reviewed or pushed this configuration; ask another admin to approve it",
	reasonPipeline:  "a pipeline cannot approve a configuration; ask a person who is an admin",
	reasonAddedRule: "an admin has given you this role with the API, so you may be the same person; ask an admin by a rule of Terraform to approve it",
	reasonWitness:   "no registered witness has signed this checkpoint; register the witness's key in the tenant's record",
}
