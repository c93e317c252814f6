mock_provider "google" {}

variables {
  project_id = "p-test"
  name       = "tenant-acme"
  location   = "europe-west3"
  kms_key    = "projects/p-test/locations/europe-west3/keyRings/tenant-acme/cryptoKeys/database"
  ttl_fields = { outbox = "expires" }
}

run "a_database" {
  command = apply

  assert {
    condition     = google_firestore_database.this.delete_protection_state == "DELETE_PROTECTION_ENABLED" && google_firestore_database.this.point_in_time_recovery_enablement == "POINT_IN_TIME_RECOVERY_ENABLED" && google_firestore_database.this.cmek_config[0].kms_key_name == var.kms_key
    error_message = "A database must have delete protection, point-in-time recovery and the key."
  }
  assert {
    condition     = length(google_firestore_index.this) == length(jsondecode(file("../../indexes.json")).indexes) && alltrue([for i in values(google_firestore_index.this) : i.database == "tenant-acme"])
    error_message = "There must be every index of indexes.json."
  }
  assert {
    condition     = length(google_firestore_backup_schedule.daily.daily_recurrence) == 1 && google_firestore_backup_schedule.weekly.weekly_recurrence[0].day == "SUNDAY"
    error_message = "There must be daily and weekly backups."
  }
  assert {
    condition     = [for f in google_firestore_index.this["issues COLLECTION slx -lastSeen"].fields : "${f.field_path} ${f.order}"] == ["slx ASCENDING", "lastSeen DESCENDING"] && google_firestore_index.this["grants COLLECTION_GROUP state expires"].query_scope == "COLLECTION_GROUP"
    error_message = "Indexes must have the order and scope of indexes.json."
  }
  assert {
    condition     = toset([for f in values(google_firestore_field.unindexed) : f.field if f.collection == "series"]) == toset(["times", "values"]) && google_firestore_field.group["outbox created"].index_config[0].indexes != null
    error_message = "Fields must be indexed as indexes.json says."
  }
  assert {
    condition     = { for c, f in google_firestore_field.ttl : c => f.field } == { outbox = "expires" } && length(google_firestore_field.model_requests.ttl_config) == 1
    error_message = "Documents must expire after the time in their field."
  }
  assert {
    condition     = alltrue([for f in concat(values(google_firestore_field.retention), values(google_firestore_field.retention_below)) : f.field == "expireTime" && length(f.ttl_config) == 1])
    error_message = "Documents must expire as the tenant's retention says."
  }
  assert {
    condition     = toset(concat(keys(google_firestore_field.retention), keys(google_firestore_field.retention_below))) == toset(["audit", "exports", "grants", "issues", "outputIndexes", "parts", "runs", "series", "sightings"])
    error_message = "Runs, samples, issues and exports must expire, with what belongs to them."
  }
}

run "deletion_can_be_allowed" {
  command = plan
  variables {
    deletion_policy = "DELETE"
  }

  assert {
    condition     = google_firestore_database.this.delete_protection_state == "DELETE_PROTECTION_DISABLED"
    error_message = "The database must not have delete protection."
  }
}
