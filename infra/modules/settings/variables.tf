variable "tenants" {
  description = "Tenants by slug, each with the variables of the tenant module that differ from their defaults, and leaving = true to let Terraform delete its resources. That needs final_certificate, the path of the final certificate of the tenant's offboarding, or without_certificate = true for a tenant that never had data."
  type        = any
  nullable    = false
}

variable "retired_slugs" {
  description = "Slugs of tenants that have been removed. Names of key rings cannot be used again, so neither can these."
  type        = set(string)
  default     = []
  nullable    = false
}
