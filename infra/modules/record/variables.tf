variable "record" {
  description = "Names of the tenant's resources, as in shared/tenant.Record; null: only trust is needed. Empty audit topic: the audit log is delivered nowhere. Empty signing key: IAM signs. Empty database: the platform's. Lifetime 0: the platform's default. Earlier outputs and exports buckets: oldest first. Customer buckets: those in the customer's project; storage key: the customer's key of them. Witnesses: verifier keys of the audit log's witnesses. Model: the tenant's own language model; null: none. Model limits: 0 is the platform's default, or nothing is stored. Quotas: 0 is the platform's default. Quotas of each workspace: 0 means no quota."
  type = object({
    id                      = string
    state                   = optional(string, "active")
    project_id              = string
    location                = string
    outputs_bucket          = string
    configs_bucket          = string
    exports_bucket          = string
    audit_bucket            = string
    audit_topic             = optional(string, "")
    key_name                = string
    signing_account         = string
    signing_key_name        = optional(string, "")
    database_id             = optional(string, "")
    upload_lifetime_seconds = optional(number, 0)
    witnesses               = optional(list(string), [])
    quotas = optional(object({
      bytes_per_day       = optional(number, 0)
      parts_per_day       = optional(number, 0)
      runs_per_day        = optional(number, 0)
      samples_per_day     = optional(number, 0)
      sightings_per_day   = optional(number, 0)
      exports_per_day     = optional(number, 0)
      model_sends_per_day = optional(number, 0)
      requests_per_minute = optional(number, 0)
    }), {})
    workspace_quotas = optional(object({
      bytes_per_day     = optional(number, 0)
      parts_per_day     = optional(number, 0)
      runs_per_day      = optional(number, 0)
      samples_per_day   = optional(number, 0)
      sightings_per_day = optional(number, 0)
    }), {})
    retention = optional(object({
      run_days                = optional(number)
      sample_days             = optional(number)
      issue_days              = optional(number)
      export_days             = optional(number)
      audit_entry_days        = optional(number)
      output_days             = optional(number)
      export_file_days        = optional(number)
      locked_output_days      = optional(number)
      locked_export_file_days = optional(number)
      locked_audit_days       = optional(number)
    }), {})
    earlier_outputs_buckets = optional(list(string), [])
    earlier_exports_buckets = optional(list(string), [])
    customer_buckets        = optional(list(string), [])
    storage_key_name        = optional(string, "")
    configs = optional(object({
      hold_pushes      = optional(bool, false)
      pipeline_reviews = optional(bool, false)
    }), {})
    model = optional(object({
      project_id           = string
      location             = string
      name                 = string
      abuse_logging_exempt = optional(bool, false)
      cache_disabled       = optional(bool, false)
    }))
    model_limits = optional(object({
      sends_per_hour     = optional(number, 0)
      tokens_per_day     = optional(number, 0)
      keep_requests_days = optional(number, 0)
    }), {})
  })
  default = null
  validation {
    condition     = var.record == null || contains(["active", "suspended"], try(var.record.state, ""))
    error_message = "The state must be active or suspended."
  }
  validation {
    condition     = length(distinct(concat(try(var.record.earlier_outputs_buckets, []), [try(var.record.outputs_bucket, "")]))) == length(try(var.record.earlier_outputs_buckets, [])) + 1 && length(try(var.record.earlier_outputs_buckets, [])) <= 20
    error_message = "At most 20 earlier outputs buckets, each once, and without the present one."
  }
  validation {
    condition     = length(distinct(concat(try(var.record.earlier_exports_buckets, []), [try(var.record.exports_bucket, "")]))) == length(try(var.record.earlier_exports_buckets, [])) + 1 && length(try(var.record.earlier_exports_buckets, [])) <= 20
    error_message = "At most 20 earlier exports buckets, each once, and without the present one."
  }
  validation {
    condition = alltrue([for b in try(var.record.customer_buckets, []) :
      contains(concat(var.record.earlier_outputs_buckets, [var.record.outputs_bucket]), b) != contains(concat(var.record.earlier_exports_buckets, [var.record.exports_bucket]), b)
    ])
    error_message = "A customer's bucket must be one for output or one for exports, now or earlier, and not both."
  }
  validation {
    condition     = try(var.record.storage_key_name, "") == "" || length(try(var.record.customer_buckets, [])) > 0
    error_message = "The storage key is that of the customer's buckets, so it needs one."
  }
  validation {
    condition     = try(var.record.upload_lifetime_seconds, 0) >= 0 && try(var.record.upload_lifetime_seconds, 0) <= 900
    error_message = "The lifetime of an upload URL must be at most 900 seconds; 0 is the default."
  }
  validation {
    condition     = alltrue([for n in values(try(var.record.model_limits, {})) : n >= 0]) && try(var.record.model_limits.keep_requests_days, 0) <= 90
    error_message = "Limits of models must not be negative, and exact requests are stored for at most 90 days."
  }
  validation {
    condition     = alltrue([for n in concat(values(try(var.record.quotas, {})), values(try(var.record.workspace_quotas, {}))) : n >= 0 && floor(n) == n])
    error_message = "Quotas are whole numbers that are not negative; 0 is the platform's default."
  }
  validation {
    condition     = length(try(var.record.witnesses, [])) <= 16 && alltrue([for w in try(var.record.witnesses, []) : can(regex("^[^+\\s]+\\+[0-9a-f]{8}\\+B[A-Pg-v][A-Za-z0-9+/=]+$", w))])
    error_message = "At most 16 witnesses, each with its verifier key NAME+HASH+KEY of c2sp.org/tlog-cosignature, as `strongroom audit witness` prints it."
  }
}

variable "trust" {
  description = "Trusted issuers of identities, with the rules that map claims to a role. Keys are inline (jwks) or fetched (jwks_url). share_runs lets all runners of a rule write to each other's runs; otherwise, a run belongs to the identity that began it. pipeline says that the tokens of a rule belong to a program and not to a person: its reviews of configurations count only if configs.pipeline_reviews is true, and it approves nothing. client_ids are those of the console at the issuer, whose ID tokens are accepted."
  type = list(object({
    issuer     = string
    jwks       = optional(string, "")
    jwks_url   = optional(string, "")
    client_ids = optional(list(string), [])
    rules = list(object({
      claims     = map(string)
      role       = string
      workspaces = optional(list(string), [])
      share_runs = optional(bool, false)
      pipeline   = optional(bool, false)
    }))
  }))
  default  = []
  nullable = false
  validation {
    condition     = alltrue([for t in var.trust : t.issuer != ""])
    error_message = "Set issuer to the exact iss of its tokens."
  }
  validation {
    condition     = alltrue([for t in var.trust : t.jwks != "" || t.jwks_url != ""])
    error_message = "Set jwks or jwks_url for every issuer."
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
    error_message = "Every rule needs at least one claim."
  }
  validation {
    condition     = alltrue(flatten([for t in var.trust : [for r in t.rules : contains(["runner", "builder", "viewer", "auditor", "admin", "platform"], r.role)]]))
    error_message = "The role must be runner, builder, viewer, auditor or admin, or platform for the platform's staff."
  }
  validation {
    condition     = alltrue(flatten([for t in var.trust : [for r in t.rules : r.role != "runner" || length(r.workspaces) > 0]]))
    error_message = "A rule for runners needs the workspaces that they may write to."
  }
  validation {
    condition     = alltrue(flatten([for t in var.trust : [for r in t.rules : [for w in r.workspaces : can(regex("^[a-z0-9-]{1,63}$", w))]]]))
    error_message = "A workspace ID has 1 to 63 lowercase letters, digits and hyphens. The functions reject a record with another one."
  }
  validation {
    condition     = alltrue(flatten([for t in var.trust : [for r in t.rules : r.role == "runner" || !r.share_runs]]))
    error_message = "Only a rule for runners can share runs."
  }
  validation {
    condition     = alltrue(flatten([for t in var.trust : [for r in t.rules : contains(["builder", "admin"], r.role) || !r.pipeline]]))
    error_message = "Only a rule for builders or admins can be of a pipeline."
  }
}

variable "workspaces" {
  description = "Workspaces by ID, each with the users who may read it."
  type        = map(object({ members = optional(list(object({ issuer = string, subject = string })), []) }))
  default     = {}
  nullable    = false
  validation {
    condition     = alltrue([for w in keys(var.workspaces) : can(regex("^[a-z0-9-]{1,63}$", w))])
    error_message = "A workspace ID has 1 to 63 lowercase letters, digits and hyphens."
  }
}
