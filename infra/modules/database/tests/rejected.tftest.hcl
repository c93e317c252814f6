mock_provider "google" {}

variables {
  project_id = "p-test"
  name       = "tenant-acme"
  location   = "europe-west3"
  kms_key    = "projects/p-test/locations/europe-west3/keyRings/tenant-acme/cryptoKeys/database"
  ttl_fields = {}
}

run "a_location_for_buckets_only" {
  command = plan
  variables {
    location = "eur4"
  }
  expect_failures = [var.location]
}

run "a_name_that_is_too_short" {
  command = plan
  variables {
    name = "abc"
  }
  expect_failures = [var.name]
}

run "an_unknown_deletion_policy" {
  command = plan
  variables {
    deletion_policy = "ABANDON"
  }
  expect_failures = [var.deletion_policy]
}
