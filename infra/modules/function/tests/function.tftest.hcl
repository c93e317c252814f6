mock_provider "google" {
  mock_resource "google_service_account" {
    defaults = { name = "projects/p-test/serviceAccounts/fn-uploads@p-test.iam.gserviceaccount.com" }
  }
}

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

run "a_function_for_everybody" {
  command = apply

  assert {
    condition     = google_cloudfunctions2_function.this["europe-west3"].service_config[0].ingress_settings == "ALLOW_INTERNAL_AND_GCLB"
    error_message = "Only the load balancer and internal callers may reach the function."
  }
  assert {
    condition     = google_cloudfunctions2_function.this["europe-west3"].service_config[0].all_traffic_on_latest_revision
    error_message = "A deployment outside a rollout must give all requests to the newest revision."
  }
  assert {
    condition     = google_cloud_run_v2_service_iam_member.everybody["europe-west3"].member == "allUsers"
    error_message = "IAM must admit everybody, because the function authenticates its callers."
  }
  assert {
    condition     = google_cloudfunctions2_function.this["europe-west3"].service_config[0].service_account_email == "fn-uploads@p-test.iam.gserviceaccount.com"
    error_message = "The function must run as its own account."
  }
  assert {
    condition     = google_cloudfunctions2_function.this["europe-west3"].service_config[0].max_instance_count == 20
    error_message = "The default for max_instances must be 20."
  }
  assert {
    condition     = google_cloudfunctions2_function.this["europe-west3"].service_config[0].environment_variables["GOMEMLIMIT"] == "460MiB"
    error_message = "GOMEMLIMIT must be 90 % of the default memory of 512Mi."
  }
  assert {
    condition     = output.account == "fn-uploads@p-test.iam.gserviceaccount.com"
    error_message = "The output account must be the function's service account."
  }
}

run "a_function_in_a_rollout" {
  command = plan
  variables {
    keep_traffic = true
  }

  assert {
    condition     = !google_cloudfunctions2_function.this["europe-west3"].service_config[0].all_traffic_on_latest_revision
    error_message = "A deployment in a rollout must leave the requests where they are."
  }
}

run "a_function_for_one_caller" {
  command = apply
  variables {
    invokers = ["pubsub-push@p-test.iam.gserviceaccount.com"]
  }

  assert {
    condition     = google_cloudfunctions2_function.this["europe-west3"].service_config[0].ingress_settings == "ALLOW_INTERNAL_ONLY"
    error_message = "Only internal callers may reach the function."
  }
  assert {
    condition     = length(google_cloud_run_v2_service_iam_member.everybody) == 0
    error_message = "IAM must not admit everybody."
  }
  assert {
    condition     = google_cloud_run_v2_service_iam_member.invoker["europe-west3 pubsub-push@p-test.iam.gserviceaccount.com"].member == "serviceAccount:pubsub-push@p-test.iam.gserviceaccount.com"
    error_message = "The caller must have roles/run.invoker."
  }
}

run "a_tag_exempts_the_service_from_the_domain_restriction" {
  command = apply
  variables {
    public_tag = { value = "tagValues/42" }
  }

  assert {
    condition     = google_tags_location_tag_binding.public["europe-west3"].parent == "//run.googleapis.com/projects/123456789012/locations/europe-west3/services/uploads"
    error_message = "The tag must be on the Cloud Run service."
  }
}

run "without_admit_everybody_all_users_have_no_role" {
  command = apply
  variables {
    admit_everybody = false
  }

  assert {
    condition     = length(google_cloud_run_v2_service_iam_member.everybody) == 0
    error_message = "allUsers must have no role."
  }
}

run "two_regions_share_one_account" {
  command = apply
  variables {
    regions      = ["europe-west3", "europe-west4"]
    kms_keys     = { for r in ["europe-west3", "europe-west4"] : r => "projects/p-test/locations/${r}/keyRings/platform/cryptoKeys/runtime" }
    repositories = { for r in ["europe-west3", "europe-west4"] : r => "projects/p-test/locations/${r}/repositories/strongroom" }
  }

  assert {
    condition     = length(google_cloudfunctions2_function.this) == 2 && length(output.uris) == 2
    error_message = "The function must be in both regions."
  }
}

run "the_memory_limit_of_go_follows_the_memory" {
  command = plan
  variables {
    limits = { memory = "2Gi" }
  }

  assert {
    condition     = google_cloudfunctions2_function.this["europe-west3"].service_config[0].environment_variables["GOMEMLIMIT"] == "1843MiB"
    error_message = "GOMEMLIMIT must be 90 % of 2Gi."
  }
}
