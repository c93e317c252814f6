# The documents of all tenants that have no database of their own, and of the platform.
module "database" {
  source = "../database"

  project_id      = var.project_id
  name            = "(default)"
  location        = local.database_location
  kms_key         = google_kms_crypto_key_iam_member.agent["firestore database"].crypto_key_id # Firestore must be able to use the key first
  deletion_policy = var.deletion_policy
  ttl_fields      = var.ttl_fields
  backup_days     = var.backup_days
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

# In v0.1.0, these resources were in this module.
moved {
  from = google_firestore_database.this
  to   = module.database.google_firestore_database.this
}
moved {
  from = google_firestore_field.ttl
  to   = module.database.google_firestore_field.ttl
}
moved {
  from = google_firestore_field.model_requests
  to   = module.database.google_firestore_field.model_requests
}
moved {
  from = google_firestore_field.unindexed
  to   = module.database.google_firestore_field.unindexed
}
moved {
  from = google_firestore_field.group
  to   = module.database.google_firestore_field.group
}
moved {
  from = google_firestore_index.this
  to   = module.database.google_firestore_index.this
}
moved {
  from = google_firestore_backup_schedule.daily
  to   = module.database.google_firestore_backup_schedule.daily
}
moved {
  from = google_firestore_backup_schedule.weekly
  to   = module.database.google_firestore_backup_schedule.weekly
}
