# Google's audit logs: who used which key, object or document. They contain names,
# never contents.
resource "google_project_iam_audit_config" "this" {
  for_each = var.data_access_logs

  project = var.project_id
  service = "${each.value}.googleapis.com"

  dynamic "audit_log_config" {
    for_each = toset(["ADMIN_READ", "DATA_READ", "DATA_WRITE"])
    content {
      log_type = audit_log_config.value
    }
  }
}

# A separate bucket stores them under our key, with its own retention.
resource "google_logging_project_bucket_config" "audit" {
  project        = var.project_id
  location       = local.home_region # it never moves: a log bucket that moves is another, empty one
  bucket_id      = "strongroom-audit"
  description    = "Audit logs of Google Cloud for Strongroom"
  retention_days = var.log_retention_days
  locked         = var.lock_logs

  cmek_settings {
    kms_key_name = google_kms_crypto_key.this["logs"].id
  }

  depends_on = [google_kms_crypto_key_iam_member.agent]
}

resource "google_logging_project_sink" "audit" {
  project                = var.project_id
  name                   = "strongroom-audit"
  description            = "Audit logs to the bucket strongroom-audit"
  destination            = "logging.googleapis.com/${google_logging_project_bucket_config.audit.id}"
  filter                 = "logName:\"cloudaudit.googleapis.com\""
  unique_writer_identity = true
}

# The same logs would also be in the bucket _Default, under Google's own key.
# ADMIN_ACTIVITY and SYSTEM_EVENT logs are always in _Required as well.
resource "google_logging_project_exclusion" "audit" {
  project     = var.project_id
  name        = "strongroom-audit"
  description = "Data access logs are in the bucket strongroom-audit only"
  filter      = "logName:\"cloudaudit.googleapis.com%2Fdata_access\""
}
