variables {
  project_id     = "p-test"
  project_number = "123456789012"
  location       = "europe-west3"
}

run "a_key_that_is_not_ed25519_is_rejected" {
  command = plan
  variables {
    log_public_keys = { "1" = "-----BEGIN PUBLIC KEY-----\nMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE\n-----END PUBLIC KEY-----\n" }
  }
  expect_failures = [var.log_public_keys]
}

run "a_project_id_in_capitals_is_rejected" {
  command = plan
  variables {
    project_id = "P-TEST"
  }
  expect_failures = [var.project_id]
}

run "a_project_number_with_letters_is_rejected" {
  command = plan
  variables {
    project_number = "p-test"
  }
  expect_failures = [var.project_number]
}

run "a_location_in_capitals_is_rejected" {
  command = plan
  variables {
    location = "EU"
  }
  expect_failures = [var.location]
}

run "a_slug_with_a_slash_is_rejected" {
  command = plan
  variables {
    tenants = { "a/b" = {} }
  }
  expect_failures = [var.tenants]
}

run "a_slug_in_capitals_is_rejected" {
  command = plan
  variables {
    tenants = { "A" = {} }
  }
  expect_failures = [var.tenants]
}

run "a_project_without_its_number_is_rejected" {
  command = plan
  variables {
    tenants = { a = { project_id = "p-other" } }
  }
  expect_failures = [var.tenants]
}
