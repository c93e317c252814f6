output "slug" {
  description = "The tenant's ID."
  value       = var.slug
}

output "key" {
  description = "The tenant's data key. Disabling it locks the tenant within minutes."
  value       = google_kms_crypto_key.data.id
}

output "signing_account" {
  description = "Account that signs the tenant's upload URLs; a service perimeter must admit it."
  value       = local.tenant.signing_account
  depends_on  = [google_service_account.signing]
}

output "outputs_bucket" {
  description = "Bucket for the tenant's new output."
  value       = local.storage == null ? google_storage_bucket.this["outputs"].name : local.storage.outputs_bucket
}

output "configs_bucket" {
  description = "Bucket for the configurations of the tenant's workspaces."
  value       = google_storage_bucket.this["configs"].name
}

output "exports_bucket" {
  description = "Bucket for the tenant's exports."
  value       = google_storage_bucket.this["exports"].name
}

output "audit_bucket" {
  description = "Bucket for audit, in the platform's project and under the platform's audit key."
  value       = google_storage_bucket.audit.name
}

output "database" {
  description = "ID of the tenant's own database; null: its documents are in the platform's."
  value       = one(module.database[*].name)
}

output "bindings" {
  description = "Role bindings of suite.json on the tenant's resources: member, role, resource."
  value       = local.bindings
}
