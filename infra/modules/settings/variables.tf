variable "tenants" {
  description = "Tenants by slug, each with the variables of the tenant module that differ from their defaults, and leaving = true to let Terraform delete its resources."
  type        = any
  nullable    = false
}

variable "retired_slugs" {
  description = "Slugs of tenants that have been removed. Names of key rings cannot be used again, so neither can these."
  type        = set(string)
  default     = []
  nullable    = false
}
