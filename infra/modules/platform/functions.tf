locals {
  default_limits = { for k, v in var.default_limits : k => v if v != null }

  # The only accounts that may call each function; if none exist, everybody may.
  invokers = {
    for name, f in module.suite.functions : name =>
    toset([for b in module.suite.invoker_bindings : b.member if b.resource == "functions/${name}"])
  }
}

# The key that authenticates page tokens. Who knows it can make up a page token,
# which grants no access, so it may be in the state and in the environment.
# Replacing it makes the page tokens of the moment invalid, and nothing else.
resource "terraform_data" "page_token_key" {
  input = "${uuid()}${uuid()}"
  lifecycle {
    ignore_changes = [input] # uuid() returns another value in every plan
  }
}

module "function" {
  source   = "../function"
  for_each = module.suite.functions

  project_id     = var.project_id
  project_number = local.project_number
  name           = each.key
  account_id     = each.value.account_id
  regions        = var.regions
  entry_point    = each.value.entry_point
  runtime        = coalesce(var.runtime, local.manifest.runtime)
  keep_traffic   = var.keep_traffic
  source_zip     = { bucket = google_storage_bucket.code.name, object = google_storage_bucket_object.code[each.key].name }

  build_account     = google_service_account.builder.name
  build_environment = local.manifest.buildEnvironment
  worker_pools      = var.worker_pools
  subnetworks       = var.subnetworks
  kms_keys          = { for region in var.regions : region => google_kms_crypto_key.this["runtime ${region}"].id }
  repositories      = { for region in var.regions : region => google_artifact_registry_repository.images[region].id }

  environment = {
    GOOGLE_CLOUD_PROJECT = var.project_id
    STRONGROOM_AUDIENCE  = local.audience
    STRONGROOM_AUDIT_KEY = google_kms_crypto_key.this["audit"].id
    STRONGROOM_LOG_KEY   = google_kms_crypto_key.log.id
    STRONGROOM_HOST      = var.domain

    STRONGROOM_PLATFORM_AUDIT_BUCKET = "${var.project_id}-audit"

    STRONGROOM_MANIFEST_KEY  = google_kms_crypto_key.manifest.id
    STRONGROOM_EXPORT_READER = module.suite.accounts.export_reader

    STRONGROOM_CONSENT_KEY                = google_kms_crypto_key.consent.id
    STRONGROOM_CERTIFICATE_KEY            = google_kms_crypto_key.certificate.id
    STRONGROOM_MODEL_PROJECT              = try(var.model.project_id, "")
    STRONGROOM_MODEL_LOCATION             = try(var.model.location, "")
    STRONGROOM_MODEL                      = try(var.model.name, "")
    STRONGROOM_MODEL_ABUSE_LOGGING_EXEMPT = tostring(try(var.model.abuse_logging_exempt, false))
    STRONGROOM_MODEL_CACHE_DISABLED       = tostring(try(var.model.cache_disabled, false))

    STRONGROOM_CONSOLE_URL     = "https://${var.domain}"
    STRONGROOM_CONSOLE_SIGN_IN = local.console_sign_in_dir

    STRONGROOM_PAGE_TOKEN_KEY = terraform_data.page_token_key.output
  }
  limits = merge(
    each.value.limits, local.default_limits,
    # The default does not raise the number of instances of a function for which fewer are enough.
    try({ max_instances = min(each.value.limits.max_instances, local.default_limits.max_instances) }, {}),
    { for k, v in try(var.limits[each.key], {}) : k => v if v != null },
  )

  invokers = local.invokers[each.key]

  secret_environment = each.key == "console" ? local.console_environment : {}
  secret_files       = each.key == "console" ? local.console_files : {}

  admit_everybody = var.admit_everybody
  public_tag      = var.public_tag

  depends_on = [
    google_kms_crypto_key_iam_member.agent,
    google_project_iam_member.service_agent,
    google_project_iam_member.builder_logs,
    google_project_iam_member.builder_sources,
    google_storage_bucket_iam_member.builder_code,
    google_artifact_registry_repository_iam_member.builder_images,
    google_service_account.caller,
    google_secret_manager_secret_iam_member.console,
  ]
}

# A schedule calls its function with an account that has no other permission. Each
# region has the job, and only that of the first region is not paused. So failing over
# creates and deletes nothing, and needs nothing in the region that is down.
resource "google_cloud_scheduler_job" "this" {
  for_each = {
    for pair in setproduct([for name, f in module.suite.functions : name if f.schedule != null], var.regions) :
    "${pair[0]} ${pair[1]}" => { function = pair[0], region = pair[1] }
  }

  project          = var.project_id
  region           = lookup(var.scheduler_regions, each.value.region, each.value.region)
  name             = each.value.region == local.home_region ? each.value.function : "${each.value.function}-${each.value.region}"
  description      = "Calls the function ${each.value.function} in ${each.value.region}"
  schedule         = module.suite.functions[each.value.function].schedule
  paused           = each.value.region != local.primary
  time_zone        = "Etc/UTC"
  attempt_deadline = "300s"

  retry_config {
    retry_count = 0 # the next scheduled call is the retry
  }
  http_target {
    http_method = "POST"
    uri         = "${module.function[each.value.function].uris[each.value.region]}/"
    oidc_token {
      service_account_email = module.suite.accounts.scheduler
      audience              = module.function[each.value.function].uris[each.value.region]
    }
  }

  depends_on = [google_service_account_iam_member.token, google_project_iam_member.service_agent]
}
