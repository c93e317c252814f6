# The functions read the tenant's record, and its workspaces and members from the
# documents below it. These documents are in a database that no function can write. Terraform creates the record last, because the functions serve
# the tenant as soon as it exists.

locals {
  storage = try(var.storage.in_use, false) ? var.storage : null # the customer's buckets, once they are in use

  customer_exports = try(local.storage.exports_bucket, null) == null ? [] : concat(local.storage.earlier_exports_buckets, [local.storage.exports_bucket])
}

module "record" {
  source = "../record"

  record = {
    id                      = var.slug
    state                   = var.state
    project_id              = local.tenant.project_id
    location                = local.tenant.location
    outputs_bucket          = local.storage == null ? google_storage_bucket.this["outputs"].name : local.storage.outputs_bucket
    earlier_outputs_buckets = local.storage == null ? [] : concat([google_storage_bucket.this["outputs"].name], local.storage.earlier_outputs_buckets)
    customer_buckets        = local.storage == null ? [] : concat(local.storage.earlier_outputs_buckets, [local.storage.outputs_bucket], local.customer_exports)
    storage_key_name        = try(local.storage.key_name, "")
    configs_bucket          = google_storage_bucket.this["configs"].name
    exports_bucket          = length(local.customer_exports) == 0 ? google_storage_bucket.this["exports"].name : local.storage.exports_bucket
    earlier_exports_buckets = length(local.customer_exports) == 0 ? [] : concat([google_storage_bucket.this["exports"].name], local.storage.earlier_exports_buckets)
    audit_bucket            = google_storage_bucket.audit.name
    audit_topic             = var.audit_topic == null ? "" : var.audit_topic
    key_name                = google_kms_crypto_key.data.id
    signing_account         = local.tenant.signing_account
    signing_key_name        = var.signing_key_version == null ? "" : "${one(google_kms_crypto_key.signing[*].id)}/cryptoKeyVersions/${var.signing_key_version}"
    database_id             = var.database == null ? "" : one(module.database[*].name)
    upload_lifetime_seconds = var.upload_lifetime_seconds
    model                   = var.model
    model_limits            = var.model_limits
    quotas                  = var.quotas
    workspace_quotas        = var.workspace_quotas
    witnesses               = var.witnesses
    retention = {
      run_days                = var.retention.run_days
      sample_days             = var.retention.sample_days
      issue_days              = var.retention.issue_days
      export_days             = var.retention.export_days
      audit_entry_days        = var.retention.audit_entry_days
      output_days             = var.outputs.delete_after_days # of the buckets that Terraform manages here; in others, the customer decides
      export_file_days        = var.exports.delete_after_days
      locked_output_days      = var.outputs.keep_days
      locked_export_file_days = var.exports.keep_days
      locked_audit_days       = var.audit.keep_days
    }
    configs = var.configs
  }
  trust      = var.trust
  workspaces = var.workspaces
}

resource "google_firestore_document" "record" {
  project     = var.platform.project_id
  database    = var.platform.directory
  collection  = "tenants"
  document_id = var.slug
  fields      = module.record.fields

  depends_on = [
    google_kms_crypto_key_iam_member.this,
    google_project_iam_member.database,
    google_project_iam_member.model,
    google_pubsub_topic_iam_member.audit,
    google_pubsub_topic_iam_member.customer,
    google_service_account_iam_member.this,
    google_storage_bucket_iam_member.this,
    google_storage_notification.outputs,
    terraform_data.database,
  ]
}

resource "google_firestore_document" "workspace" {
  for_each = module.record.workspaces

  project     = var.platform.project_id
  database    = var.platform.directory
  collection  = "tenants/${var.slug}/workspaces"
  document_id = each.key
  fields      = each.value
}

resource "google_firestore_document" "member" {
  for_each = module.record.members

  project     = var.platform.project_id
  database    = var.platform.directory
  collection  = "tenants/${var.slug}/workspaces/${each.value.workspace}/members"
  document_id = each.value.document_id
  fields      = each.value.fields
}
