variable "record" {
  description = "Names of the tenant's resources, as shared/tenant.Record has them; null where only trust is wanted. Empty signing key: IAM signs. Empty database: the platform's. Lifetime 0: the platform's default."
  type = object({
    id                      = string
    state                   = optional(string, "active")
    project_id              = string
    location                = string
    outputs_bucket          = string
    exports_bucket          = string
    key_name                = string
    signing_account         = string
    signing_key_name        = optional(string, "")
    database_id             = optional(string, "")
    upload_lifetime_seconds = optional(number, 0)
  })
  default = null
  validation {
    condition     = var.record == null || contains(["active", "suspended"], try(var.record.state, ""))
    error_message = "A tenant is active or suspended."
  }
  validation {
    condition     = try(var.record.upload_lifetime_seconds, 0) >= 0 && try(var.record.upload_lifetime_seconds, 0) <= 900
    error_message = "An upload URL lives at most 900 seconds; 0 takes the default."
  }
}

variable "trust" {
  description = "Issuers of identities that are accepted, with the rules that turn claims into a role. Keys are inline (jwks) or fetched (jwks_url)."
  type = list(object({
    issuer   = string
    jwks     = optional(string, "")
    jwks_url = optional(string, "")
    rules = list(object({
      claims     = map(string)
      role       = string
      workspaces = optional(list(string), [])
    }))
  }))
  default  = []
  nullable = false
  validation {
    condition     = alltrue([for t in var.trust : t.issuer != ""])
    error_message = "Every trusted issuer needs its exact iss."
  }
  validation {
    condition     = alltrue([for t in var.trust : t.jwks != "" || t.jwks_url != ""])
    error_message = "Every trusted issuer needs jwks or jwks_url."
  }
  validation {
    condition     = alltrue([for t in var.trust : t.jwks == "" || length(try(jsondecode(t.jwks).keys, [])) > 0])
    error_message = "jwks must be a JSON Web Key Set with at least one key: {\"keys\":[…]}."
  }
  validation {
    condition     = alltrue([for t in var.trust : t.jwks_url == "" || can(regex("^https://[^/@#]+(/[^#]*)?$", t.jwks_url))])
    error_message = "jwks_url must be an https URL of a public host, without user and fragment."
  }
  validation {
    condition     = alltrue(flatten([for t in var.trust : [for r in t.rules : length(r.claims) > 0]]))
    error_message = "A rule without claims matches nothing."
  }
  validation {
    condition     = alltrue(flatten([for t in var.trust : [for r in t.rules : contains(["runner", "viewer", "auditor", "admin", "platform"], r.role)]]))
    error_message = "A rule gives the role runner, viewer, auditor or admin; platform for the platform's own staff."
  }
  validation {
    condition     = alltrue(flatten([for t in var.trust : [for r in t.rules : r.role != "runner" || length(r.workspaces) > 0]]))
    error_message = "A rule for runners needs the workspaces they may put into."
  }
}

variable "workspaces" {
  description = "Workspaces by id, each with the users who may read it."
  type        = map(object({ members = optional(list(object({ issuer = string, subject = string })), []) }))
  default     = {}
  nullable    = false
  validation {
    condition     = alltrue([for w in keys(var.workspaces) : can(regex("^[a-z0-9-]{1,63}$", w))])
    error_message = "A workspace's id has 1 to 63 characters: lower-case letters, digits and hyphens."
  }
}
