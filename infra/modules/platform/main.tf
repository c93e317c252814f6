# The resources that exist once: keys, database, topics, functions, load balancer,
# monitoring. suite.json says which functions exist and what they may do.

data "google_project" "this" {
  project_id = var.project_id
}

module "suite" {
  source = "../suite"

  project_id     = var.project_id
  project_number = local.project_number
  location       = var.location

  log_public_keys = { for v in data.google_kms_crypto_key_versions.log.versions : tostring(v.version) => v.public_key[0].pem }
}

locals {
  project_number = data.google_project.this.number
  primary        = var.regions[0] # events and schedules call the functions in this region
  audience       = coalesce(var.audience, "https://${var.domain}")

  apis = toset([
    "artifactregistry", "cloudbuild", "cloudfunctions", "cloudkms", "cloudresourcemanager", "cloudscheduler", "compute",
    "eventarc", "firestore", "iam", "iamcredentials", "logging", "monitoring", "pubsub", "run", "serviceusage", "storage",
  ])
}

resource "google_project_service" "this" {
  for_each = local.apis

  project            = var.project_id
  service            = "${each.value}.googleapis.com"
  disable_on_destroy = false # other software in the project may use it
}
