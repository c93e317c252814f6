# These runs have a file of their own, because a tenant keeps its database: terraform_data.database
# stops an apply that would change it.
mock_provider "google" {
  mock_resource "google_kms_key_ring" {
    defaults = { id = "projects/p-test/locations/europe-west3/keyRings/tenant-acme" }
  }
  mock_resource "google_kms_crypto_key" {
    defaults = { id = "projects/p-test/locations/europe-west3/keyRings/tenant-acme/cryptoKeys/data" }
  }
  mock_resource "google_service_account" {
    defaults = { name = "projects/p-test/serviceAccounts/sign-acme@p-test.iam.gserviceaccount.com" }
  }
}

variables {
  slug = "acme"
  platform = {
    project_id     = "p-test"
    project_number = "123456789012"
    location       = "europe-west3"
    database       = "(default)"
    directory      = "directory"
    topic          = "projects/p-test/topics/object-events"
    audit_key      = "projects/p-test/locations/europe-west3/keyRings/platform/cryptoKeys/audit"
    accounts       = {}
    ttl_fields     = { outbox = "expires" }
    backup_days    = 7

    database_location = "eur3"
  }
}

run "a_database_of_the_tenants_own" {
  command = apply
  variables {
    database = {}
  }

  assert {
    condition     = output.database == "tenant-acme" && jsondecode(google_firestore_document.record.fields).databaseId.stringValue == "tenant-acme" && module.database[0].location == "eur3"
    error_message = "The record must name the tenant's database, which must be where the platform's is."
  }
  assert {
    condition     = google_kms_crypto_key.database[0].name == "database" && google_kms_crypto_key.database[0].rotation_period == "7776000s" && google_kms_crypto_key.database[0].deletion_policy == "PREVENT" && google_kms_key_ring.database[0].location == "europe"
    error_message = "The database must have a key of its own in the tenant's key ring, because an admin can disable the data key."
  }
  assert {
    condition     = google_kms_crypto_key_iam_member.database[0].member == "serviceAccount:service-123456789012@gcp-sa-firestore.iam.gserviceaccount.com"
    error_message = "Firestore must be able to use the key of the database."
  }
  assert {
    condition = { for key, b in google_project_iam_member.database : key => "${b.project} ${b.member} ${b.role} ${b.condition[0].expression}" } == {
      for key, b in module.suite.tenant_bindings.acme : key => "p-test serviceAccount:${b.member} ${b.role} resource.name == \"projects/p-test/databases/tenant-acme\"" if b.on == "tenant.database"
    }
    error_message = "The roles on the database must be those of suite.json, and on no other database."
  }
}

run "a_database_where_buckets_cannot_be" {
  command = plan
  variables {
    location       = "eur4"
    project_id     = "p-other"
    project_number = "42"
    database       = { location = "eur3" }
  }

  assert {
    condition     = module.database[0].location == "eur3" && google_kms_key_ring.database[0].location == "europe" && google_kms_key_ring.database[0].name == google_kms_key_ring.this.name && google_kms_key_ring.database[0].project == "p-other"
    error_message = "The key of a database in eur3 must be in europe."
  }
  assert {
    condition     = google_kms_crypto_key_iam_member.database[0].member == "serviceAccount:service-42@gcp-sa-firestore.iam.gserviceaccount.com" && alltrue([for b in values(google_project_iam_member.database) : b.project == "p-other"])
    error_message = "The roles must be in the other project."
  }
}

run "a_database_in_the_region_of_the_tenant" {
  command = plan
  variables {
    location = "europe-west3"
    database = {}
  }

  assert {
    condition     = module.database[0].location == "europe-west3" && length(google_kms_key_ring.database) == 0
    error_message = "The database must be in the tenant's region, and its key in the tenant's key ring."
  }
}

run "the_tenant_leaves" {
  command = apply
  variables {
    database        = {}
    deletion_policy = "DELETE"
  }

  assert {
    condition     = google_kms_crypto_key.database[0].deletion_policy == "DELETE"
    error_message = "The key of the database must be deletable."
  }
}
