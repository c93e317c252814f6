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

run "a_tenant" {
  command = apply
  variables {
    trust = [{
      issuer   = "https://issuer.example"
      jwks_url = "https://issuer.example/keys"
      rules    = [{ claims = { sub = "runner" }, role = "runner", workspaces = ["prod"] }]
    }]
    workspaces = { prod = { members = [{ issuer = "https://issuer.example", subject = "user" }] } }
  }

  assert {
    condition     = google_kms_crypto_key.data.rotation_period == "7776000s" && google_kms_crypto_key.data.deletion_policy == "PREVENT"
    error_message = "The key must rotate every 90 days and must not be deletable."
  }
  assert {
    condition     = alltrue([for b in google_storage_bucket.this : b.public_access_prevention == "enforced" && b.uniform_bucket_level_access && b.encryption[0].default_kms_key_name == google_kms_crypto_key.data.id])
    error_message = "Both buckets must be private and under the tenant's key."
  }
  assert {
    condition     = google_storage_bucket.this["outputs"].retention_policy[0].retention_period == "2592000" && length(google_storage_bucket.this["exports"].retention_policy) == 0
    error_message = "Output must be retained for 30 days, exports without a minimum."
  }
  assert {
    condition     = google_storage_bucket.audit.encryption[0].default_kms_key_name == var.platform.audit_key && google_storage_bucket.audit.public_access_prevention == "enforced" && google_storage_bucket.audit.uniform_bucket_level_access
    error_message = "The audit bucket must be private, and under the platform's key, because the tenant's key can be disabled."
  }
  assert {
    condition     = google_storage_bucket.audit.retention_policy[0].retention_period == "34560000" && output.audit_bucket == "p-test-acme-audit"
    error_message = "The audit bucket must retain objects for 400 days."
  }
  assert {
    condition     = google_storage_notification.outputs.event_types == toset(["OBJECT_FINALIZE"]) && google_storage_notification.outputs.payload_format == "JSON_API_V1"
    error_message = "The bucket must publish new objects."
  }
  assert {
    condition = merge(
      { for key, b in google_kms_crypto_key_iam_member.this : key => "${b.member} ${b.role}" },
      { for key, b in google_service_account_iam_member.this : key => "${b.member} ${b.role}" },
      { for key, b in google_storage_bucket_iam_member.this : key => "${b.member} ${b.role}" },
    ) == { for key, b in module.suite.tenant_bindings.acme : key => "serviceAccount:${b.member} ${b.role}" }
    error_message = "The bindings must be those of suite.json."
  }
  assert {
    condition = { for b in values(google_storage_bucket_iam_member.this) : b.member => b.role if b.bucket == google_storage_bucket.this["outputs"].name } == {
      "serviceAccount:fn-export-worker@p-test.iam.gserviceaccount.com" = "roles/storage.legacyObjectReader"
      "serviceAccount:fn-legal-holds@p-test.iam.gserviceaccount.com"   = "projects/p-test/roles/strongroom.objectHolder"
      "serviceAccount:fn-offboarding@p-test.iam.gserviceaccount.com"   = "projects/p-test/roles/strongroom.objectEraser"
      "serviceAccount:fn-outputs@p-test.iam.gserviceaccount.com"       = "roles/storage.legacyObjectReader"
      "serviceAccount:fn-tenants@p-test.iam.gserviceaccount.com"       = "projects/p-test/roles/strongroom.bucketVerifier"
      "serviceAccount:sign-acme@p-test.iam.gserviceaccount.com"        = "roles/storage.objectCreator"
    }
    error_message = "The bindings of the bucket must be those of suite.json."
  }
  assert {
    condition     = toset([for b in values(google_storage_bucket_iam_member.this) : b.member if b.bucket == google_storage_bucket.audit.name]) == toset(["serviceAccount:fn-audit-delivery@p-test.iam.gserviceaccount.com", "serviceAccount:fn-audit-integrator@p-test.iam.gserviceaccount.com", "serviceAccount:fn-audit@p-test.iam.gserviceaccount.com", "serviceAccount:fn-export-worker@p-test.iam.gserviceaccount.com"])
    error_message = "Only audit-integrator, audit, audit-delivery and export-worker may use the audit bucket."
  }
  assert {
    condition     = toset([for b in values(google_service_account_iam_member.this) : b.member]) == toset(["serviceAccount:fn-tenants@p-test.iam.gserviceaccount.com", "serviceAccount:fn-uploads@p-test.iam.gserviceaccount.com"])
    error_message = "Only uploads and the verification of the storage may sign as the tenant."
  }
  assert {
    condition     = [for b in values(google_kms_crypto_key_iam_member.this) : b.member if b.role == "projects/p-test/roles/strongroom.keyAdministrator"] == ["serviceAccount:fn-tenants@p-test.iam.gserviceaccount.com"]
    error_message = "Only tenants may change the state of the tenant's key."
  }
  assert {
    condition     = one(distinct([for b in values(google_service_account_iam_member.this) : b.role])) == "projects/p-test/roles/strongroom.blobSigner" && length(google_project_iam_custom_role.this) == 0
    error_message = "uploads must only sign, with the platform's custom role."
  }
  assert {
    condition     = jsondecode(google_firestore_document.record.fields).keyName.stringValue == google_kms_crypto_key.data.id && jsondecode(google_firestore_document.record.fields).signingKeyName.stringValue == ""
    error_message = "The record must name the key and no signing key."
  }
  assert {
    condition     = length(google_project_iam_member.database) == 0 && output.database == null && jsondecode(google_firestore_document.record.fields).databaseId.stringValue == "" && length(google_kms_crypto_key.database) == 0
    error_message = "By default, the documents must be in the platform's database."
  }
  assert {
    condition     = length(google_firestore_document.workspace) == 1 && length(google_firestore_document.member) == 1
    error_message = "There must be one document for the workspace and one for its member."
  }
}

run "a_signing_key_signs_once_its_version_is_named" {
  command = apply
  variables {
    signing_key         = true
    signing_key_version = 1
  }

  assert {
    condition     = google_kms_crypto_key.signing[0].version_template[0].algorithm == "RSA_SIGN_PKCS1_2048_SHA256"
    error_message = "The signing key must be RSA with SHA-256."
  }
  assert {
    condition     = endswith(jsondecode(google_firestore_document.record.fields).signingKeyName.stringValue, "/cryptoKeyVersions/1")
    error_message = "The record must name the version."
  }
}

run "the_audit_topic_admits_one_publisher" {
  command = apply
  variables {
    audit_topic = "projects/theirs/topics/strongroom-audit"
  }

  assert {
    condition     = [for m in google_pubsub_topic_iam_member.audit : "${m.project} ${m.topic} ${m.role} ${m.member}"] == ["theirs strongroom-audit roles/pubsub.publisher serviceAccount:fn-audit-delivery@p-test.iam.gserviceaccount.com"]
    error_message = "Only audit-delivery must be able to publish: ${jsonencode(values(google_pubsub_topic_iam_member.audit))}"
  }
  assert {
    condition     = jsondecode(google_firestore_document.record.fields).auditTopic.stringValue == "projects/theirs/topics/strongroom-audit"
    error_message = "The record must name the topic."
  }
}

run "a_model_of_the_tenants_own_admits_one_function" {
  command = apply
  variables {
    model = { project_id = "their-models", location = "europe-west4", name = "gemini-3.5-pro", abuse_logging_exempt = true }
  }

  assert {
    condition     = [for m in google_project_iam_member.model : "${m.project} ${m.role} ${m.member}"] == ["their-models roles/aiplatform.user serviceAccount:fn-assistants@p-test.iam.gserviceaccount.com"]
    error_message = "Only assistants must be able to send: ${jsonencode(values(google_project_iam_member.model))}"
  }
  assert {
    condition     = jsondecode(google_firestore_document.record.fields).model.mapValue.fields.model.stringValue == "gemini-3.5-pro"
    error_message = "The record must name the model."
  }
}

run "a_tenant_of_another_project" {
  command = apply
  variables {
    project_id     = "p-other"
    project_number = "42"
    location       = "eur4"
    outputs        = { keep_days = 0, delete_after_days = 365 }
  }

  assert {
    condition     = google_storage_bucket.this["outputs"].project == "p-other" && google_storage_bucket.this["outputs"].location == "eur4"
    error_message = "The bucket must be in the tenant's project and location: ${google_storage_bucket.this["outputs"].location}"
  }
  assert {
    condition     = google_storage_bucket.audit.project == "p-test" && google_storage_bucket.audit.location == "europe-west3"
    error_message = "The audit bucket must be in the platform's project and location."
  }
  assert {
    condition     = google_firestore_document.record.project == "p-test" && google_firestore_document.record.database == "directory"
    error_message = "The record must be in the platform's directory."
  }
  assert {
    condition     = keys(google_project_iam_custom_role.this) == ["strongroom.blobSigner_822b33ad", "strongroom.bucketVerifier_822b33ad", "strongroom.keyAdministrator_822b33ad", "strongroom.keyDestroyer_822b33ad", "strongroom.objectEraser_822b33ad", "strongroom.objectHolder_822b33ad"] && one(distinct([for b in values(google_service_account_iam_member.this) : b.role])) == "projects/p-other/roles/strongroom.blobSigner_822b33ad"
    error_message = "The other project must have its own custom roles: ${join(", ", keys(google_project_iam_custom_role.this))}"
  }
}

run "output_in_the_customers_project" {
  command = apply
  variables {
    storage = {
      outputs_bucket          = "acme-outputs-2"
      location                = "europe-west3"
      key_name                = "projects/acme/locations/europe-west3/keyRings/strongroom/cryptoKeys/outputs"
      project_number          = "345678901234"
      earlier_outputs_buckets = ["acme-outputs-1"]
      exports_bucket          = "acme-exports-2"
      earlier_exports_buckets = ["acme-exports-1"]
      in_use                  = true
    }
  }

  assert {
    condition     = jsondecode(google_firestore_document.record.fields).outputsBucket.stringValue == "acme-outputs-2" && [for b in jsondecode(google_firestore_document.record.fields).earlierOutputsBuckets.arrayValue.values : b.stringValue] == ["p-test-acme-outputs", "acme-outputs-1"]
    error_message = "The record must name the customer's bucket, and all earlier buckets."
  }
  assert {
    condition     = jsondecode(google_firestore_document.record.fields).exportsBucket.stringValue == "acme-exports-2" && [for b in jsondecode(google_firestore_document.record.fields).earlierExportsBuckets.arrayValue.values : b.stringValue] == ["p-test-acme-exports", "acme-exports-1"]
    error_message = "The record must name the customer's bucket for exports, and all earlier buckets."
  }
  assert {
    condition     = [for b in jsondecode(google_firestore_document.record.fields).customerBuckets.arrayValue.values : b.stringValue] == ["acme-outputs-1", "acme-outputs-2", "acme-exports-1", "acme-exports-2"] && endswith(jsondecode(google_firestore_document.record.fields).storageKeyName.stringValue, "/cryptoKeys/outputs")
    error_message = "The record must say what is the customer's."
  }
  assert {
    condition     = google_pubsub_topic_iam_member.customer[0].member == "serviceAccount:service-345678901234@gs-project-accounts.iam.gserviceaccount.com" && google_pubsub_topic_iam_member.customer[0].role == "roles/pubsub.publisher"
    error_message = "Cloud Storage of the customer's project must be able to publish."
  }
}

run "only_output_in_the_customers_project" {
  command = apply
  variables {
    storage = {
      outputs_bucket = "acme-outputs-1"
      location       = "europe-west3"
      key_name       = "projects/acme/locations/europe-west3/keyRings/strongroom/cryptoKeys/outputs"
      project_number = "345678901234"
      in_use         = true
    }
  }

  assert {
    condition     = jsondecode(google_firestore_document.record.fields).exportsBucket.stringValue == "p-test-acme-exports" && jsondecode(google_firestore_document.record.fields).earlierExportsBuckets.arrayValue == {} && [for b in jsondecode(google_firestore_document.record.fields).customerBuckets.arrayValue.values : b.stringValue] == ["acme-outputs-1"]
    error_message = "Exports must stay in the platform's bucket."
  }
}

run "a_bucket_that_is_not_verified_yet_is_not_used" {
  command = apply
  variables {
    storage = {
      exports_bucket = "acme-exports-1"
      outputs_bucket = "acme-outputs-1"
      location       = "europe-west3"
      key_name       = "projects/acme/locations/europe-west3/keyRings/strongroom/cryptoKeys/outputs"
      project_number = "345678901234"
    }
  }

  assert {
    condition     = jsondecode(google_firestore_document.record.fields).outputsBucket.stringValue == "p-test-acme-outputs" && jsondecode(google_firestore_document.record.fields).exportsBucket.stringValue == "p-test-acme-exports" && length(google_pubsub_topic_iam_member.customer) == 1
    error_message = "The record must not name the bucket yet, and the bucket must be able to notify the platform."
  }
}

# It is the last run, because only what such a tenant leaves can be destroyed after the test.
run "a_tenant_that_leaves" {
  command = apply
  variables {
    state           = "suspended"
    deletion_policy = "DELETE"
  }

  assert {
    condition     = jsondecode(google_firestore_document.record.fields).state.stringValue == "suspended" && google_kms_crypto_key.data.deletion_policy == "DELETE"
    error_message = "The record must be suspended, and the key must be deletable."
  }
}
