# A Firestore database with documents of tenants: the platform's, or a tenant's own. Each
# has the same indexes, fields that expire, and backups.

resource "google_firestore_database" "this" {
  project                           = var.project_id
  name                              = var.name
  location_id                       = var.location
  type                              = "FIRESTORE_NATIVE"
  concurrency_mode                  = "PESSIMISTIC"
  app_engine_integration_mode       = "DISABLED"
  point_in_time_recovery_enablement = "POINT_IN_TIME_RECOVERY_ENABLED"
  delete_protection_state           = var.deletion_policy == "PREVENT" ? "DELETE_PROTECTION_ENABLED" : "DELETE_PROTECTION_DISABLED"
  deletion_policy                   = var.deletion_policy

  cmek_config {
    kms_key_name = var.kms_key
  }
}

# Firestore deletes these documents some time after the time in the field.
resource "google_firestore_field" "ttl" {
  for_each = var.ttl_fields

  project    = var.project_id
  database   = google_firestore_database.this.name
  collection = each.key
  field      = each.value

  index_config {}
  ttl_config {}
}

resource "google_firestore_backup_schedule" "daily" {
  project   = var.project_id
  database  = google_firestore_database.this.name
  retention = "${var.backup_days * 86400}s"

  daily_recurrence {}
}

resource "google_firestore_backup_schedule" "weekly" {
  project   = var.project_id
  database  = google_firestore_database.this.name
  retention = "8467200s" # 14 weeks, Firestore's maximum

  weekly_recurrence {
    day = "SUNDAY"
  }
}

# Exact requests to language models are deleted when the time that their tenant says has
# passed. They are not shown any more from that time on.
resource "google_firestore_field" "model_requests" {
  project    = var.project_id
  database   = google_firestore_database.this.name
  collection = "modelRequests"
  field      = "until"

  ttl_config {}
}

# What a tenant has used in a day is deleted after 400 days, if no legal hold covers the tenant.
resource "google_firestore_field" "usage" {
  project    = var.project_id
  database   = google_firestore_database.this.name
  collection = "usage"
  field      = "expires"

  ttl_config {}
}

# Documents whose retention the tenant's settings say. The time is set in the week before the
# deletion. It is indexed where a new legal hold has to find the documents that it covers.
resource "google_firestore_field" "retention" {
  for_each = toset(["audit", "exports", "issues", "runs", "series"])

  project    = var.project_id
  database   = google_firestore_database.this.name
  collection = each.key
  field      = "expireTime"

  ttl_config {}
}

# These are deleted with the run or the export that they belong to.
resource "google_firestore_field" "retention_below" {
  for_each = toset(["grants", "outputIndexes", "parts", "sightings"])

  project    = var.project_id
  database   = google_firestore_database.this.name
  collection = each.key
  field      = "expireTime"

  index_config {}
  ttl_config {}
}
