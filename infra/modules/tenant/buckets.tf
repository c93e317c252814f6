locals {
  buckets = {
    outputs = { name = local.tenant.outputs_bucket, keep_days = var.outputs.keep_days, delete_after_days = var.outputs.delete_after_days, locked = var.outputs.locked }
    configs = { name = local.tenant.configs_bucket, keep_days = 0, delete_after_days = null, locked = false }
    exports = { name = local.tenant.exports_bucket, keep_days = var.exports.keep_days, delete_after_days = var.exports.delete_after_days, locked = var.exports.locked }
  }
}

# Objects are created once and never replaced, so the buckets need no versioning.
resource "google_storage_bucket" "this" {
  for_each = local.buckets

  project                     = local.tenant.project_id
  name                        = each.value.name
  location                    = local.tenant.location
  storage_class               = "STANDARD"
  uniform_bucket_level_access = true
  public_access_prevention    = "enforced"
  force_destroy               = false
  labels                      = { tenant = var.slug, component = each.key }
  deletion_policy             = var.deletion_policy

  encryption {
    default_kms_key_name = google_kms_crypto_key.data.id
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
  dynamic "lifecycle_rule" {
    for_each = each.value.delete_after_days == null ? [] : [1]
    content {
      action {
        type = "Delete"
      }
      condition {
        age = each.value.delete_after_days
      }
    }
  }
  dynamic "lifecycle_rule" { # pushes that waited for approval; functions/configs lets them wait for 30 days
    for_each = each.key == "configs" ? [1] : []
    content {
      action {
        type = "Delete"
      }
      condition {
        age            = 31
        matches_prefix = ["_held/"]
      }
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

  depends_on = [google_kms_crypto_key_iam_member.this] # Cloud Storage must be able to use the key first
}

# Each new object is published to one topic, which all tenants share.
resource "google_storage_notification" "outputs" {
  bucket         = google_storage_bucket.this["outputs"].name
  topic          = var.platform.topic
  payload_format = "JSON_API_V1"
  event_types    = ["OBJECT_FINALIZE"]
}
