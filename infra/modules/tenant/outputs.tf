output "slug" {
  description = "The tenant's id."
  value       = var.slug
}

output "key" {
  description = "Its data key. Disabling it locks the tenant within minutes."
  value       = google_kms_crypto_key.data.id
}

output "signing_account" {
  description = "Account whose signature its upload URLs carry; what a service perimeter must let in."
  value       = local.tenant.signing_account
  depends_on  = [google_service_account.signing]
}

output "outputs_bucket" {
  description = "Bucket of its output."
  value       = google_storage_bucket.this["outputs"].name
}

output "exports_bucket" {
  description = "Bucket of its exports."
  value       = google_storage_bucket.this["exports"].name
}

output "audit_bucket" {
  description = "Bucket for audit, in the platform's project and under the platform's audit key. Empty so far."
  value       = google_storage_bucket.audit.name
}

output "bindings" {
  description = "Who may do what with it, as suite.json has it."
  value       = local.bindings
}
