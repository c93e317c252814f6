variable "platform" {
  description = "The output tenancy of the platform module."
  type = object({
    project_id     = string
    project_number = string
    location       = string
    database       = string
    topic          = string
    audit_key      = string
    accounts       = map(string)
  })
  nullable = false
}

variable "slug" {
  description = "The tenant's id: part of names and of every token's audience. It cannot be changed later."
  type        = string
  nullable    = false
  validation {
    condition     = can(regex("^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$", var.slug))
    error_message = "A slug has 1 to 63 characters: lower-case letters, digits and hyphens, none at either end: it is part of a bucket's name."
  }
}

variable "state" {
  description = "active, or suspended: refused at every door while its data stays."
  type        = string
  default     = "active"
  nullable    = false
  validation {
    condition     = contains(["active", "suspended"], var.state)
    error_message = "A tenant is active or suspended."
  }
}

variable "project_id" {
  description = "Project of the tenant's resources; null: the platform's. Its number goes into the platform's tenant_project_numbers."
  type        = string
  default     = null
}

variable "project_number" {
  description = "Its number, where project_id is given."
  type        = string
  default     = null
}

variable "location" {
  description = "Location of its key and buckets; null: the platform's. It cannot be changed later."
  type        = string
  default     = null
}

variable "trust" {
  description = "Issuers of identities that the tenant accepts, with the rules that turn claims into a role."
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
    condition     = alltrue(flatten([for t in var.trust : [for r in t.rules : r.role != "platform"]]))
    error_message = "A tenant gives the roles runner, viewer, auditor and admin; platform is the platform's own to give."
  }
}

variable "workspaces" {
  description = "Workspaces by id, each with the users who may read it: the iss and sub of their tokens."
  type        = map(object({ members = optional(list(object({ issuer = string, subject = string })), []) }))
  default     = {}
  nullable    = false
}

variable "signing_key" {
  description = "Make a key in Cloud KMS that can sign upload URLs in the place of IAM."
  type        = bool
  default     = false
  nullable    = false
}

variable "signing_key_version" {
  description = "Version of that key that signs, once its certificate is uploaded to the signing account; null: IAM signs."
  type        = number
  default     = null
  validation {
    condition     = var.signing_key_version == null || var.signing_key
    error_message = "A version can sign only where signing_key is true."
  }
}

variable "upload_lifetime_seconds" {
  description = "How long an upload URL lives; 0: the platform's default of 900."
  type        = number
  default     = 0
  nullable    = false
}

variable "outputs" {
  description = "Days during which output cannot be deleted (0: none), days after which it is deleted (null: never), and whether the retention is locked for ever."
  type = object({
    keep_days         = optional(number, 30)
    delete_after_days = optional(number)
    locked            = optional(bool, false)
  })
  default  = {}
  nullable = false
  validation {
    condition     = var.outputs.delete_after_days == null || coalesce(var.outputs.delete_after_days, 1) > var.outputs.keep_days
    error_message = "Output cannot be deleted before its retention is over: delete_after_days must be more than keep_days."
  }
  validation {
    condition     = var.outputs.keep_days >= 0 && var.outputs.keep_days <= 36500
    error_message = "keep_days is between 0 and 36500."
  }
}

variable "exports" {
  description = "The same for exports."
  type = object({
    keep_days         = optional(number, 0)
    delete_after_days = optional(number, 30)
    locked            = optional(bool, false)
  })
  default  = {}
  nullable = false
  validation {
    condition     = var.exports.delete_after_days == null || coalesce(var.exports.delete_after_days, 1) > var.exports.keep_days
    error_message = "Exports cannot be deleted before their retention is over: delete_after_days must be more than keep_days."
  }
}

variable "audit" {
  description = "Days during which what the audit bucket holds cannot be deleted, and whether that is locked for ever."
  type = object({
    keep_days = optional(number, 400)
    locked    = optional(bool, false)
  })
  default  = {}
  nullable = false
  validation {
    condition     = var.audit.keep_days >= 1 && var.audit.keep_days <= 36500
    error_message = "What is audited is kept for 1 to 36500 days."
  }
}

variable "soft_delete_days" {
  description = "How long a deleted object can still be restored."
  type        = number
  default     = 7
  nullable    = false
  validation {
    condition     = var.soft_delete_days >= 7 && var.soft_delete_days <= 90
    error_message = "Between 7 and 90 days: cloud.google.com/storage/docs/soft-delete."
  }
}

variable "key_rotation_days" {
  description = "How often the key is rotated."
  type        = number
  default     = 90
  nullable    = false
  validation {
    condition     = var.key_rotation_days >= 1 && var.key_rotation_days <= 90
    error_message = "Keys are rotated at least every 90 days, and not more often than daily."
  }
}

variable "key_destroy_days" {
  description = "How long a key version that is to be destroyed can still be restored. It cannot be changed later."
  type        = number
  default     = 30
  nullable    = false
  validation {
    condition     = var.key_destroy_days >= 1 && var.key_destroy_days <= 120
    error_message = "Between 1 and 120 days: cloud.google.com/kms/docs/destroy-restore."
  }
}

variable "key_protection_level" {
  description = "SOFTWARE or HSM."
  type        = string
  default     = "SOFTWARE"
  nullable    = false
  validation {
    condition     = contains(["SOFTWARE", "HSM"], var.key_protection_level)
    error_message = "Keys are protected by SOFTWARE or HSM."
  }
}

variable "deletion_policy" {
  description = "PREVENT: Terraform refuses to delete the key and the buckets. DELETE: it may, which offboarding needs."
  type        = string
  default     = "PREVENT"
  nullable    = false
  validation {
    condition     = contains(["PREVENT", "DELETE"], var.deletion_policy)
    error_message = "The policy is PREVENT or DELETE."
  }
}
