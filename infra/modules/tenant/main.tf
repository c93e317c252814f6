# One tenant: its key, buckets under that key, an account that signs its upload
# URLs, the role bindings on these resources, and the record that makes the tenant
# known to the functions.

module "suite" {
  source = "../suite"

  project_id     = var.platform.project_id
  project_number = var.platform.project_number
  location       = var.platform.location
  database       = var.platform.database
  directory      = var.platform.directory
  tenants = {
    (var.slug) = {
      project_id     = var.project_id
      project_number = var.project_number
      location       = var.location
      signing_key    = var.signing_key
      audit_topic    = var.audit_topic
      model_project  = try(var.model.project_id, null)
      own_database   = var.database != null
    }
  }
}

locals {
  tenant   = module.suite.tenants[var.slug]
  bindings = module.suite.tenant_bindings[var.slug]
}

resource "google_service_account" "signing" {
  project      = local.tenant.project_id
  account_id   = local.tenant.signing_account_id
  display_name = "Strongroom upload URLs of ${var.slug}"
}
