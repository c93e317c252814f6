run "settings_have_all_names" {
  command = apply
  variables {
    tenants = {
      acme = {
        outputs = { keep_days = 7 }
        trust   = [{ issuer = "https://acme.example", jwks_url = "https://acme.example/keys", rules = [{ claims = { sub = "a" }, role = "admin" }] }]
      }
      globex = { leaving = true, without_certificate = true, project_id = "p-globex", project_number = "42", workspaces = { prod = { members = [{ issuer = "https://globex.example", subject = "b" }] } } }
    }
    retired_slugs = ["initech"]
  }
  assert {
    condition     = output.tenants.acme.outputs.keep_days == 7 && output.tenants.acme.exports == null && output.tenants.acme.leaving == false && output.tenants.globex.leaving
    error_message = "A setting that is not given must be null, so that the tenant module's default applies."
  }
  assert {
    condition     = join(",", output.other_project_numbers) == "42"
    error_message = "The projects of tenants must be known to the platform."
  }
}

run "no_tenant_is_accepted" {
  command = apply
  variables {
    tenants = {}
  }
  assert {
    condition     = length(output.tenants) == 0
    error_message = "There must be no tenant."
  }
}

run "a_setting_that_does_not_exist_is_rejected" {
  command = plan
  variables {
    tenants = { acme = { exprots = { keep_days = 1 } } }
  }
  expect_failures = [output.tenants]
}

run "a_setting_of_retention_that_does_not_exist_is_rejected" {
  command = plan
  variables {
    tenants = { acme = { exports = { keep_day = 1 } } }
  }
  expect_failures = [output.tenants]
}

run "a_setting_of_a_model_that_does_not_exist_is_rejected" {
  command = plan
  variables {
    tenants = { acme = { model = { project_id = "their-models", location = "europe-west4", model = "gemini-3.5-pro" } } }
  }
  expect_failures = [output.tenants]
}

run "a_setting_of_a_rule_that_does_not_exist_is_rejected" {
  command = plan
  variables {
    tenants = { acme = { trust = [{ issuer = "https://acme.example", jwks_url = "https://acme.example/keys", rules = [{ claims = { sub = "a" }, role = "runner", workspace = ["prod"] }] }] } }
  }
  expect_failures = [output.tenants]
}

run "a_setting_of_a_member_that_does_not_exist_is_rejected" {
  command = plan
  variables {
    tenants = { acme = { workspaces = { prod = { members = [{ issuer = "https://acme.example", sub = "a" }] } } } }
  }
  expect_failures = [output.tenants]
}

run "a_slug_that_was_used_before_is_rejected" {
  command = plan
  variables {
    tenants       = { acme = {} }
    retired_slugs = ["acme"]
  }
  expect_failures = [output.tenants]
}

run "a_tenant_with_its_final_certificate_may_leave" {
  command = plan
  variables {
    tenants = { acme = { leaving = true, final_certificate = "tests/final.certificate" } }
  }
  assert {
    condition     = output.tenants.acme.leaving
    error_message = "The final certificate must let the tenant leave."
  }
}

run "a_tenant_without_a_certificate_may_not_leave" {
  command = plan
  variables {
    tenants = { acme = { leaving = true } }
  }
  expect_failures = [output.tenants]
}

run "a_certificate_that_does_not_exist_is_rejected" {
  command = plan
  variables {
    tenants = { acme = { leaving = true, final_certificate = "tests/no.certificate" } }
  }
  expect_failures = [output.tenants]
}

run "the_certificate_of_another_tenant_is_rejected" {
  command = plan
  variables {
    tenants = { globex = { leaving = true, final_certificate = "tests/final.certificate" } }
  }
  expect_failures = [output.tenants]
}

run "an_interim_certificate_is_rejected" {
  command = plan
  variables {
    tenants = { acme = { leaving = true, final_certificate = "tests/interim.certificate" } }
  }
  expect_failures = [output.tenants]
}

run "a_certificate_with_a_key_that_is_left_is_rejected" {
  command = plan
  variables {
    tenants = { acme = { leaving = true, final_certificate = "tests/key-left.certificate" } }
  }
  expect_failures = [output.tenants]
}

run "a_certificate_with_an_object_that_is_left_is_rejected" {
  command = plan
  variables {
    tenants = { acme = { leaving = true, final_certificate = "tests/object-left.certificate" } }
  }
  expect_failures = [output.tenants]
}
