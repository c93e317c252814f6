mock_provider "google" {}

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

run "a_slug_with_a_slash_is_rejected" {
  command = plan
  variables {
    slug = "a/b"
  }
  expect_failures = [var.slug]
}

run "a_slug_with_google_is_rejected" {
  command = plan
  variables {
    slug = "mygooglecorp"
  }
  expect_failures = [var.slug]
}

run "a_slug_that_looks_like_google_is_rejected" {
  command = plan
  variables {
    slug = "g00gle"
  }
  expect_failures = [var.slug]
}

run "a_slug_that_starts_with_goog_is_rejected" {
  command = plan
  variables {
    slug = "goog-acme"
  }
  expect_failures = [var.slug]
}

run "a_slug_that_ends_in_a_hyphen_is_rejected" {
  command = plan
  variables {
    slug = "a-"
  }
  expect_failures = [var.slug]
}

run "a_third_state_is_rejected" {
  command = plan
  variables {
    state = "gone"
  }
  expect_failures = [var.state]
}

run "a_tenant_that_grants_the_role_platform_is_rejected" {
  command = plan
  variables {
    trust = [{ issuer = "https://i", jwks_url = "https://i/k", rules = [{ claims = { a = "b" }, role = "platform" }] }]
  }
  expect_failures = [var.trust]
}

run "a_topic_by_its_id_alone_is_rejected" {
  command = plan
  variables {
    audit_topic = "audit"
  }
  expect_failures = [var.audit_topic]
}

run "a_key_version_without_a_signing_key_is_rejected" {
  command = plan
  variables {
    signing_key_version = 1
  }
  expect_failures = [var.signing_key_version]
}

run "an_audit_retention_of_zero_is_rejected" {
  command = plan
  variables {
    audit = { keep_days = 0 }
  }
  expect_failures = [var.audit]
}

run "deletion_before_retention_ends_is_rejected" {
  command = plan
  variables {
    outputs = { keep_days = 30, delete_after_days = 30 }
  }
  expect_failures = [var.outputs]
}

run "a_negative_retention_is_rejected" {
  command = plan
  variables {
    outputs = { keep_days = -1 }
  }
  expect_failures = [var.outputs]
}

run "an_export_deleted_before_retention_ends_is_rejected" {
  command = plan
  variables {
    exports = { keep_days = 31 }
  }
  expect_failures = [var.exports]
}

run "a_short_soft_delete_is_rejected" {
  command = plan
  variables {
    soft_delete_days = 6
  }
  expect_failures = [var.soft_delete_days]
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

run "an_alias_of_a_model_is_rejected" {
  command = plan
  variables {
    model = { project_id = "their-models", location = "europe-west4", name = "gemini-flash-latest" }
  }
  expect_failures = [var.model]
}

run "a_model_without_a_location_is_rejected" {
  command = plan
  variables {
    model = { project_id = "their-models", location = "global", name = "gemini-3.5-pro" }
  }
  expect_failures = [var.model]
}

run "a_bucket_in_another_location" {
  command = plan
  variables {
    storage = {
      outputs_bucket = "acme-outputs"
      location       = "us"
      key_name       = "projects/acme/locations/us/keyRings/strongroom/cryptoKeys/outputs"
      project_number = "345678901234"
    }
  }
  expect_failures = [var.storage]
}

run "exports_that_move_back" {
  command = plan
  variables {
    storage = {
      outputs_bucket          = "acme-outputs"
      location                = "europe-west3"
      key_name                = "projects/acme/locations/europe-west3/keyRings/strongroom/cryptoKeys/outputs"
      project_number          = "345678901234"
      earlier_exports_buckets = ["acme-exports"]
    }
  }
  expect_failures = [var.storage]
}

run "a_key_in_another_location_than_its_bucket" {
  command = plan
  variables {
    storage = {
      outputs_bucket = "acme-outputs"
      location       = "europe-west3"
      key_name       = "projects/acme/locations/us/keyRings/strongroom/cryptoKeys/outputs"
      project_number = "345678901234"
    }
  }
  expect_failures = [var.storage]
}

run "a_retention_of_less_than_35_days_is_rejected" {
  command = plan
  variables {
    retention = { sample_days = 34 }
  }
  expect_failures = [var.retention]
}

run "runs_that_are_deleted_while_output_is_kept_are_rejected" {
  command = plan
  variables {
    retention = { run_days = 90 }
  }
  expect_failures = [var.retention]
}

run "runs_that_are_deleted_before_the_lock_of_their_output_ends_are_rejected" {
  command = plan
  variables {
    outputs   = { keep_days = 100, delete_after_days = 101 }
    retention = { run_days = 90 }
  }
  expect_failures = [var.retention]
}

run "records_of_exports_that_are_deleted_before_the_files_are_rejected" {
  command = plan
  variables {
    exports   = { delete_after_days = 60 }
    retention = { export_days = 40 }
  }
  expect_failures = [var.retention]
}
