# The whole suite with small limits, and as many tenants as the variable has.

terraform {
  required_version = ">= 1.9"
  required_providers {
    google = {
      source  = "hashicorp/google"
      version = ">= 7.33, < 8"
    }
    google-beta = {
      source  = "hashicorp/google-beta"
      version = ">= 7.33, < 8"
    }
  }
  backend "gcs" {} # terraform init -backend-config=bucket=… -backend-config=prefix=minimal
}

locals {
  # A label has lowercase letters, digits, - and _.
  version = replace(lower(try(jsondecode(file("${var.packages}/manifest.json")).version, "unknown")), "/[^a-z0-9_-]/", "-")
}

provider "google" {
  project               = var.project_id
  region                = var.region
  user_project_override = true
  billing_project       = var.project_id
  default_labels        = { application = "strongroom", version = local.version }
}

provider "google-beta" {
  project               = var.project_id
  region                = var.region
  user_project_override = true
  billing_project       = var.project_id
  default_labels        = { application = "strongroom", version = local.version }
}

module "platform" {
  source = "../../modules/platform"

  project_id   = var.project_id
  location     = var.region
  regions      = [var.region]
  domain       = var.domain
  packages     = var.packages
  keep_traffic = var.keep_traffic
  console      = var.console

  tenant_project_numbers = module.settings.other_project_numbers

  # No function runs while there are no requests, and few instances run under load.
  default_limits   = { max_instances = 3 }
  data_access_logs = ["cloudkms", "iamcredentials"] # the other services log each object and document, which costs more than everything else
  deletion_policy  = var.deletion_policy
}

module "settings" {
  source        = "../../modules/settings"
  tenants       = var.tenants
  retired_slugs = var.retired_slugs
}

module "tenant" {
  source   = "../../modules/tenant"
  for_each = module.settings.tenants

  platform                = module.platform.tenancy
  slug                    = each.key
  state                   = each.value.state
  project_id              = each.value.project_id
  project_number          = each.value.project_number
  location                = each.value.location
  database                = each.value.database
  trust                   = each.value.trust
  workspaces              = each.value.workspaces
  signing_key             = each.value.signing_key
  signing_key_version     = each.value.signing_key_version
  audit_topic             = each.value.audit_topic
  model                   = each.value.model
  model_limits            = each.value.model_limits
  quotas                  = each.value.quotas
  workspace_quotas        = each.value.workspace_quotas
  upload_lifetime_seconds = each.value.upload_lifetime_seconds
  witnesses               = each.value.witnesses
  storage                 = each.value.storage
  configs                 = each.value.configs
  outputs                 = try(coalesce(each.value.outputs), { keep_days = 0, delete_after_days = 30 })
  exports                 = each.value.exports
  audit                   = each.value.audit
  retention               = each.value.retention
  soft_delete_days        = each.value.soft_delete_days
  key_rotation_days       = each.value.key_rotation_days
  key_destroy_days        = coalesce(each.value.key_destroy_days, 1)
  key_protection_level    = each.value.key_protection_level
  deletion_policy         = each.value.leaving ? "DELETE" : var.deletion_policy
}
