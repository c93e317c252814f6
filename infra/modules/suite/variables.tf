variable "project_id" {
  description = "The platform's project."
  type        = string
  nullable    = false
  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{4,28}[a-z0-9]$", var.project_id))
    error_message = "A project id has 6 to 30 characters: lower-case letters, digits and hyphens, a letter first and no hyphen last."
  }
}

variable "project_number" {
  description = "The platform's project number; Google's own accounts are named by it."
  type        = string
  nullable    = false
  validation {
    condition     = can(regex("^[0-9]+$", var.project_number))
    error_message = "A project number has digits only. `gcloud projects describe PROJECT` shows it."
  }
}

variable "location" {
  description = "Where the platform's keys and data are, e.g. europe-west3; also where tenants' are unless they say otherwise."
  type        = string
  nullable    = false
  validation {
    condition     = can(regex("^[a-z]+[a-z0-9-]*$", var.location))
    error_message = "A location is written in lower case, like europe-west3 or eur4."
  }
}

variable "database" {
  description = "Id of the platform's Firestore database."
  type        = string
  default     = "(default)"
  nullable    = false
}

variable "tenants" {
  description = "Tenants by slug. Project and location are the platform's unless given."
  type = map(object({
    project_id     = optional(string)
    project_number = optional(string)
    location       = optional(string)
    signing_key    = optional(bool, false)
  }))
  default  = {}
  nullable = false
  validation {
    condition     = alltrue([for slug in keys(var.tenants) : can(regex("^[a-z0-9-]{1,63}$", slug))])
    error_message = "A tenant's slug has 1 to 63 characters: lower-case letters, digits and hyphens."
  }
  validation {
    condition     = alltrue([for t in values(var.tenants) : (t.project_id == null) == (t.project_number == null)])
    error_message = "A tenant in another project needs both project_id and project_number."
  }
}
