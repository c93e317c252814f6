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
    condition     = google_storage_bucket.outputs.public_access_prevention == "enforced" && google_storage_bucket.outputs.uniform_bucket_level_access && google_storage_bucket.outputs.encryption[0].default_kms_key_name == var.key_name && google_storage_bucket.outputs.labels.tenant == "acme"
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
