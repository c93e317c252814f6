variable "project_id" {
  description = "An empty project with billing."
  type        = string
  nullable    = false
}

variable "region" {
  description = "Region of all resources."
  type        = string
  default     = "europe-west3"
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

variable "deletion_policy" {
  description = "PREVENT; set DELETE before you remove everything."
  type        = string
  default     = "PREVENT"
  nullable    = false
}
