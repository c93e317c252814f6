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

locals {
  # Composite indexes, by the query that needs them. Without one the query
  # fails: Firestore makes single-field indexes only.
  indexes = {
    # shared/grant: the parts of a run's outputs in order
    grants-of-run = { collection = "grants", scope = "COLLECTION", fields = ["run", "output", "part"] }
    # functions/sweep: a run's grants in one state
    grants-of-run-by-state = { collection = "grants", scope = "COLLECTION", fields = ["run", "state"] }
    # functions/sweep: overdue grants of every tenant
    grants-overdue = { collection = "grants", scope = "COLLECTION_GROUP", fields = ["state", "expires"] }
    # functions/sweep: ended runs that are not settled, of every tenant
    runs-unsettled = { collection = "runs", scope = "COLLECTION_GROUP", fields = ["state", "settled", "created"] }
  }

  # Fields that no query asks for alone. Those that grow with time would bound a
  # collection to 500 writes a second if they were indexed
  # (cloud.google.com/firestore/docs/best-practices), and each index not kept is
  # a write not paid for. A map's exemption covers what is in it.
  unindexed = {
    grants = ["created", "declared", "expires", "stored"]
    runs   = ["created", "end", "start"]
    audit  = ["leaf", "time"]
    deks   = ["created", "wrapped"]
  }
  unindexed_fields = merge([for collection, fields in local.unindexed : { for field in fields : "${collection} ${field}" => { collection = collection, field = field } }]...)
}

resource "google_firestore_index" "this" {
  for_each = local.indexes

  project     = var.project_id
  database    = google_firestore_database.this.name
  collection  = each.value.collection
  query_scope = each.value.scope

  dynamic "fields" {
    for_each = each.value.fields
    content {
      field_path = fields.value
      order      = "ASCENDING"
    }
  }
}

resource "google_firestore_field" "unindexed" {
  for_each = local.unindexed_fields

  project    = var.project_id
  database   = google_firestore_database.this.name
  collection = each.value.collection
  field      = each.value.field

  index_config {} # none
}

# Documents that Firestore deletes by itself some time after the field's time.
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
  retention = "8467200s" # 14 weeks, the most there is

  weekly_recurrence {
    day = "SUNDAY"
  }
}

# Whom the platform trusts to name its staff.
module "staff" {
  source = "../record"
  count  = length(var.staff) > 0 ? 1 : 0

  trust = var.staff
}

resource "google_firestore_document" "staff" {
  count = length(var.staff) > 0 ? 1 : 0

  project     = var.project_id
  database    = google_firestore_database.this.name
  collection  = "platform"
  document_id = "staff"
  fields      = jsonencode({ trust = jsondecode(module.staff[0].trust) })
}
