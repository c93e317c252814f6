mock_provider "google-beta" {}

mock_provider "google" {
  source = "tests/mocks"
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

run "one_region" {
  command = apply

  assert {
    condition = merge(
      { for key, b in google_project_iam_member.database : key => "${b.member} ${b.role}" },
      { for key, b in google_kms_crypto_key_iam_member.audit : key => "${b.member} ${b.role}" },
      { for key, b in google_kms_crypto_key_iam_member.log : key => "${b.member} ${b.role}" },
      { for key, b in google_kms_crypto_key_iam_member.manifest : key => "${b.member} ${b.role}" },
      { for key, b in google_kms_crypto_key_iam_member.certificate : key => "${b.member} ${b.role}" },
      { for key, b in google_kms_crypto_key_iam_member.consent : key => "${b.member} ${b.role}" },
      { for key, b in google_kms_crypto_key_iam_member.sign_in : key => "${b.member} ${b.role}" },
      { for key, b in google_project_iam_member.model : key => "${b.member} ${b.role}" },
      { for key, b in google_service_account_iam_member.export_reader : key => "${b.member} ${b.role}" },
      { for key, b in google_storage_bucket_iam_member.audit : key => "${b.member} ${b.role}" },
      { for key, b in google_pubsub_topic_iam_member.this : key => "${b.member} ${b.role}" },
      { for key, b in google_pubsub_subscription_iam_member.this : key => "${b.member} ${b.role}" },
    ) == { for key, b in module.suite.platform_bindings : key => "serviceAccount:${b.member} ${b.role}" }
    error_message = "The bindings must be those of suite.json."
  }
  assert {
    condition     = google_pubsub_subscription_iam_member.this["replay roles/pubsub.subscriber deadLetters.run-events"].subscription == "run-events-dead"
    error_message = "replay must be able to read the dead letters."
  }
  assert {
    condition = alltrue([for key, b in google_project_iam_member.database : b.condition[0].expression ==
      (module.suite.platform_bindings[key].on == "directory" ? "resource.name == \"projects/p-test/databases/directory\"" : "resource.name == \"projects/p-test/databases/(default)\"")
    ])
    error_message = "A role on a database must not apply to another database."
  }
  assert {
    condition     = toset([for key, b in google_project_iam_member.database : b.member if module.suite.platform_bindings[key].on == "directory" && b.role != "roles/datastore.viewer"]) == toset(["serviceAccount:fn-tenants@p-test.iam.gserviceaccount.com"])
    error_message = "No function but tenants may write to the directory."
  }
  assert {
    condition     = { for id, r in google_project_iam_custom_role.this : id => r.permissions } == { for id, r in module.suite.custom_roles : id => toset(r.permissions) }
    error_message = "The custom roles must be those of suite.json."
  }
  assert {
    condition     = alltrue([for k in values(google_kms_crypto_key.this) : k.rotation_period == "7776000s" && k.deletion_policy == "PREVENT"]) && length(google_kms_crypto_key.this) == 6
    error_message = "There must be 6 keys, which rotate every 90 days and cannot be deleted."
  }
  assert {
    condition     = google_kms_crypto_key.log.purpose == "ASYMMETRIC_SIGN" && google_kms_crypto_key.log.version_template[0].algorithm == "EC_SIGN_ED25519" && google_kms_crypto_key.log.deletion_policy == "PREVENT"
    error_message = "The log key must sign with Ed25519."
  }
  assert {
    condition     = google_storage_bucket.audit.name == "p-test-audit" && google_storage_bucket.audit.retention_policy[0].retention_period == "34560000" && google_storage_bucket.audit.encryption[0].default_kms_key_name == google_kms_crypto_key.this["audit"].id
    error_message = "The platform's audit log must be under the audit key and retained for 400 days."
  }
  assert {
    condition     = toset(keys(google_kms_crypto_key_iam_member.agent)) == toset(["firestore database", "pubsub messages", "storage code", "logging logs", "artifactregistry runtime europe-west3", "eventarc runtime europe-west3", "functions runtime europe-west3", "run runtime europe-west3", "storage runtime europe-west3"])
    error_message = "Google's service agents must have exactly the keys that they need."
  }
  assert {
    condition     = toset([for m in google_project_iam_member.service_agent : "${m.member} ${m.role}"]) == toset([for agent, role in local.agent_roles : "serviceAccount:${local.agents[agent]} ${role}"]) && google_project_iam_member.service_agent["functions"].role == "roles/cloudfunctions.serviceAgent"
    error_message = "Google's service agents must have their own roles, because Google grants them to none that Terraform creates."
  }
  assert {
    condition     = google_logging_project_exclusion.audit.filter == "logName:\"cloudaudit.googleapis.com%2Fdata_access\""
    error_message = "Data access logs must not be in a bucket under Google's own key."
  }
  assert {
    condition     = alltrue([for p in google_monitoring_alert_policy.query : p.conditions[0].condition_prometheus_query_language[0].disable_metric_validation]) && alltrue([for p in google_monitoring_alert_policy.threshold : !strcontains(p.conditions[0].condition_threshold[0].filter, "logging.googleapis.com/user")])
    error_message = "No alert may need a metric that exists only after the first log line."
  }
  assert {
    condition     = google_monitoring_alert_policy.query["audit-publication-delay"].conditions[0].condition_prometheus_query_language[0].query == "histogram_quantile(0.99, sum by (le) (increase(logging_googleapis_com:user_strongroom_audit_publication_delay_bucket{monitored_resource=\"cloud_run_revision\"}[1m]))) > 600"
    error_message = "The name of a metric in PromQL has a colon after the service, and underscores."
  }
  assert {
    condition     = google_pubsub_subscription.push["custody"].dead_letter_policy[0].dead_letter_topic == google_pubsub_topic.dead["object-events"].id && google_pubsub_subscription.dead["object-events"].topic == google_pubsub_topic.dead["object-events"].id
    error_message = "A subscription must keep the messages that cannot be delivered."
  }
  assert {
    condition     = endswith(google_pubsub_subscription.push["custody"].push_config[0].push_endpoint, "/projects/p-test/topics/object-events") && google_pubsub_subscription.push["custody"].push_config[0].oidc_token[0].service_account_email == "pubsub-push@p-test.iam.gserviceaccount.com"
    error_message = "Pub/Sub must call custody as pubsub-push, with the topic in the path."
  }
  assert {
    condition = (endswith(google_pubsub_subscription.push["custody-replayed"].push_config[0].push_endpoint, "/projects/p-test/topics/replayed-object-events")
      && google_pubsub_subscription.push["custody-replayed"].dead_letter_policy[0].dead_letter_topic == google_pubsub_topic.dead["object-events"].id
    && toset(keys(google_pubsub_topic.dead)) == module.suite.dead_letters && contains(module.suite.dead_letters, "object-events"))
    error_message = "Replayed messages must have a topic and a subscription of their own, and the dead letters of the original topic."
  }
  assert {
    condition     = google_cloud_scheduler_job.this["sweep europe-west3"].schedule == "* * * * *" && google_cloud_scheduler_job.this["sweep europe-west3"].http_target[0].oidc_token[0].service_account_email == "scheduler@p-test.iam.gserviceaccount.com"
    error_message = "The scheduler must call sweep every minute as scheduler."
  }
  assert {
    condition     = google_cloud_scheduler_job.this["reseal europe-west3"].schedule == "23 * * * *" && google_cloud_scheduler_job.this["reseal europe-west3"].attempt_deadline == "300s"
    error_message = "The scheduler must call reseal every hour, and wait longer than reseal works."
  }
  assert {
    condition     = { for name, policy in google_monitoring_alert_policy.absent : name => policy.conditions[0].condition_absent[0].duration } == { for name, f in module.suite.functions : name => "${f.late_after}s" if f.schedule != null }
    error_message = "Every schedule must have an alert, after the time in suite.json."
  }
  assert {
    condition     = strcontains(google_monitoring_alert_policy.line["exports-failed"].conditions[0].condition_matched_log[0].filter, "jsonPayload.message=\"export failed\"") && endswith(google_monitoring_alert_policy.query["export-stall"].conditions[0].condition_prometheus_query_language[0].query, " > 3600")
    error_message = "An export that fails, or makes no progress for an hour, must raise an alert."
  }
  assert {
    condition     = google_monitoring_alert_policy.absent["sweep"].conditions[0].condition_absent[0].duration == "600s"
    error_message = "The alert on sweep must fire after ten minutes."
  }
  assert {
    condition     = { for r in google_compute_url_map.this.path_matcher[0].route_rules : r.match_rules[0].path_template_match => r.priority } == { for r in module.suite.path_rules : r.template => r.priority }
    error_message = "The paths of the URL map must be those of suite.json."
  }
  assert {
    condition     = google_firestore_database.directory.delete_protection_state == "DELETE_PROTECTION_ENABLED" && google_firestore_database.directory.point_in_time_recovery_enablement == "POINT_IN_TIME_RECOVERY_ENABLED" && module.database.name == "(default)"
    error_message = "The directory must have delete protection and point-in-time recovery, like the database of the module database."
  }
  assert {
    condition = (
      one([for r in google_compute_security_policy.this[0].rule : r.rate_limit_options[0].rate_limit_threshold[0].count if r.action == "throttle"]) == 600 &&
      alltrue([for b in values(google_compute_backend_service.this) : b.security_policy == google_compute_security_policy.this[0].id])
    )
    error_message = "By default, every backend must have a rate limit of 600 requests a minute from one address."
  }
  assert {
    condition     = length(google_compute_backend_service.this["runs"].outlier_detection) == 0
    error_message = "With one region, there must be no outlier detection."
  }
}

run "two_regions_with_a_multi_region_database" {
  command = apply
  variables {
    location          = "eur4"
    database_location = "eur3"
    regions           = ["europe-west4", "europe-north1"]
    rate_limit        = { requests = 100 }
    staff             = [{ issuer = "https://staff.example", jwks_url = "https://staff.example/keys", rules = [{ claims = { hd = "example.com" }, role = "platform" }] }]
  }

  assert {
    condition     = module.database.location == "eur3" && google_kms_key_ring.platform["europe"].location == "europe"
    error_message = "The key for eur3 must be in europe."
  }
  assert {
    condition     = length(google_compute_backend_service.this["runs"].backend) == 2 && length(google_compute_backend_service.this["runs"].outlier_detection) == 1
    error_message = "Both regions must serve, and the load balancer must exclude a failing one."
  }
  assert {
    condition     = google_compute_security_policy.this[0].type == "CLOUD_ARMOR"
    error_message = "There must be a rate limit."
  }
  assert {
    condition     = jsondecode(google_firestore_document.staff[0].fields).trust.arrayValue.values[0].mapValue.fields.issuer.stringValue == "https://staff.example"
    error_message = "The document for staff must have the issuer."
  }
  assert {
    condition     = { for key, job in google_cloud_scheduler_job.this : key => "${job.region} ${job.name} ${job.paused}" if startswith(key, "sweep ") } == { "sweep europe-west4" = "europe-west4 sweep-europe-west4 false", "sweep europe-north1" = "europe-north1 sweep true" }
    error_message = "Each region must have its schedules, and only those of the first region must run."
  }
  assert {
    condition     = google_storage_bucket.code.location == "eur4" && google_logging_project_bucket_config.audit.location == "europe-north1"
    error_message = "Code and logs must not be where the order of the regions says."
  }
}

run "failing_over_moves_only_events_and_schedules" {
  command = apply
  variables {
    location          = "eur4"
    database_location = "eur3"
    regions           = ["europe-north1", "europe-west4"]
    rate_limit        = { requests = 100 }
    staff             = [{ issuer = "https://staff.example", jwks_url = "https://staff.example/keys", rules = [{ claims = { hd = "example.com" }, role = "platform" }] }]
  }

  assert {
    condition     = { for key, job in google_cloud_scheduler_job.this : key => "${job.region} ${job.name} ${job.paused}" if startswith(key, "sweep ") } == { "sweep europe-west4" = "europe-west4 sweep-europe-west4 true", "sweep europe-north1" = "europe-north1 sweep false" }
    error_message = "The schedules of the other region must run."
  }
  assert {
    condition     = google_storage_bucket.code.location == "eur4" && google_logging_project_bucket_config.audit.location == "europe-north1"
    error_message = "Code and logs must stay where they are."
  }
}

run "only_the_functions_that_send_may_use_the_model" {
  command = plan
  variables {
    model = { project_id = "p-models", location = "europe-west3", name = "gemini-3.5-flash" }
  }

  assert {
    condition = { for b in values(google_project_iam_member.model) : b.member => "${b.project} ${b.role}" } == {
      "serviceAccount:fn-assistants@p-test.iam.gserviceaccount.com" = "p-models roles/aiplatform.user"
      "serviceAccount:fn-catalog@p-test.iam.gserviceaccount.com"    = "p-models roles/aiplatform.user"
    }
    error_message = "Only assistants and catalog may use the model: ${jsonencode(google_project_iam_member.model)}"
  }
  assert {
    condition     = [for b in values(google_kms_crypto_key_iam_member.consent) : b.member if b.role == "roles/cloudkms.signer"] == ["serviceAccount:fn-consents@p-test.iam.gserviceaccount.com"]
    error_message = "Only consents may sign halves of consents."
  }
}

run "the_rate_limit_can_be_turned_off" {
  command = apply
  variables {
    rate_limit = null
  }

  assert {
    condition     = length(google_compute_security_policy.this) == 0
    error_message = "Without a rate limit, there must be no Cloud Armor policy."
  }
}

run "deletion_can_be_allowed" {
  command = apply
  variables {
    deletion_policy        = "DELETE"
    ttl_fields             = { applied = "expires" }
    tenant_project_numbers = ["42"]
  }

  assert {
    condition     = google_firestore_database.directory.delete_protection_state == "DELETE_PROTECTION_DISABLED"
    error_message = "The database must not have delete protection."
  }
  assert {
    condition     = google_pubsub_topic_iam_member.other_project["42"].member == "serviceAccount:service-42@gs-project-accounts.iam.gserviceaccount.com"
    error_message = "Buckets in the other project must be able to publish notifications."
  }
}

run "the_console_mounts_its_secrets" {
  command = apply
  variables {
    console = { cookie_key_secret = "console-cookies", sign_in_secrets = { acme = "sign-in-acme" } }
  }

  assert {
    condition     = toset(keys(google_secret_manager_secret_iam_member.console)) == toset(["console-cookies", "sign-in-acme"])
    error_message = "The console must be able to read its own secrets and no other."
  }
  assert {
    condition     = alltrue([for m in google_secret_manager_secret_iam_member.console : m.member == "serviceAccount:fn-console@p-test.iam.gserviceaccount.com"])
    error_message = "Only the console's account may read the secrets."
  }
  assert {
    condition     = [for m in google_kms_crypto_key_iam_member.sign_in : "${m.role} ${m.member}"] == ["roles/cloudkms.signer serviceAccount:fn-console@p-test.iam.gserviceaccount.com"]
    error_message = "Only the console's account may sign with the sign-in key, and do nothing else with it."
  }
  assert {
    condition     = length([for b in local.bindings : b if b.member == "fn-console@p-test.iam.gserviceaccount.com"]) == 1
    error_message = "The console's account has no other role."
  }
}
