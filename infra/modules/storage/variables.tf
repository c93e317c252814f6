variable "project_id" {
  description = "The customer's project."
  type        = string
  nullable    = false
}

variable "project_number" {
  description = "Number of the customer's project, for the setting of the tenant."
  type        = string
  nullable    = false
  validation {
    condition     = can(regex("^[0-9]+$", var.project_number))
    error_message = "The number of a project has digits only; `gcloud projects describe` prints it."
  }
}

variable "platform_project_id" {
  description = "The platform's project, whose functions get roles on the bucket."
  type        = string
  nullable    = false
}

variable "slug" {
  description = "ID of the tenant at the platform."
  type        = string
  nullable    = false
  validation {
    condition     = can(regex("^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$", var.slug))
    error_message = "A slug has 1 to 63 lowercase letters, digits and hyphens, and no hyphen at either end."
  }
}

variable "signing_account" {
  description = "The tenant's signing account at the platform, which strongroom tenant show prints."
  type        = string
  nullable    = false
  validation {
    condition     = can(regex("^[a-z0-9-]+@[a-z0-9-]+\\.iam\\.gserviceaccount\\.com$", var.signing_account))
    error_message = "Write the email of a service account."
  }
}

variable "outputs_bucket" {
  description = "Name of the bucket to create, without gs://."
  type        = string
  nullable    = false
  validation {
    condition     = can(regex("^[a-z0-9][a-z0-9_-]{1,61}[a-z0-9]$", var.outputs_bucket))
    error_message = "The name of a bucket has 3 to 63 lowercase letters, digits, hyphens and underscores."
  }
}

variable "exports_bucket" {
  description = "Name of a second bucket to create, for files of exports, without gs://; null: exports stay in the platform's bucket."
  type        = string
  default     = null
  validation {
    condition     = var.exports_bucket == null || can(regex("^[a-z0-9][a-z0-9_-]{1,61}[a-z0-9]$", var.exports_bucket))
    error_message = "The name of a bucket has 3 to 63 lowercase letters, digits, hyphens and underscores."
  }
  validation {
    condition     = var.exports_bucket == null || var.exports_bucket != var.outputs_bucket
    error_message = "Output and exports need two buckets: other accounts may write there, and the notification is of output only."
  }
}

variable "location" {
  description = "Location of the buckets and their key: that of the tenant, which strongroom tenant show prints."
  type        = string
  nullable    = false
}

variable "key_name" {
  description = "Your key in Cloud KMS, for all buckets, in the same location: projects/…/locations/…/keyRings/…/cryptoKeys/…."
  type        = string
  nullable    = false
  validation {
    condition     = can(regex("^projects/[^/]+/locations/${lower(var.location)}/keyRings/[^/]+/cryptoKeys/[^/]+$", var.key_name))
    error_message = "The key must be in the location of the bucket: Cloud Storage uses no other key."
  }
}

variable "keep_days" {
  description = "Days during which nobody can delete an object of output; 0: none. The platform cannot enforce it, unless it is locked."
  type        = number
  default     = 30
  nullable    = false
  validation {
    condition     = var.keep_days >= 0 && var.keep_days <= 36500
    error_message = "keep_days must be 0 to 36500."
  }
}

variable "locked" {
  description = "Lock the retention permanently: then you cannot shorten it either."
  type        = bool
  default     = false
  nullable    = false
}

variable "exports_keep_days" {
  description = "Days during which nobody can delete a file of an export; 0: none. You decide when exports are deleted: the platform cannot."
  type        = number
  default     = 0
  nullable    = false
  validation {
    condition     = var.exports_keep_days >= 0 && var.exports_keep_days <= 36500
    error_message = "exports_keep_days must be 0 to 36500."
  }
}

variable "exports_locked" {
  description = "Lock the retention of exports permanently: then you cannot shorten it either."
  type        = bool
  default     = false
  nullable    = false
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
