# The bucket for code, and the account that builds it. That account can read code
# only.

locals {
  manifest = jsondecode(file("${var.packages}/manifest.json"))
  packages = local.manifest.functions
}

resource "google_storage_bucket" "code" {
  project                     = var.project_id
  name                        = "${var.project_id}-code"
  location                    = var.location
  uniform_bucket_level_access = true
  public_access_prevention    = "enforced"
  force_destroy               = false
  labels                      = { component = "code" }
  deletion_policy             = var.deletion_policy

  # The name of each object has its hash, so there are no versions. Deleted packages
  # can be restored for a week.
  soft_delete_policy {
    retention_duration_seconds = 604800
  }
  encryption {
    default_kms_key_name = google_kms_crypto_key.this["code"].id
  }

  depends_on = [google_kms_crypto_key_iam_member.agent]

  lifecycle {
    precondition {
      condition     = alltrue([for name, f in module.suite.functions : try(local.packages[name].entryPoint, f.entry_point) == f.entry_point])
      error_message = "The packages and suite.json have different entry points. Run scripts/package of this version."
    }
    precondition {
      condition     = length(setsubtract(keys(module.suite.functions), keys(local.packages))) == 0
      error_message = "There is no package for ${join(", ", setsubtract(keys(module.suite.functions), keys(local.packages)))}. Run scripts/package of this version."
    }
  }
}

resource "google_storage_bucket_object" "code" {
  for_each = { for name, p in local.packages : name => p if contains(keys(module.suite.functions), name) }

  bucket       = google_storage_bucket.code.name
  name         = "${each.key}/${each.value.sha256}.zip"
  source       = "${var.packages}/${each.value.zip}"
  content_type = "application/zip"

  lifecycle {
    create_before_destroy = true # a function keeps its package until it has the new one
  }
}

resource "google_artifact_registry_repository" "images" {
  for_each = toset(var.regions)

  project         = var.project_id
  location        = each.value
  repository_id   = "strongroom"
  description     = "Images of Strongroom's functions"
  format          = "DOCKER"
  labels          = { component = "images" }
  kms_key_name    = google_kms_crypto_key.this["runtime ${each.value}"].id
  deletion_policy = var.deletion_policy

  cleanup_policies {
    id     = "keep-newest"
    action = "KEEP"
    most_recent_versions {
      keep_count = 10
    }
  }
  cleanup_policies {
    id     = "delete-old"
    action = "DELETE"
    condition {
      older_than = "2592000s"
    }
  }

  depends_on = [google_kms_crypto_key_iam_member.agent]
}

resource "google_service_account" "builder" {
  project      = var.project_id
  account_id   = "builder"
  display_name = "Strongroom builder of functions"
  depends_on   = [google_project_service.this]
}

resource "google_project_iam_member" "builder_logs" {
  project = var.project_id
  role    = "roles/logging.logWriter"
  member  = google_service_account.builder.member
}

# Cloud Functions copies the code to its own bucket before it builds it. The
# condition excludes the tenants' buckets.
resource "google_project_iam_member" "builder_sources" {
  project = var.project_id
  role    = "roles/storage.objectViewer"
  member  = google_service_account.builder.member

  condition {
    title      = "sources-of-functions"
    expression = "resource.name.startsWith(\"projects/_/buckets/gcf-v2-sources-${local.project_number}-\")"
  }
}

resource "google_storage_bucket_iam_member" "builder_code" {
  bucket = google_storage_bucket.code.name
  role   = "roles/storage.objectViewer"
  member = google_service_account.builder.member
}

resource "google_artifact_registry_repository_iam_member" "builder_images" {
  for_each = google_artifact_registry_repository.images

  project    = var.project_id
  location   = each.value.location
  repository = each.value.name
  role       = "roles/artifactregistry.writer"
  member     = google_service_account.builder.member
}
