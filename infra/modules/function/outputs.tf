output "account" {
  description = "Email of the service account that the function runs as."
  value       = local.account
  depends_on  = [google_service_account.this]
}

output "uris" {
  description = "Address of the function, by region; the audience of its callers' tokens."
  value       = { for region, f in google_cloudfunctions2_function.this : region => f.service_config[0].uri }
}

output "services" {
  description = "Name of the function's Cloud Run service, by region."
  value       = { for region, f in google_cloudfunctions2_function.this : region => f.name }
}
