variables {
  record = {
    id           = "acme", project_id = "p-test", location = "l", outputs_bucket = "o", configs_bucket = "c", exports_bucket = "e"
    audit_bucket = "a", key_name = "k", signing_account = "s"
  }
}

run "a_third_state_is_rejected" {
  command = plan
  variables {
    record = { id = "a", state = "gone", project_id = "p", location = "l", outputs_bucket = "o", configs_bucket = "c", exports_bucket = "e"
    audit_bucket = "a", key_name = "k", signing_account = "s" }
  }
  expect_failures = [var.record]
}

run "a_long_lifetime_is_rejected" {
  command = plan
  variables {
    record = { id = "a", upload_lifetime_seconds = 901, project_id = "p", location = "l", outputs_bucket = "o", configs_bucket = "c", exports_bucket = "e"
    audit_bucket = "a", key_name = "k", signing_account = "s" }
  }
  expect_failures = [var.record]
}

run "a_negative_quota_is_rejected" {
  command = plan
  variables {
    record = { id = "a", quotas = { runs_per_day = -1 }, project_id = "p", location = "l", outputs_bucket = "o", configs_bucket = "c", exports_bucket = "e"
    audit_bucket = "a", key_name = "k", signing_account = "s" }
  }
  expect_failures = [var.record]
}

run "a_part_of_a_quota_is_rejected" {
  command = plan
  variables {
    record = { id = "a", workspace_quotas = { bytes_per_day = 0.5 }, project_id = "p", location = "l", outputs_bucket = "o", configs_bucket = "c", exports_bucket = "e"
    audit_bucket = "a", key_name = "k", signing_account = "s" }
  }
  expect_failures = [var.record]
}

run "an_issuer_without_a_name_is_rejected" {
  command = plan
  variables {
    trust = [{ issuer = "", jwks_url = "https://i/keys", rules = [{ claims = { a = "b" }, role = "viewer" }] }]
  }
  expect_failures = [var.trust]
}

run "an_issuer_without_keys_is_rejected" {
  command = plan
  variables {
    trust = [{ issuer = "https://i", jwks_url = "", rules = [{ claims = { a = "b" }, role = "viewer" }] }]
  }
  expect_failures = [var.trust]
}

run "an_empty_key_set_is_rejected" {
  command = plan
  variables {
    trust = [{ issuer = "https://i", jwks_url = "https://i/keys", rules = [{ claims = { a = "b" }, role = "viewer" }], jwks = "{\"keys\":[]}" }]
  }
  expect_failures = [var.trust]
}

run "a_key_set_that_is_no_json_is_rejected" {
  command = plan
  variables {
    trust = [{ issuer = "https://i", jwks_url = "https://i/keys", rules = [{ claims = { a = "b" }, role = "viewer" }], jwks = "keys" }]
  }
  expect_failures = [var.trust]
}

run "keys_without_tls_are_rejected" {
  command = plan
  variables {
    trust = [{ issuer = "https://i", jwks_url = "http://i/keys", rules = [{ claims = { a = "b" }, role = "viewer" }] }]
  }
  expect_failures = [var.trust]
}

run "keys_behind_a_password_are_rejected" {
  command = plan
  variables {
    trust = [{ issuer = "https://i", jwks_url = "https://a:b@i/keys", rules = [{ claims = { a = "b" }, role = "viewer" }] }]
  }
  expect_failures = [var.trust]
}

run "a_rule_without_claims_is_rejected" {
  command = plan
  variables {
    trust = [{ issuer = "https://i", jwks_url = "https://i/keys", rules = [{ claims = {}, role = "viewer" }] }]
  }
  expect_failures = [var.trust]
}

run "an_unknown_role_is_rejected" {
  command = plan
  variables {
    trust = [{ issuer = "https://i", jwks_url = "https://i/keys", rules = [{ claims = { a = "b" }, role = "root" }] }]
  }
  expect_failures = [var.trust]
}

run "a_runner_without_workspaces_is_rejected" {
  command = plan
  variables {
    trust = [{ issuer = "https://i", jwks_url = "https://i/keys", rules = [{ claims = { a = "b" }, role = "runner" }] }]
  }
  expect_failures = [var.trust]
}

run "a_workspace_with_a_slash_is_rejected" {
  command = plan
  variables {
    workspaces = { "a/b" = {} }
  }
  expect_failures = [var.workspaces]
}
