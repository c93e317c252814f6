variable "project_id" {
  description = "An empty project with billing, in an organization."
  type        = string
  nullable    = false
}

variable "billing_account" {
  description = "Billing account that pays, XXXXXX-XXXXXX-XXXXXX."
  type        = string
  nullable    = false
}

variable "customer_ids" {
  description = "Google Workspace or Cloud Identity customers whose members may have roles, C0… or is:C0…."
  type        = list(string)
  nullable    = false
}

variable "access_policy" {
  description = "Number of the organization's access policy; null: no service perimeter."
  type        = string
  default     = null
}

variable "operators" {
  description = "Members (user:…, serviceAccount:…) that run Terraform and operate the platform; the perimeter admits them."
  type        = list(string)
  nullable    = false
}

variable "location" {
  description = "Location of keys, and default location of tenants' buckets. eur4 is Finland and the Netherlands."
  type        = string
  default     = "eur4"
  nullable    = false
}

variable "database_location" {
  description = "Location of the database. eur3 is Belgium and the Netherlands, with a witness in Finland."
  type        = string
  default     = "eur3"
  nullable    = false
}

variable "regions" {
  description = "Regions in which functions run; events and schedules go to the first. Change the order to fail over."
  type        = list(string)
  default     = ["europe-west4", "europe-north1"]
  nullable    = false
}

variable "allowed_locations" {
  description = "Locations in which resources may be created."
  type        = list(string)
  default     = ["in:eu-locations", "in:europe-locations"]
  nullable    = false
}

variable "domain" {
  description = "Host name of the API."
  type        = string
  nullable    = false
}

variable "packages" {
  description = "Directory that scripts/package wrote to."
  type        = string
  default     = "../../../dist"
  nullable    = false
}

variable "worker_pool" {
  description = "Private Cloud Build pool; required with a perimeter."
  type        = string
  default     = null
  validation {
    condition     = var.access_policy == null || var.worker_pool != null
    error_message = "A service perimeter requires a private build pool: set worker_pool."
  }
}

variable "staff" {
  description = "Issuers of the platform staff's tokens."
  type        = any
  default     = []
  nullable    = false
}

variable "notification_channels" {
  description = "Monitoring channels for alerts and budgets."
  type        = list(string)
  default     = []
  nullable    = false
}

variable "budget" {
  description = "Monthly cost that triggers a notification."
  type        = object({ currency = optional(string, "EUR"), units = number })
  default     = { units = 5000 }
  nullable    = false
}

variable "lock_logs" {
  description = "Lock the bucket for audit logs permanently."
  type        = bool
  default     = false
  nullable    = false
}

variable "deletion_policy" {
  description = "PREVENT; set DELETE before you remove everything."
  type        = string
  default     = "PREVENT"
  nullable    = false
}

variable "tenants" {
  description = "Tenants by slug. A new tenant is one entry here; leaving = true lets Terraform delete its resources."
  type = map(object({
    state    = optional(string, "active")
    leaving  = optional(bool, false)
    location = optional(string)
    outputs  = optional(object({ keep_days = optional(number, 30), delete_after_days = optional(number), locked = optional(bool, false) }), {})
    trust = optional(list(object({
      issuer   = string
      jwks     = optional(string, "")
      jwks_url = optional(string, "")
      rules    = list(object({ claims = map(string), role = string, workspaces = optional(list(string), []), share_runs = optional(bool, false) }))
    })), [])
    workspaces = optional(map(object({ members = optional(list(object({ issuer = string, subject = string })), []) })), {})
    witnesses  = optional(list(string), [])
  }))
  default  = {}
  nullable = false
}
