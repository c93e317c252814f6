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

variable "home_region" {
  description = "Region of Google's audit logs, as in modules/platform; null: the first of regions in alphabetical order. Set it to that region before you add one that precedes it."
  type        = string
  default     = null
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

variable "worker_pools" {
  description = "Private Cloud Build pools by region; required with a perimeter."
  type        = map(string)
  default     = {}
  nullable    = false
  validation {
    condition     = var.access_policy == null || length(setsubtract(var.regions, keys(var.worker_pools))) == 0
    error_message = "A service perimeter requires a private build pool in every region: set worker_pools."
  }
}

variable "subnetwork_ranges" {
  description = "Addresses of the functions' subnetworks by region, required with a perimeter. They cannot be changed while functions use them: give a new region addresses that no other region has."
  type        = map(string)
  default     = { europe-north1 = "10.64.0.0/20", europe-west4 = "10.65.0.0/20" }
  nullable    = false
  validation {
    condition     = var.access_policy == null || length(setsubtract(var.regions, keys(var.subnetwork_ranges))) == 0
    error_message = "With a service perimeter, every region needs addresses: set subnetwork_ranges."
  }
  validation {
    condition     = length(distinct(values(var.subnetwork_ranges))) == length(var.subnetwork_ranges)
    error_message = "Two regions in subnetwork_ranges have the same addresses."
  }
}

variable "staff" {
  description = "Issuers of the platform staff's tokens."
  type        = any
  default     = []
  nullable    = false
}

variable "model" {
  description = "The platform's language model, as in modules/platform; null: none. Its project exists already and is not project_id."
  type        = any
  default     = null
  validation {
    condition     = try(var.model.project_id, null) != var.project_id
    error_message = "The model must have a project of its own: there, only the functions that send have a role."
  }
  validation {
    condition     = var.model == null || var.access_policy == null || !contains(["eu", "us"], try(var.model.location, ""))
    error_message = "With a perimeter, the location of the model is a region such as europe-west3: restricted.googleapis.com does not serve the addresses of eu and us."
  }
}

variable "model_project_numbers" {
  description = "Numbers of the projects of all language models, the platform's and the tenants'. The perimeter lets requests to them out."
  type        = list(string)
  default     = []
  nullable    = false
  validation {
    condition     = var.access_policy == null || var.model == null || length(var.model_project_numbers) > 0
    error_message = "With a perimeter, name the number of the model's project too."
  }
}

variable "notification_channels" {
  description = "Monitoring channels for alerts and budgets."
  type        = list(string)
  default     = []
  nullable    = false
}

variable "tenant_budgets" {
  description = "Monthly budget of a tenant's own resources, by slug, in the currency of budget. Alerts are sent, and nothing is stopped."
  type        = map(number)
  default     = {}
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

variable "keep_traffic" {
  description = "Leave the requests with the revisions that have them, while scripts/rollout deploys a version."
  type        = bool
  default     = false
  nullable    = false
}

variable "console" {
  description = "Secrets of the console in Secret Manager, as in modules/platform; null: nobody can sign in to the console."
  type        = any
  default     = null
}

variable "tenants" {
  description = "Tenants by slug, each with the inputs of modules/tenant that differ from their defaults. A new tenant is one entry. leaving = true lets Terraform delete its resources, with final_certificate or without_certificate (modules/settings)."
  type        = any
  default     = {}
  nullable    = false
}

variable "retired_slugs" {
  description = "Slugs of tenants that have been removed. They cannot be used again."
  type        = set(string)
  default     = []
  nullable    = false
}

variable "limits" {
  description = "Limits of functions that differ from the platform's, such as { uploads = { min_instances = 1, max_instances = 100 } }. More than 20 instances with one CPU need a quota for it."
  type        = any
  default     = {}
  nullable    = false
}
