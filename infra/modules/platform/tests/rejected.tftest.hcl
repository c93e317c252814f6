mock_provider "google-beta" {}

mock_provider "google" {
  mock_data "google_project" {
    defaults = { number = "123456789012" }
  }
  mock_data "google_logging_project_cmek_settings" {
    defaults = { service_account_id = "cmek-p123456789012@gcp-sa-logging.iam.gserviceaccount.com" }
  }
  mock_resource "google_kms_key_ring" {
    defaults = { id = "projects/p-test/locations/europe-west3/keyRings/platform" }
  }
  mock_resource "google_kms_crypto_key" {
    defaults = { id = "projects/p-test/locations/europe-west3/keyRings/platform/cryptoKeys/mock" }
  }
  mock_resource "google_artifact_registry_repository" {
    defaults = { id = "projects/p-test/locations/europe-west3/repositories/strongroom", name = "strongroom" }
  }
  mock_resource "google_service_account" {
    defaults = {
      name   = "projects/p-test/serviceAccounts/some-account@p-test.iam.gserviceaccount.com"
      member = "serviceAccount:some-account@p-test.iam.gserviceaccount.com"
    }
  }
  mock_resource "google_compute_backend_service" {
    defaults = { id = "projects/p-test/global/backendServices/mock" }
  }
  mock_resource "google_compute_url_map" {
    defaults = { id = "projects/p-test/global/urlMaps/strongroom" }
  }
  mock_resource "google_compute_ssl_policy" {
    defaults = { id = "projects/p-test/global/sslPolicies/strongroom" }
  }
  mock_resource "google_compute_managed_ssl_certificate" {
    defaults = { id = "projects/p-test/global/sslCertificates/strongroom" }
  }
  mock_resource "google_compute_target_https_proxy" {
    defaults = { id = "projects/p-test/global/targetHttpsProxies/strongroom" }
  }
  mock_resource "google_compute_security_policy" {
    defaults = { id = "projects/p-test/global/securityPolicies/strongroom" }
  }
  mock_resource "google_compute_global_address" {
    defaults = { id = "projects/p-test/global/addresses/strongroom", address = "192.0.2.1" }
  }
  mock_resource "google_logging_project_bucket_config" {
    defaults = { id = "projects/p-test/locations/europe-west3/buckets/strongroom-audit" }
  }
}

# The tests distinguish topics and subscriptions by their IDs.
override_resource {
  target = google_pubsub_topic.this["object-events"]
  values = { id = "projects/p-test/topics/object-events" }
}
override_resource {
  target = google_pubsub_topic.dead["object-events"]
  values = { id = "projects/p-test/topics/object-events-dead" }
}

variables {
  project_id = "p-test"
  location   = "europe-west3"
  regions    = ["europe-west3"]
  domain     = "strongroom.example.com"
  packages   = "tests/packages"
}

run "no_region_is_rejected" {
  command = plan
  variables {
    regions = []
  }
  expect_failures = [var.regions]
}

run "a_region_twice_is_rejected" {
  command = plan
  variables {
    regions = ["europe-west3", "europe-west3"]
  }
  expect_failures = [var.regions]
}

run "a_multi_region_for_functions_is_rejected" {
  command = plan
  variables {
    regions = ["eur4"]
  }
  expect_failures = [var.regions]
}

run "a_url_as_domain_is_rejected" {
  command = plan
  variables {
    domain = "https://strongroom.example.com"
  }
  expect_failures = [var.domain]
}

run "an_audience_with_a_slash_is_rejected" {
  command = plan
  variables {
    audience = "https://strongroom.example.com/"
  }
  expect_failures = [var.audience]
}

run "a_missing_manifest_is_rejected" {
  command = plan
  variables {
    packages = "tests"
  }
  expect_failures = [var.packages]
}

run "a_project_number_with_letters_is_rejected" {
  command = plan
  variables {
    tenant_project_numbers = ["p-other"]
  }
  expect_failures = [var.tenant_project_numbers]
}

run "a_slow_rotation_is_rejected" {
  command = plan
  variables {
    key_rotation_days = 91
  }
  expect_failures = [var.key_rotation_days]
}

run "a_key_that_is_destroyed_immediately_is_rejected" {
  command = plan
  variables {
    key_destroy_days = 0
  }
  expect_failures = [var.key_destroy_days]
}

run "an_unknown_protection_is_rejected" {
  command = plan
  variables {
    key_protection_level = "PAPER"
  }
  expect_failures = [var.key_protection_level]
}

run "an_unknown_deletion_policy_is_rejected" {
  command = plan
  variables {
    deletion_policy = "ABANDON"
  }
  expect_failures = [var.deletion_policy]
}

run "backups_beyond_the_maximum_are_rejected" {
  command = plan
  variables {
    backup_days = 99
  }
  expect_failures = [var.backup_days]
}

run "a_log_retention_of_zero_is_rejected" {
  command = plan
  variables {
    log_retention_days = 0
  }
  expect_failures = [var.log_retention_days]
}

run "a_channel_by_name_is_rejected" {
  command = plan
  variables {
    notification_channels = ["mail"]
  }
  expect_failures = [var.notification_channels]
}

run "an_interval_that_is_not_counted_is_rejected" {
  command = plan
  variables {
    rate_limit = { requests = 1, seconds = 7 }
  }
  expect_failures = [var.rate_limit]
}

run "a_rate_of_zero_is_rejected" {
  command = plan
  variables {
    rate_limit = { requests = 0 }
  }
  expect_failures = [var.rate_limit]
}

run "packages_of_another_version_are_rejected" {
  command = plan
  variables {
    packages = "tests/other"
  }
  expect_failures = [google_storage_bucket.code]
}

run "an_alias_of_a_model_is_rejected" {
  command = plan
  variables {
    model = { project_id = "p-models", location = "europe-west3", name = "gemini-flash-latest" }
  }
  expect_failures = [var.model]
}
