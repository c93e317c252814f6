# The published Merkle tree of the platform's own audit log. Each tenant's tree is in
# a bucket of its own, which the tenant module creates.
resource "google_storage_bucket" "audit" {
  project                     = var.project_id
  name                        = "${var.project_id}-audit"
  location                    = var.location
  storage_class               = "STANDARD"
  uniform_bucket_level_access = true
  public_access_prevention    = "enforced"
  force_destroy               = false
  labels                      = { component = "audit" }
  deletion_policy             = var.deletion_policy

  encryption {
    default_kms_key_name = google_kms_crypto_key.this["audit"].id
  }
  retention_policy {
    retention_period = var.log_retention_days * 86400
    is_locked        = var.lock_logs
  }

  depends_on = [google_kms_crypto_key_iam_member.audit]
}
