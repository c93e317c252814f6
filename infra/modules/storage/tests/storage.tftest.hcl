mock_provider "google" {
  mock_data "google_storage_project_service_account" {
    defaults = { member = "serviceAccount:service-345678901234@gs-project-accounts.iam.gserviceaccount.com" }
  }
}

variables {
  project_id          = "acme-data"
  project_number      = "345678901234"
  platform_project_id = "p-test"
  slug                = "acme"
  signing_account     = "sign-acme@p-test.iam.gserviceaccount.com"
  outputs_bucket      = "acme-strongroom-outputs"
  location            = "europe-west3"
  key_name            = "projects/acme-data/locations/europe-west3/keyRings/strongroom/cryptoKeys/outputs"
}

run "a_bucket" {
  command = plan

  assert {
    condition     = alltrue([for b in google_storage_bucket.this : b.public_access_prevention == "enforced" && b.uniform_bucket_level_access && b.encryption[0].default_kms_key_name == var.key_name && b.labels.tenant == "acme"]) && keys(google_storage_bucket.this) == ["outputs"]
    error_message = "The bucket must be private, under the customer's key, and labeled."
  }
  assert {
    condition = { for key, b in google_storage_bucket_iam_member.this : key => b.member } == {
      "strongroomBucketVerifier tenants"      = "serviceAccount:fn-tenants@p-test.iam.gserviceaccount.com"
      "strongroomOutputsCreator signing"      = "serviceAccount:sign-acme@p-test.iam.gserviceaccount.com"
      "strongroomOutputsReader export-worker" = "serviceAccount:fn-export-worker@p-test.iam.gserviceaccount.com"
      "strongroomOutputsReader outputs"       = "serviceAccount:fn-outputs@p-test.iam.gserviceaccount.com"
    }
    error_message = "Exactly these accounts may have a role on the bucket."
  }
  assert {
    condition = { for id, role in google_project_iam_custom_role.this : id => role.permissions } == {
      strongroomBucketVerifier = toset(["storage.buckets.get"])
      strongroomOutputsCreator = toset(["storage.objects.create"])
      strongroomOutputsReader  = toset(["storage.objects.get"])
    }
    error_message = "The roles must have one permission each."
  }
  assert {
    condition     = google_storage_notification.outputs.event_types == toset(["OBJECT_FINALIZE"]) && endswith(google_storage_notification.outputs.topic, "/p-test/topics/object-events")
    error_message = "The bucket must publish new objects to the platform."
  }
}

run "a_bucket_for_exports_too" {
  command = plan
  variables {
    exports_bucket    = "acme-strongroom-exports"
    exports_keep_days = 7
  }

  assert {
    condition     = alltrue([for key, b in google_storage_bucket.this : b.public_access_prevention == "enforced" && b.uniform_bucket_level_access && b.encryption[0].default_kms_key_name == var.key_name && b.labels.tenant == "acme" && b.labels.component == key])
    error_message = "Both buckets must be private, under the customer's key, and labeled."
  }
  assert {
    condition     = google_storage_bucket.this["exports"].name == "acme-strongroom-exports" && google_storage_bucket.this["exports"].retention_policy[0].retention_period == "604800" && google_storage_bucket.this["outputs"].retention_policy[0].retention_period == "2592000"
    error_message = "Each bucket has its own name and retention."
  }
  assert {
    condition = { for key, b in google_storage_bucket_iam_member.this : key => b.member if b.bucket == "acme-strongroom-exports" } == {
      "strongroomBucketVerifier tenants exports"       = "serviceAccount:fn-tenants@p-test.iam.gserviceaccount.com"
      "strongroomExportsCreator export-worker exports" = "serviceAccount:fn-export-worker@p-test.iam.gserviceaccount.com"
      "strongroomExportsReader exportReader exports"   = "serviceAccount:export-reader@p-test.iam.gserviceaccount.com"
    }
    error_message = "Exactly these accounts may have a role on the bucket for exports."
  }
  assert {
    condition     = toset([for b in google_storage_bucket_iam_member.this : b.member if b.bucket == "acme-strongroom-outputs"]) == toset([for name in ["fn-tenants", "sign-acme", "fn-export-worker", "fn-outputs"] : "serviceAccount:${name}@p-test.iam.gserviceaccount.com"])
    error_message = "The bucket for exports must not change who has a role on that of output."
  }
  assert {
    condition     = google_project_iam_custom_role.this["strongroomExportsCreator"].permissions == toset(["storage.objects.create"]) && google_project_iam_custom_role.this["strongroomExportsReader"].permissions == toset(["storage.objects.get"])
    error_message = "The roles on exports must have one permission each."
  }
  assert {
    condition     = google_storage_notification.outputs.bucket == "acme-strongroom-outputs"
    error_message = "Only new output is published."
  }
}

run "one_bucket_for_both" {
  command = plan
  variables {
    exports_bucket = "acme-strongroom-outputs"
  }
  expect_failures = [var.exports_bucket]
}

run "a_key_in_another_location" {
  command = plan
  variables {
    key_name = "projects/acme-data/locations/us/keyRings/strongroom/cryptoKeys/outputs"
  }
  expect_failures = [var.key_name]
}

run "a_wrong_signing_account" {
  command = plan
  variables {
    signing_account = "somebody@example.com"
  }
  expect_failures = [var.signing_account]
}
