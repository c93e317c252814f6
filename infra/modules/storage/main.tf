# Buckets for output, and for exports, in the customer's project, under the customer's key. The
# customer applies this module. It grants the platform's accounts the roles of customerRoles in
# suite.json, and nothing else: to create objects, to read them, and to read a bucket's settings.

data "google_storage_project_service_account" "this" { # reading it creates the account
  project = var.project_id
}

locals {
  roles = jsondecode(file("${path.module}/../../suite.json")).customerRoles

  # The account of each holder: a function of the platform, the tenant's signing account, or the
  # account that URLs of exports act as.
  accounts = merge(
    { for name in distinct(flatten([for role in local.roles : role.holders])) : name => "fn-${name}@${var.platform_project_id}.iam.gserviceaccount.com" },
    { signing = var.signing_account, exportReader = "export-reader@${var.platform_project_id}.iam.gserviceaccount.com" },
  )
  buckets = {
    outputs = { name = var.outputs_bucket, keep_days = var.keep_days, locked = var.locked }
    exports = { name = var.exports_bucket, keep_days = var.exports_keep_days, locked = var.exports_locked }
  }
  wanted = { for key, b in local.buckets : key => b if b.name != null }
  bindings = merge(flatten([
    for id, role in local.roles : [
      for bucket in role.buckets : { for holder in role.holders : bucket == "outputs" ? "${id} ${holder}" : "${id} ${holder} ${bucket}" => { role = id, account = local.accounts[holder], bucket = bucket } }
      if contains(keys(local.wanted), bucket)
    ]
  ])...)
}

# Cloud Storage encrypts the objects with the customer's key.
resource "google_kms_crypto_key_iam_member" "storage" {
  crypto_key_id = var.key_name
  role          = "roles/cloudkms.cryptoKeyEncrypterDecrypter"
  member        = data.google_storage_project_service_account.this.member
}

# Objects are created once and never replaced, so the bucket needs no versioning.
resource "google_storage_bucket" "this" {
  for_each = local.wanted

  project                     = var.project_id
  name                        = each.value.name
  location                    = var.location
  storage_class               = "STANDARD"
  uniform_bucket_level_access = true
  public_access_prevention    = "enforced"
  force_destroy               = false
  labels                      = { tenant = var.slug, component = each.key } # the platform verifies no bucket without it

  encryption {
    default_kms_key_name = var.key_name
  }
  soft_delete_policy {
    retention_duration_seconds = var.soft_delete_days * 86400
  }
  dynamic "retention_policy" {
    for_each = each.value.keep_days > 0 ? [1] : []
    content {
      retention_period = each.value.keep_days * 86400
      is_locked        = each.value.locked
    }
  }
  lifecycle_rule {
    action {
      type = "AbortIncompleteMultipartUpload"
    }
    condition {
      age = 1
    }
  }
  lifecycle {
    prevent_destroy = true
  }

  depends_on = [google_kms_crypto_key_iam_member.storage] # Cloud Storage must be able to use the key first
}

moved {
  from = google_storage_bucket.outputs
  to   = google_storage_bucket.this["outputs"]
}

# The platform must let Cloud Storage of this project publish: setting storage.project_number of
# the tenant. Until then, creating the notification fails. Files of exports
# are not published: the platform knows what it writes.
resource "google_storage_notification" "outputs" {
  bucket         = google_storage_bucket.this["outputs"].name
  topic          = "projects/${var.platform_project_id}/topics/object-events"
  payload_format = "JSON_API_V1"
  event_types    = ["OBJECT_FINALIZE"]
}

resource "google_project_iam_custom_role" "this" {
  for_each = { for id, role in local.roles : id => role if contains([for b in local.bindings : b.role], id) }

  project     = var.project_id
  role_id     = each.key
  title       = each.value.title
  permissions = each.value.permissions
}

resource "google_storage_bucket_iam_member" "this" {
  for_each = local.bindings

  bucket = google_storage_bucket.this[each.value.bucket].name
  role   = google_project_iam_custom_role.this[each.value.role].name
  member = "serviceAccount:${each.value.account}"
}
