variable "project_id" {
  description = "The platform's project."
  type        = string
  nullable    = false
  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{4,28}[a-z0-9]$", var.project_id))
    error_message = "A project ID has 6 to 30 lowercase letters, digits and hyphens. It starts with a letter and does not end with a hyphen."
  }
}

variable "project_number" {
  description = "The platform's project number; it is part of the names of Google's service agents."
  type        = string
  nullable    = false
  validation {
    condition     = can(regex("^[0-9]+$", var.project_number))
    error_message = "A project number has only digits. `gcloud projects describe PROJECT` shows it."
  }
}

variable "location" {
  description = "Location of the platform's keys and data, such as europe-west3; default location of tenants."
  type        = string
  nullable    = false
  validation {
    condition     = can(regex("^[a-z]+[a-z0-9-]*$", var.location))
    error_message = "Write a location in lowercase, like europe-west3 or eur4."
  }
}

variable "database" {
  description = "ID of the platform's Firestore database."
  type        = string
  default     = "(default)"
  nullable    = false
}

variable "directory" {
  description = "ID of the Firestore database that decides who may do what."
  type        = string
  default     = "directory"
  nullable    = false
}

variable "model_project" {
  description = "Project of the platform's own language model; null: none exists."
  type        = string
  default     = null
}

variable "log_public_keys" {
  description = "Public keys of the log key in PEM, by version."
  type        = map(string)
  default     = {}
  nullable    = false
  validation {
    condition     = alltrue([for pem in values(var.log_public_keys) : length(regexall("(?m)^MCowBQYDK2VwAyEA[A-Za-z0-9+/]{43}=$", pem)) == 1])
    error_message = "A public key of the log key must be an Ed25519 key in PEM."
  }
}

variable "tenants" {
  description = "Tenants by slug. The default project and location are the platform's."
  type = map(object({
    project_id     = optional(string)
    project_number = optional(string)
    location       = optional(string)
    signing_key    = optional(bool, false)
    audit_topic    = optional(string)
    model_project  = optional(string)
    own_database   = optional(bool, false)
  }))
  default  = {}
  nullable = false
  validation {
    condition     = alltrue([for slug in keys(var.tenants) : can(regex("^[a-z0-9-]{1,63}$", slug))])
    error_message = "A slug has 1 to 63 lowercase letters, digits and hyphens."
  }
  validation {
    condition     = alltrue([for t in values(var.tenants) : (t.project_id == null) == (t.project_number == null)])
    error_message = "Set both project_id and project_number for a tenant in another project."
  }
}
