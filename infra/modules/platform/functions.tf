locals {
  # The only accounts that may call each function; if there are none, everybody may.
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
  source_zip     = { bucket = google_storage_bucket.code.name, object = google_storage_bucket_object.code[each.key].name }

  build_account     = google_service_account.builder.name
  build_environment = local.manifest.buildEnvironment
  worker_pool       = var.worker_pool
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

    STRONGROOM_PAGE_TOKEN_KEY = terraform_data.page_token_key.output
  }
  limits           = merge(each.value.limits, { for k, v in try(var.limits[each.key], {}) : k => v if v != null })
  invokers         = local.invokers[each.key]
  admit_everybody  = var.admit_everybody
  public_tag_value = var.public_tag_value

  depends_on = [
    google_kms_crypto_key_iam_member.agent,
    google_project_iam_member.builder_logs,
    google_project_iam_member.builder_sources,
    google_storage_bucket_iam_member.builder_code,
    google_artifact_registry_repository_iam_member.builder_images,
    google_service_account.caller,
  ]
}

# A schedule calls its function in the first region, with an account that has no
# other permission.
resource "google_cloud_scheduler_job" "this" {
  for_each = { for name, f in module.suite.functions : name => f if f.schedule != null }

  project          = var.project_id
  region           = coalesce(var.scheduler_region, local.primary)
  name             = each.key
  description      = "Calls the function ${each.key}"
  schedule         = each.value.schedule
  time_zone        = "Etc/UTC"
  attempt_deadline = "300s"

  retry_config {
    retry_count = 0 # the next scheduled call is the retry
  }
  http_target {
    http_method = "POST"
    uri         = "${module.function[each.key].uris[local.primary]}/"
    oidc_token {
      service_account_email = module.suite.accounts.scheduler
      audience              = module.function[each.key].uris[local.primary]
    }
  }

  depends_on = [google_service_account_iam_member.token]
}
