mock_provider "google" {}

variables {
  project_id     = "p-test"
  project_number = "123456789012"
  name           = "uploads"
  account_id     = "fn-uploads"
  regions        = ["europe-west3"]
  entry_point    = "Uploads"
  source_zip     = { bucket = "p-test-code", object = "uploads/0000000000000000000000000000000000000000000000000000000000000001.zip" }
  build_account  = "projects/p-test/serviceAccounts/builder@p-test.iam.gserviceaccount.com"
  kms_keys       = { europe-west3 = "projects/p-test/locations/europe-west3/keyRings/platform/cryptoKeys/runtime" }
  repositories   = { europe-west3 = "projects/p-test/locations/europe-west3/repositories/strongroom" }
}

run "name_is_rejected" {
  command = plan
  variables {
    name = "Uploads"
  }
  expect_failures = [var.name]
}

run "account_id_is_rejected" {
  command = plan
  variables {
    account_id = "fn"
  }
  expect_failures = [var.account_id]
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

run "an_old_runtime_is_rejected" {
  command = plan
  variables {
    runtime = "go125"
  }
  expect_failures = [var.runtime]
}

run "another_language_is_rejected" {
  command = plan
  variables {
    runtime = "nodejs24"
  }
  expect_failures = [var.runtime]
}

run "code_without_a_hash_is_rejected" {
  command = plan
  variables {
    source_zip = { bucket = "b", object = "uploads.zip" }
  }
  expect_failures = [var.source_zip]
}

run "a_build_account_that_is_an_email_is_rejected" {
  command = plan
  variables {
    build_account = "builder@p-test.iam.gserviceaccount.com"
  }
  expect_failures = [var.build_account]
}

run "a_key_without_its_full_name_is_rejected" {
  command = plan
  variables {
    kms_keys = { europe-west3 = "runtime" }
  }
  expect_failures = [var.kms_keys]
}

run "a_repository_without_its_full_name_is_rejected" {
  command = plan
  variables {
    repositories = { europe-west3 = "strongroom" }
  }
  expect_failures = [var.repositories]
}

run "an_emulator_is_rejected" {
  command = plan
  variables {
    environment = { FIRESTORE_EMULATOR_HOST = "" }
  }
  expect_failures = [var.environment]
}

run "memory_without_a_unit_is_rejected" {
  command = plan
  variables {
    limits = { memory = "512" }
  }
  expect_failures = [var.limits]
}

run "no_concurrency_is_rejected" {
  command = plan
  variables {
    limits = { concurrency = 0 }
  }
  expect_failures = [var.limits]
}

run "concurrency_on_less_than_one_cpu_is_rejected" {
  command = plan
  variables {
    limits = { concurrency = 10, cpu = "0.5" }
  }
  expect_failures = [var.limits]
}

run "too_long_a_timeout_is_rejected" {
  command = plan
  variables {
    limits = { timeout_seconds = 3601 }
  }
  expect_failures = [var.limits]
}

run "unbounded_scaling_is_rejected" {
  command = plan
  variables {
    limits = { max_instances = 0 }
  }
  expect_failures = [var.limits]
}

run "min_instances_above_max_instances_is_rejected" {
  command = plan
  variables {
    limits = { min_instances = 5, max_instances = 2 }
  }
  expect_failures = [var.limits]
}

run "an_invoker_that_is_a_member_is_rejected" {
  command = plan
  variables {
    invokers = ["serviceAccount:a@b.c"]
  }
  expect_failures = [var.invokers]
}

run "a_tag_by_name_is_rejected" {
  command = plan
  variables {
    public_tag = { value = "strongroom-public/true" }
  }
  expect_failures = [var.public_tag]
}
