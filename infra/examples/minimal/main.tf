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

provider "google" {
  project               = var.project_id
  region                = var.region
  user_project_override = true
  billing_project       = var.project_id
}

provider "google-beta" {
  project               = var.project_id
  region                = var.region
  user_project_override = true
  billing_project       = var.project_id
}

module "platform" {
  source = "../../modules/platform"

  project_id = var.project_id
  location   = var.region
  regions    = [var.region]
  domain     = var.domain
  packages   = var.packages

  # No function runs while there are no requests, and few instances run under load.
  limits           = { for name in ["uploads", "outputs", "runs", "custody"] : name => { max_instances = 3 } }
  data_access_logs = ["cloudkms", "iamcredentials"] # the other services log each object and document, which costs more than everything else
  deletion_policy  = var.deletion_policy
}

module "tenant" {
  source   = "../../modules/tenant"
  for_each = var.tenants

  platform         = module.platform.tenancy
  slug             = each.key
  state            = each.value.state
  trust            = each.value.trust
  workspaces       = each.value.workspaces
  outputs          = { keep_days = 0, delete_after_days = 30 }
  key_destroy_days = 1
  deletion_policy  = var.deletion_policy
}
