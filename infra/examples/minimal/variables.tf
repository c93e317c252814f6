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

variable "tenants" {
  description = "Tenants by slug: the issuers that they trust, and their workspaces with the users who may read them."
  type = map(object({
    state = optional(string, "active")
    trust = optional(list(object({
      issuer   = string
      jwks     = optional(string, "")
      jwks_url = optional(string, "")
      rules    = list(object({ claims = map(string), role = string, workspaces = optional(list(string), []), share_runs = optional(bool, false) }))
    })), [])
    workspaces = optional(map(object({ members = optional(list(object({ issuer = string, subject = string })), []) })), {})
  }))
  default  = {}
  nullable = false
}

variable "deletion_policy" {
  description = "PREVENT; set DELETE before you remove everything."
  type        = string
  default     = "PREVENT"
  nullable    = false
}
