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
  model_project  = try(var.model.project_id, null)

  log_public_keys = { for v in data.google_kms_crypto_key_versions.log.versions : tostring(v.version) => v.public_key[0].pem }
}

locals {
  project_number = data.google_project.this.number
  primary        = var.regions[0] # events and schedules call the functions in this region
  audience       = coalesce(var.audience, "https://${var.domain}")

  # Events and schedules move with the order of the regions. What has state stays here.
  home_region = coalesce(var.home_region, sort(var.regions)[0])

  apis = toset([
    "artifactregistry", "cloudbuild", "cloudfunctions", "cloudkms", "cloudscheduler", "compute",
    "eventarc", "firestore", "iam", "iamcredentials", "monitoring", "pubsub", "run", "secretmanager",
  ])
}

# The services that data sources read. They never change: while a plan changes what a
# data source depends on, it does not know what that will return, and would replace
# every role that follows from it.
resource "google_project_service" "data_source" {
  for_each = toset(["cloudresourcemanager", "logging", "serviceusage", "storage"])

  project            = var.project_id
  service            = "${each.value}.googleapis.com"
  disable_on_destroy = false
}

resource "google_project_service" "this" {
  for_each = local.apis

  project            = var.project_id
  service            = "${each.value}.googleapis.com"
  disable_on_destroy = false # other software in the project may use it

  depends_on = [var.ready]
}
