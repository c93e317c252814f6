# The audit must stay readable even if the tenant's key is disabled. So this bucket
# is in the platform's project and location, under the platform's audit key. The
# function audit-integrator publishes the log's Merkle tree in it, and the function
# audit reads it.
resource "google_storage_bucket" "audit" {
  project                     = var.platform.project_id
  name                        = local.tenant.audit_bucket
  location                    = var.platform.location
  storage_class               = "STANDARD"
  uniform_bucket_level_access = true
  public_access_prevention    = "enforced"
  force_destroy               = false
  labels                      = { tenant = var.slug, component = "audit" }
  deletion_policy             = var.deletion_policy

  encryption {
    default_kms_key_name = var.platform.audit_key # the platform module lets Cloud Storage use this key
  }
  soft_delete_policy {
    retention_duration_seconds = var.soft_delete_days * 86400
  }
  retention_policy {
    retention_period = var.audit.keep_days * 86400
    is_locked        = var.audit.locked
  }
  lifecycle_rule {
    action {
      type = "AbortIncompleteMultipartUpload"
    }
    condition {
      age = 1
    }
  }
}
