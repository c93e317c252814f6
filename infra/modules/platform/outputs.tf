output "address" {
  description = "IP address for the domain's A record."
  value       = google_compute_global_address.this.address
}

output "audience" {
  description = "Start of every token's audience."
  value       = local.audience
}

# Everything that the tenant module needs. It depends on Cloud Storage's permissions
# to publish, which a bucket's notification needs, and to use the audit key.
output "tenancy" {
  description = "Input platform of the tenant module."
  value = {
    project_id     = var.project_id
    project_number = local.project_number
    location       = var.location
    database       = module.database.name
    directory      = google_firestore_database.directory.name
    topic          = google_pubsub_topic.this["object-events"].id
    audit_key      = google_kms_crypto_key.this["audit"].id
    accounts       = { for name, f in module.function : name => f.account }
    ttl_fields     = var.ttl_fields
    backup_days    = var.backup_days

    database_location = module.database.location
  }
  depends_on = [google_project_iam_custom_role.this, google_pubsub_topic_iam_member.this, google_pubsub_topic_iam_member.other_project, google_kms_crypto_key_iam_member.agent, google_kms_crypto_key_iam_member.audit]
}

output "sign_in_key" {
  description = "Key that signs the console's proofs to identity providers. The sign-in settings name a version of it, whose public key is registered at the provider."
  value       = google_kms_crypto_key.sign_in.id
}

output "log_key" {
  description = "Key that signs the checkpoints of audit logs. To rotate it, create a new version; old versions stay enabled, so that old checkpoints verify."
  value       = google_kms_crypto_key.log.id
}

output "log_verifier_keys" {
  description = "Keys that verify the checkpoints of audit logs, by version of the log key: the KEY of each verifier key NAME+HASH+KEY, of the checkpoints and of their times. Give them to auditors over another way than the API."
  value       = module.suite.log_verifier_keys
}

output "manifest_key" {
  description = "Key that signs the manifests of exports. To rotate it, create a new version; old versions stay enabled, so that old manifests verify."
  value       = google_kms_crypto_key.manifest.id
}

output "audit_bucket" {
  description = "Bucket of the platform's own audit log."
  value       = google_storage_bucket.audit.name
}

output "audit_key" {
  description = "Key that seals audit entries."
  value       = google_kms_crypto_key.this["audit"].id
}

output "functions" {
  description = "Addresses of the functions, by name and region. Only the load balancer, Pub/Sub and the scheduler can reach them."
  value       = { for name, f in module.function : name => f.uris }
}

output "bindings" {
  description = "Role bindings of suite.json: member, role, resource."
  value       = merge(module.suite.platform_bindings, module.suite.invoker_bindings)
}
