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

provider "google" {
  project               = var.project_id
  region                = var.regions[0]
  user_project_override = true
  billing_project       = var.project_id
}

provider "google-beta" {
  project               = var.project_id
  region                = var.regions[0]
  user_project_override = true
  billing_project       = var.project_id
}

module "platform" {
  source = "../../modules/platform"

  project_id        = var.project_id
  location          = var.location
  database_location = var.database_location
  regions           = var.regions
  domain            = var.domain
  packages          = var.packages
  worker_pool       = var.worker_pool
  staff             = var.staff

  key_protection_level  = "HSM"
  backup_days           = 30
  lock_logs             = var.lock_logs
  rate_limit            = { requests = 600, seconds = 60 }
  notification_channels = var.notification_channels
  public_tag_value      = google_tags_tag_value.public.id
  deletion_policy       = var.deletion_policy

  limits = {
    uploads = { min_instances = 1, max_instances = 100 }
    custody = { max_instances = 100 }
    runs    = { min_instances = 1, max_instances = 100 }
    outputs = { max_instances = 50 }
  }

  depends_on = [google_org_policy_policy.domains]
}

module "tenant" {
  source   = "../../modules/tenant"
  for_each = var.tenants

  platform             = module.platform.tenancy
  slug                 = each.key
  state                = each.value.state
  location             = each.value.location
  trust                = each.value.trust
  workspaces           = each.value.workspaces
  witnesses            = each.value.witnesses
  outputs              = each.value.outputs
  key_protection_level = "HSM"
  deletion_policy      = each.value.leaving ? "DELETE" : var.deletion_policy
}
