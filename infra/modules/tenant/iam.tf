# The roles of suite.json on the tenant's resources. Each role is on one resource.
# The signing account can create objects in one bucket and nothing else.

data "google_storage_project_service_account" "this" { # reading it creates the account
  project = local.tenant.project_id
}

locals {
  keys = {
    "tenant.key"        = google_kms_crypto_key.data.id
    "tenant.signingKey" = one(google_kms_crypto_key.signing[*].id)
  }
  role_buckets = {
    "tenant.outputsBucket" = google_storage_bucket.this["outputs"].name
    "tenant.configsBucket" = google_storage_bucket.this["configs"].name
    "tenant.exportsBucket" = google_storage_bucket.this["exports"].name
    "tenant.auditBucket"   = google_storage_bucket.audit.name
  }
}

# When an admin disables the key, the function tenants removes the roles with which accounts
# use it. A plan shows them as missing, and an apply grants them again. The versions of the
# key are not in Terraform, so they stay disabled, and the data stays unreadable.
resource "google_kms_crypto_key_iam_member" "this" {
  for_each = { for key, b in local.bindings : key => b if contains(["tenant.key", "tenant.signingKey"], b.on) }

  crypto_key_id = local.keys[each.value.on]
  role          = each.value.role
  member        = "serviceAccount:${each.value.member}"

  depends_on = [data.google_storage_project_service_account.this, google_project_iam_custom_role.this]
}

# The platform's custom roles cannot be granted in another project.
resource "google_project_iam_custom_role" "this" {
  for_each = module.suite.tenant_custom_roles[var.slug]

  project     = local.tenant.project_id
  role_id     = each.key
  title       = each.value.title
  permissions = each.value.permissions
}

resource "google_service_account_iam_member" "this" {
  for_each = { for key, b in local.bindings : key => b if b.on == "tenant.signingAccount" }

  service_account_id = google_service_account.signing.name
  role               = each.value.role
  member             = "serviceAccount:${each.value.member}"

  depends_on = [google_project_iam_custom_role.this]
}

# The topic belongs to the tenant, so whoever applies this needs
# pubsub.topics.setIamPolicy on it.
resource "google_pubsub_topic_iam_member" "audit" {
  for_each = { for key, b in local.bindings : key => b if b.on == "tenant.auditTopic" }

  project = split("/", var.audit_topic)[1]
  topic   = split("/", var.audit_topic)[3]
  role    = each.value.role
  member  = "serviceAccount:${each.value.member}"
}

# Cloud Storage of the customer's project publishes that an object is complete. A bucket of that
# project can name any of its own objects, and no other: Cloud Storage writes the messages.
resource "google_pubsub_topic_iam_member" "customer" {
  count = var.storage == null ? 0 : 1

  project = var.platform.project_id
  topic   = split("/", var.platform.topic)[3]
  role    = "roles/pubsub.publisher"
  member  = "serviceAccount:service-${var.storage.project_number}@gs-project-accounts.iam.gserviceaccount.com"
}

# A role on a database is a role on the project with a condition.
resource "google_project_iam_member" "database" {
  for_each = { for key, b in local.bindings : key => b if b.on == "tenant.database" }

  project = local.tenant.project_id
  role    = each.value.role
  member  = "serviceAccount:${each.value.member}"

  condition {
    title      = "database-of-${var.slug}"
    expression = "resource.name == \"${each.value.resource}\""
  }

  depends_on = [google_project_iam_custom_role.this, module.database]
}

# The functions that send may use the models of the tenant's own project. Whoever applies
# this needs resourcemanager.projects.setIamPolicy on it.
resource "google_project_iam_member" "model" {
  for_each = { for key, b in local.bindings : key => b if b.on == "tenant.modelProject" }

  project = var.model.project_id
  role    = each.value.role
  member  = "serviceAccount:${each.value.member}"
}

resource "google_storage_bucket_iam_member" "this" {
  for_each = { for key, b in local.bindings : key => b if contains(keys(local.role_buckets), b.on) }

  bucket = local.role_buckets[each.value.on]
  role   = each.value.role
  member = "serviceAccount:${each.value.member}"

  depends_on = [google_service_account.signing]
}
