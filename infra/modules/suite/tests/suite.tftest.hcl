variables {
  project_id     = "p-test"
  project_number = "123456789012"
  location       = "europe-west3"
}

run "a_tenant_in_another_project_has_the_names_of_that_project" {
  command = plan
  variables {
    tenants = { acme = { project_id = "p-other", project_number = "42", location = "eur4" } }
  }

  assert {
    condition     = output.tenants.acme.key == "projects/p-other/locations/eur4/keyRings/tenant-acme/cryptoKeys/data"
    error_message = "The key must be in the other project: ${output.tenants.acme.key}"
  }
  assert {
    condition     = output.tenant_bindings.acme["agent-storage roles/cloudkms.cryptoKeyEncrypterDecrypter tenant.key"].member == "service-42@gs-project-accounts.iam.gserviceaccount.com"
    error_message = "The other project's Cloud Storage must be able to use the key."
  }
  assert {
    condition     = output.tenant_bindings.acme["uploads strongroom.blobSigner tenant.signingAccount"].member == "fn-uploads@p-test.iam.gserviceaccount.com"
    error_message = "The platform's function uploads must be able to sign."
  }
}

run "a_tenant_without_an_audit_topic_has_no_binding_on_one" {
  command = plan
  variables {
    tenants = { with = { audit_topic = "projects/theirs/topics/audit" }, without = {} }
  }
  assert {
    condition     = [for slug, all in output.tenant_bindings : slug if anytrue([for b in all : b.on == "tenant.auditTopic"])] == ["with"]
    error_message = "The role on an audit topic must exist for the tenant that has one, and for no other."
  }
}

run "a_tenant_without_a_signing_key_has_no_binding_on_one" {
  command = plan
  variables {
    tenants = { with = { signing_key = true }, without = {} }
  }

  assert {
    condition     = [for slug, all in output.tenant_bindings : slug if anytrue([for b in all : b.on == "tenant.signingKey"])] == ["with"]
    error_message = "Only the tenant with a signing key may have a binding on it."
  }
}

run "a_tenant_without_its_own_database_has_no_binding_on_one" {
  command = plan
  variables {
    tenants = {
      with    = { own_database = true, project_id = "p-other", project_number = "42" }
      without = { project_id = "p-other", project_number = "42" }
    }
  }

  assert {
    condition     = [for slug, all in output.tenant_bindings : slug if anytrue([for b in all : b.on == "tenant.database"])] == ["with"]
    error_message = "Only the tenant with a database of its own may have a binding on one."
  }
  assert {
    condition     = { for key, b in output.tenant_bindings.with : b.resource => b.member if b.on == "tenant.database" && strcontains(b.role, "roles/datastore.user") && startswith(key, "offboarding ") } == { "projects/p-other/databases/tenant-with" = "fn-offboarding@p-test.iam.gserviceaccount.com" }
    error_message = "The database must be in the tenant's project, and offboarding must be able to delete its documents."
  }
  assert {
    condition     = [for slug, roles in output.tenant_custom_roles : slug if anytrue([for id in keys(roles) : startswith(id, "strongroom.documentWriter")])] == ["with"]
    error_message = "The role that writes documents must exist in the other project if it has a database of the tenant."
  }
  assert {
    condition     = output.tenants.with.database == "tenant-with" && output.tenants.without.database == null
    error_message = "Only the tenant with a database of its own may have a name for one."
  }
}

run "a_function_has_the_limits_that_the_table_gives_and_no_others" {
  command = plan

  assert {
    condition     = jsonencode(output.functions.sweep.limits) == jsonencode({ concurrency = 1, max_instances = 1, timeout_seconds = 300 }) && length(output.functions.runs.limits) == 0
    error_message = "sweep must run alone, and runs must have the defaults: ${jsonencode(output.functions.sweep.limits)}"
  }
  assert {
    condition     = output.functions.sweep.late_after == 600 && output.functions.runs.late_after == null
    error_message = "Only schedules are late, after the time in suite.json."
  }
}

run "long_names_are_cut_and_remain_distinct" {
  command = plan
  variables {
    tenants = { "a-name-that-is-far-too-long-for-it-1" = {}, "a-name-that-is-far-too-long-for-it-2" = {} }
  }

  assert {
    condition     = length(distinct([for t in output.tenants : t.signing_account_id])) == 2 && alltrue([for t in output.tenants : length(t.signing_account_id) <= 30])
    error_message = "Account IDs must be distinct and have at most 30 characters."
  }
}
