variable "platform" {
  description = "The output tenancy of the platform module."
  type = object({
    project_id     = string
    project_number = string
    location       = string
    database       = string
    directory      = string
    topic          = string
    audit_key      = string
    accounts       = map(string)
    ttl_fields     = map(string)
    backup_days    = number

    database_location = string
  })
  nullable = false
}

variable "slug" {
  description = "The tenant's ID, which is part of names and of every token's audience. It cannot be changed later."
  type        = string
  nullable    = false
  validation {
    condition     = can(regex("^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$", var.slug))
    error_message = "A slug has 1 to 63 lowercase letters, digits and hyphens, and no hyphen at either end, because it is part of a bucket name."
  }
  validation {
    condition     = !can(regex("g[o0]+g[l1]e|^goog", var.slug)) # cloud.google.com/storage/docs/buckets#naming
    error_message = "A slug must not contain google, or look like it: Cloud Storage rejects such bucket names."
  }
}

variable "state" {
  description = "active, or suspended: all requests are rejected and the data is kept."
  type        = string
  default     = "active"
  nullable    = false
  validation {
    condition     = contains(["active", "suspended"], var.state)
    error_message = "The state must be active or suspended."
  }
}

variable "project_id" {
  description = "Project of the tenant's resources; null: the platform's. Add its number to the platform's tenant_project_numbers."
  type        = string
  default     = null
}

variable "project_number" {
  description = "Number of that project; required if project_id is set."
  type        = string
  default     = null
}

variable "location" {
  description = "Location of the tenant's key and buckets; null: the platform's. It cannot be changed later."
  type        = string
  default     = null
}

variable "database" {
  description = "The tenant's own Firestore database, in its project, under a key of its own; null: its documents are in the platform's. location is that of the database, by default that of the tenant, or of the platform's database if the tenant has no location of its own. Neither can be changed later."
  type        = object({ location = optional(string) })
  default     = null
}

variable "trust" {
  description = "Issuers of identities that the tenant trusts, with the rules that map claims to a role. share_runs lets all runners of a rule write to each other's runs; otherwise, a run belongs to the identity that began it. pipeline says that the tokens of a rule belong to a program and not to a person: its reviews of configurations count only if configs.pipeline_reviews is true, and it approves nothing. client_ids are those of the console at the issuer, whose ID tokens are accepted."
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
    condition     = alltrue(flatten([for t in var.trust : [for r in t.rules : r.role != "platform"]]))
    error_message = "A tenant's rules can grant runner, builder, viewer, auditor and admin. Only the platform can grant platform."
  }
}

variable "workspaces" {
  description = "Workspaces by ID, each with the users who may read it: the iss and sub of their tokens."
  type        = map(object({ members = optional(list(object({ issuer = string, subject = string })), []) }))
  default     = {}
  nullable    = false
}

variable "signing_key" {
  description = "Create a key in Cloud KMS that can sign upload URLs instead of IAM."
  type        = bool
  default     = false
  nullable    = false
}

variable "signing_key_version" {
  description = "Version of that key that signs. Set it after you have uploaded its certificate to the signing account; null: IAM signs."
  type        = number
  default     = null
  validation {
    condition     = var.signing_key_version == null || var.signing_key
    error_message = "signing_key_version requires signing_key = true."
  }
}

variable "audit_topic" {
  description = "Pub/Sub topic of the tenant's own that receives its audit log, as projects/PROJECT/topics/TOPIC; null: none. The topic must exist."
  type        = string
  default     = null
  validation {
    condition     = var.audit_topic == null || can(regex("^projects/[a-z0-9.:-]+/topics/[A-Za-z][A-Za-z0-9_.~+%-]{2,254}$", var.audit_topic))
    error_message = "Write the topic as projects/PROJECT/topics/TOPIC."
  }
}

variable "model" {
  description = "The tenant's own language model at Vertex AI, the destination single-tenant; null: none exists. abuse_logging_exempt and cache_disabled state settings of its project, which are part of the text that people agree to."
  type = object({
    project_id           = string
    location             = string
    name                 = string
    abuse_logging_exempt = optional(bool, false)
    cache_disabled       = optional(bool, false)
  })
  default = null
  validation {
    condition     = var.model == null || can(regex("^(us|eu|[a-z]+-[a-z]+[0-9]{1,2})$", try(var.model.location, "")))
    error_message = "The location of a model is a region like europe-west3, or eu or us. The global endpoint has no location, so it is not allowed."
  }
  validation {
    condition     = var.model == null || (can(regex("^[a-z][a-z0-9.-]{0,62}[a-z0-9]$", try(var.model.name, ""))) && !strcontains(try(var.model.name, ""), "latest"))
    error_message = "Name the exact model, such as gemini-3.5-flash. An alias such as gemini-flash-latest changes what people have agreed to."
  }
}

variable "model_limits" {
  description = "Limits of each feature that uses a language model: requests in an hour and tokens in a day (0: the platform's default of 60 and 1,000,000), and for how many days the exact requests are stored (0: not at all; at most 90)."
  type = object({
    sends_per_hour     = optional(number, 0)
    tokens_per_day     = optional(number, 0)
    keep_requests_days = optional(number, 0)
  })
  default  = {}
  nullable = false
}

variable "quotas" {
  description = "What the tenant may do in a day (UTC) or a minute: bytes and parts that are uploaded, runs, samples, sightings of issues, exports, requests to language models, and requests. 0: the platform's default, which `GET /v1/tenant` shows. More is refused with 429 quota-exceeded."
  type = object({
    bytes_per_day       = optional(number, 0)
    parts_per_day       = optional(number, 0)
    runs_per_day        = optional(number, 0)
    samples_per_day     = optional(number, 0)
    sightings_per_day   = optional(number, 0)
    exports_per_day     = optional(number, 0)
    model_sends_per_day = optional(number, 0)
    requests_per_minute = optional(number, 0)
  })
  default  = {}
  nullable = false
}

variable "workspace_quotas" {
  description = "What each workspace of the tenant may do in a day, in addition to the quotas of the tenant; 0: no quota of its own."
  type = object({
    bytes_per_day     = optional(number, 0)
    parts_per_day     = optional(number, 0)
    runs_per_day      = optional(number, 0)
    samples_per_day   = optional(number, 0)
    sightings_per_day = optional(number, 0)
  })
  default  = {}
  nullable = false
}

variable "configs" {
  description = "What a push of a configuration needs in addition to its review. hold_pushes: an admin who has neither reviewed nor pushed it must approve. pipeline_reviews: the review of a pipeline counts like that of a person; otherwise, an admin must approve such a push."
  type = object({
    hold_pushes      = optional(bool, false)
    pipeline_reviews = optional(bool, false)
  })
  default  = {}
  nullable = false
}

variable "upload_lifetime_seconds" {
  description = "Lifetime of an upload URL, in seconds; 0: the platform's default of 900."
  type        = number
  default     = 0
  nullable    = false
}

variable "witnesses" {
  description = "Verifier keys of the witnesses of the tenant's audit log, as `strongroom audit witness` prints them."
  type        = list(string)
  default     = []
  nullable    = false
}

variable "storage" {
  description = "The buckets for output, and for exports, in the customer's project, which infra/modules/storage creates: their names, location and key, and the number of the project, whose Cloud Storage publishes new output to the platform. exports_bucket: null leaves exports in the platform's bucket. earlier_outputs_buckets, earlier_exports_buckets: the customer's earlier buckets, oldest first; runs and exports stay in the bucket in which they began. in_use: false lets the bucket notify the platform only, so that an admin can verify it (strongroom tenant storage verify); true: new output and new exports are stored there. Do not set it back to false later, nor exports_bucket to null: add another bucket instead. null: the platform's buckets."
  type = object({
    outputs_bucket          = string
    location                = string
    key_name                = string
    project_number          = string
    earlier_outputs_buckets = optional(list(string), [])
    exports_bucket          = optional(string)
    earlier_exports_buckets = optional(list(string), [])
    in_use                  = optional(bool, false)
  })
  default = null
  validation {
    condition     = var.storage == null || lower(try(var.storage.location, "")) == lower(coalesce(var.location, var.platform.location))
    error_message = "The bucket must be in the tenant's location. The location of a bucket cannot be changed: create another one."
  }
  validation {
    condition     = var.storage == null || can(regex("^projects/[^/]+/locations/${lower(try(var.storage.location, ""))}/keyRings/[^/]+/cryptoKeys/[^/]+$", var.storage.key_name))
    error_message = "key_name must be projects/…/locations/LOCATION/keyRings/…/cryptoKeys/… in the location of the bucket: Cloud Storage uses no other key."
  }
  validation {
    condition     = var.storage == null || can(regex("^[0-9]+$", var.storage.project_number))
    error_message = "project_number is the number of the customer's project, as `gcloud projects describe` prints it."
  }
  validation {
    condition     = var.storage == null || alltrue([for b in concat(try(var.storage.earlier_outputs_buckets, []), [try(var.storage.outputs_bucket, "")], try(var.storage.earlier_exports_buckets, []), try(var.storage.exports_bucket, null) == null ? [] : [var.storage.exports_bucket]) : can(regex("^[a-z0-9][a-z0-9._-]{1,220}[a-z0-9]$", b))])
    error_message = "Write the names of buckets without gs://."
  }
  validation {
    condition     = length(try(var.storage.earlier_exports_buckets, [])) == 0 || try(var.storage.exports_bucket, null) != null
    error_message = "Earlier exports buckets need a present one: exports cannot move back to the platform's bucket."
  }
}

variable "outputs" {
  description = "Days during which output cannot be deleted (0: none), days after which it is deleted (null: never), and whether the retention is locked permanently."
  type = object({
    keep_days         = optional(number, 30)
    delete_after_days = optional(number)
    locked            = optional(bool, false)
  })
  default  = {}
  nullable = false
  validation {
    condition     = var.outputs.delete_after_days == null || coalesce(var.outputs.delete_after_days, 1) > var.outputs.keep_days
    error_message = "delete_after_days must be more than keep_days: output cannot be deleted before its retention ends."
  }
  validation {
    condition     = var.outputs.keep_days >= 0 && var.outputs.keep_days <= 36500
    error_message = "keep_days must be 0 to 36500."
  }
}

variable "exports" {
  description = "The same settings for exports."
  type = object({
    keep_days         = optional(number, 0)
    delete_after_days = optional(number, 30)
    locked            = optional(bool, false)
  })
  default  = {}
  nullable = false
  validation {
    condition     = var.exports.delete_after_days == null || coalesce(var.exports.delete_after_days, 1) > var.exports.keep_days
    error_message = "delete_after_days must be more than keep_days: exports cannot be deleted before their retention ends."
  }
}

variable "audit" {
  description = "Days during which objects in the audit bucket cannot be deleted, and whether the retention is locked permanently."
  type = object({
    keep_days = optional(number, 400)
    locked    = optional(bool, false)
  })
  default  = {}
  nullable = false
  validation {
    condition     = var.audit.keep_days >= 1 && var.audit.keep_days <= 36500
    error_message = "keep_days must be 1 to 36500."
  }
}

variable "retention" {
  description = "Days after which documents are deleted: runs with their grants, sightings and indexes, after they began; samples of SLIs, after they were reported; issues, after they were resolved; records of exports, after they ended; audit entries, after the action, as soon as the audit bucket has them in full bundles. null: they are kept until the tenant is offboarded. Objects are deleted as outputs and exports say."
  type = object({
    run_days         = optional(number)
    sample_days      = optional(number)
    issue_days       = optional(number)
    export_days      = optional(number)
    audit_entry_days = optional(number)
  })
  default  = {}
  nullable = false
  validation {
    condition     = alltrue([for n in values(var.retention) : n == null || try(n >= 35 && n <= 36500 && floor(n) == n, false)])
    error_message = "Each retention must be 35 to 36500 whole days, or null: the longest window of an SLI and the export of a month need 35 days."
  }
  validation {
    condition     = var.retention.run_days == null || try(var.outputs.delete_after_days <= var.retention.run_days, false)
    error_message = "outputs.delete_after_days must be set and at most retention.run_days: output cannot be read without its run, and is kept for outputs.keep_days at least."
  }
  validation {
    condition     = var.retention.export_days == null || try(var.exports.delete_after_days <= var.retention.export_days, false)
    error_message = "exports.delete_after_days must be set and at most retention.export_days: files cannot be read without the record of their export, and are kept for exports.keep_days at least."
  }
}

variable "soft_delete_days" {
  description = "Days during which a deleted object can be restored."
  type        = number
  default     = 7
  nullable    = false
  validation {
    condition     = var.soft_delete_days >= 7 && var.soft_delete_days <= 90
    error_message = "It must be 7 to 90 days: cloud.google.com/storage/docs/soft-delete."
  }
}

variable "key_rotation_days" {
  description = "Rotation period of the key, in days."
  type        = number
  default     = 90
  nullable    = false
  validation {
    condition     = var.key_rotation_days >= 1 && var.key_rotation_days <= 90
    error_message = "The rotation period must be 1 to 90 days."
  }
}

variable "key_destroy_days" {
  description = "Days during which a key version that is scheduled for destruction can be restored. It cannot be changed later."
  type        = number
  default     = 30
  nullable    = false
  validation {
    condition     = var.key_destroy_days >= 1 && var.key_destroy_days <= 120
    error_message = "It must be 1 to 120 days: cloud.google.com/kms/docs/destroy-restore."
  }
}

variable "key_protection_level" {
  description = "SOFTWARE or HSM."
  type        = string
  default     = "SOFTWARE"
  nullable    = false
  validation {
    condition     = contains(["SOFTWARE", "HSM"], var.key_protection_level)
    error_message = "The protection level must be SOFTWARE or HSM."
  }
}

variable "deletion_policy" {
  description = "PREVENT: Terraform refuses to delete the key and the buckets. DELETE: Terraform may delete them, which offboarding needs."
  type        = string
  default     = "PREVENT"
  nullable    = false
  validation {
    condition     = contains(["PREVENT", "DELETE"], var.deletion_policy)
    error_message = "The deletion policy must be PREVENT or DELETE."
  }
}
