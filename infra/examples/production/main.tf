# The suite for production: data in a European multi-region, functions in two
# regions, several tenants, a service perimeter, organization policies, budgets.

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
  backend "gcs" {} # terraform init -backend-config=bucket=… -backend-config=prefix=production
}

locals {
  # A label has lowercase letters, digits, - and _.
  version = replace(lower(try(jsondecode(file("${var.packages}/manifest.json")).version, "unknown")), "/[^a-z0-9_-]/", "-")
}

provider "google" {
  project               = var.project_id
  region                = var.regions[0]
  user_project_override = true
  billing_project       = var.project_id
  default_labels        = { application = "strongroom", version = local.version }
}

provider "google-beta" {
  project               = var.project_id
  region                = var.regions[0]
  user_project_override = true
  billing_project       = var.project_id
  default_labels        = { application = "strongroom", version = local.version }
}

module "platform" {
  source = "../../modules/platform"

  project_id        = var.project_id
  location          = var.location
  database_location = var.database_location
  regions           = var.regions
  home_region       = var.home_region
  domain            = var.domain
  packages          = var.packages
  keep_traffic      = var.keep_traffic
  worker_pools      = var.worker_pools
  subnetworks       = var.access_policy == null ? null : { for region, s in google_compute_subnetwork.this : region => s.id }
  staff             = var.staff
  model             = var.model
  console           = var.console

  tenant_project_numbers = module.settings.other_project_numbers

  key_protection_level  = "HSM"
  backup_days           = 30
  lock_logs             = var.lock_logs
  rate_limit            = { requests = 600, seconds = 60 }
  notification_channels = var.notification_channels
  public_tag            = { value = terraform_data.public_tag.output }
  deletion_policy       = var.deletion_policy
  ready                 = [for p in google_org_policy_policy.enforced : p.name]

  # The quota of CPUs in a new project bounds these: see "First" in the README.
  limits = merge({
    uploads = { min_instances = 1 }
    runs    = { min_instances = 1 }
  }, var.limits)
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
  outputs                 = each.value.outputs
  exports                 = each.value.exports
  audit                   = each.value.audit
  retention               = each.value.retention
  soft_delete_days        = each.value.soft_delete_days
  key_rotation_days       = each.value.key_rotation_days
  key_destroy_days        = each.value.key_destroy_days
  key_protection_level    = coalesce(each.value.key_protection_level, "HSM")
  deletion_policy         = each.value.leaving ? "DELETE" : var.deletion_policy
}
