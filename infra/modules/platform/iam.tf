# The roles of suite.json, each on one resource. The names of the members are known
# before Terraform creates them, so a plan shows every binding.

locals {
  bindings = module.suite.platform_bindings
  topics   = { for topic in module.suite.topics : "topic.${topic}" => topic }
  databases = {
    database  = module.database.name
    directory = google_firestore_database.directory.name
  }
  letters = { for topic in module.suite.dead_letters : "deadLetters.${topic}" => topic }
}

# Roles that Google does not predefine, because each predefined role with these
# permissions has more.
resource "google_project_iam_custom_role" "this" {
  for_each = module.suite.custom_roles

  project     = var.project_id
  role_id     = each.key
  title       = each.value.title
  permissions = each.value.permissions
}

# A role on a database is a role on the project with a condition:
# cloud.google.com/firestore/docs/manage-databases.
resource "google_project_iam_member" "database" {
  for_each = { for key, b in local.bindings : key => b if contains(keys(local.databases), b.on) }

  project = var.project_id
  role    = each.value.role
  member  = "serviceAccount:${each.value.member}"

  condition {
    title      = "platform-${each.value.on}"
    expression = "resource.name == \"projects/${var.project_id}/databases/${local.databases[each.value.on]}\""
  }

  depends_on = [google_project_iam_custom_role.this, module.function]
}

resource "google_kms_crypto_key_iam_member" "audit" {
  for_each = { for key, b in local.bindings : key => b if b.on == "auditKey" }

  crypto_key_id = google_kms_crypto_key.this["audit"].id
  role          = each.value.role
  member        = "serviceAccount:${each.value.member}"

  depends_on = [data.google_storage_project_service_account.this, module.function]
}

resource "google_kms_crypto_key_iam_member" "log" {
  for_each = { for key, b in local.bindings : key => b if b.on == "logKey" }

  crypto_key_id = google_kms_crypto_key.log.id
  role          = each.value.role
  member        = "serviceAccount:${each.value.member}"

  depends_on = [module.function]
}

resource "google_kms_crypto_key_iam_member" "manifest" {
  for_each = { for key, b in local.bindings : key => b if b.on == "manifestKey" }

  crypto_key_id = google_kms_crypto_key.manifest.id
  role          = each.value.role
  member        = "serviceAccount:${each.value.member}"

  depends_on = [module.function]
}

resource "google_kms_crypto_key_iam_member" "certificate" {
  for_each = { for key, b in local.bindings : key => b if b.on == "certificateKey" }

  crypto_key_id = google_kms_crypto_key.certificate.id
  role          = each.value.role
  member        = "serviceAccount:${each.value.member}"

  depends_on = [module.function]
}

resource "google_kms_crypto_key_iam_member" "consent" {
  for_each = { for key, b in local.bindings : key => b if b.on == "consentKey" }

  crypto_key_id = google_kms_crypto_key.consent.id
  role          = each.value.role
  member        = "serviceAccount:${each.value.member}"

  depends_on = [module.function]
}

resource "google_kms_crypto_key_iam_member" "sign_in" {
  for_each = { for key, b in local.bindings : key => b if b.on == "signInKey" }

  crypto_key_id = google_kms_crypto_key.sign_in.id
  role          = each.value.role
  member        = "serviceAccount:${each.value.member}"

  depends_on = [module.function]
}

# The functions that send may use the models of the platform's model project.
resource "google_project_iam_member" "model" {
  for_each = { for key, b in local.bindings : key => b if b.on == "modelProject" }

  project = var.model.project_id
  role    = each.value.role
  member  = "serviceAccount:${each.value.member}"

  depends_on = [module.function]
}

# The account that URLs of the files of exports act as. Each tenant's exports bucket
# lets it read objects. It has no key and no other role.
resource "google_service_account" "export_reader" {
  project      = var.project_id
  account_id   = "export-reader"
  display_name = "Strongroom reader of exports"
  depends_on   = [google_project_service.this]
}

resource "google_service_account_iam_member" "export_reader" {
  for_each = { for key, b in local.bindings : key => b if b.on == "exportReader" }

  service_account_id = google_service_account.export_reader.name
  role               = each.value.role
  member             = "serviceAccount:${each.value.member}"

  depends_on = [google_project_iam_custom_role.this, module.function]
}

resource "google_storage_bucket_iam_member" "audit" {
  for_each = { for key, b in local.bindings : key => b if b.on == "auditBucket" }

  bucket = google_storage_bucket.audit.name
  role   = each.value.role
  member = "serviceAccount:${each.value.member}"

  depends_on = [module.function]
}

resource "google_pubsub_topic_iam_member" "this" {
  for_each = { for key, b in local.bindings : key => b if contains(keys(local.topics), b.on) }

  project = var.project_id
  topic   = google_pubsub_topic.this[local.topics[each.value.on]].name
  role    = each.value.role
  member  = "serviceAccount:${each.value.member}"

  depends_on = [data.google_storage_project_service_account.this, module.function]
}

resource "google_pubsub_subscription_iam_member" "this" {
  for_each = { for key, b in local.bindings : key => b if contains(keys(local.letters), b.on) }

  project      = var.project_id
  subscription = google_pubsub_subscription.dead[local.letters[each.value.on]].name
  role         = each.value.role
  member       = "serviceAccount:${each.value.member}"

  depends_on = [module.function]
}

# Buckets of tenants in other projects publish their notifications too.
resource "google_pubsub_topic_iam_member" "other_project" {
  for_each = toset(var.tenant_project_numbers)

  project = var.project_id
  topic   = google_pubsub_topic.this["object-events"].name
  role    = "roles/pubsub.publisher"
  member  = "serviceAccount:service-${each.value}@gs-project-accounts.iam.gserviceaccount.com"
}

# The accounts that call functions with an event or a schedule.
resource "google_service_account" "caller" {
  for_each = { push = "pubsub-push", scheduler = "scheduler" }

  project      = var.project_id
  account_id   = each.value
  display_name = "Strongroom caller of functions: ${each.key}"
  depends_on   = [google_project_service.this]
}
