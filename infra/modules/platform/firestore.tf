resource "google_firestore_database" "this" {
  project                           = var.project_id
  name                              = "(default)"
  location_id                       = local.database_location
  type                              = "FIRESTORE_NATIVE"
  concurrency_mode                  = "PESSIMISTIC"
  app_engine_integration_mode       = "DISABLED"
  point_in_time_recovery_enablement = "POINT_IN_TIME_RECOVERY_ENABLED"
  delete_protection_state           = var.deletion_policy == "PREVENT" ? "DELETE_PROTECTION_ENABLED" : "DELETE_PROTECTION_DISABLED"
  deletion_policy                   = var.deletion_policy

  cmek_config {
    kms_key_name = google_kms_crypto_key.this["database"].id
  }

  depends_on = [google_kms_crypto_key_iam_member.agent]
}

# What decides who may do what: tenants, their trust, members, staff. The functions
# only read it, so a function that is taken over cannot make anybody an admin.
resource "google_firestore_database" "directory" {
  project                           = var.project_id
  name                              = "directory"
  location_id                       = local.database_location
  type                              = "FIRESTORE_NATIVE"
  concurrency_mode                  = "PESSIMISTIC"
  app_engine_integration_mode       = "DISABLED"
  point_in_time_recovery_enablement = "POINT_IN_TIME_RECOVERY_ENABLED"
  delete_protection_state           = var.deletion_policy == "PREVENT" ? "DELETE_PROTECTION_ENABLED" : "DELETE_PROTECTION_DISABLED"
  deletion_policy                   = var.deletion_policy

  cmek_config {
    kms_key_name = google_kms_crypto_key.this["database"].id
  }

  depends_on = [google_kms_crypto_key_iam_member.agent]
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

resource "google_firestore_backup_schedule" "directory" {
  project   = var.project_id
  database  = google_firestore_database.directory.name
  retention = "${var.backup_days * 86400}s"

  daily_recurrence {}
}

resource "google_firestore_backup_schedule" "directory_weekly" {
  project   = var.project_id
  database  = google_firestore_database.directory.name
  retention = "8467200s" # 14 weeks, Firestore's maximum

  weekly_recurrence {
    day = "SUNDAY"
  }
}

# The issuers that the platform trusts to identify its staff.
module "staff" {
  source = "../record"
  count  = length(var.staff) > 0 ? 1 : 0

  trust = var.staff
}

resource "google_firestore_document" "staff" {
  count = length(var.staff) > 0 ? 1 : 0

  project     = var.project_id
  database    = google_firestore_database.directory.name
  collection  = "platform"
  document_id = "staff"
  fields      = jsonencode({ trust = jsondecode(module.staff[0].trust) })
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
