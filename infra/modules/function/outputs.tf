output "account" {
  description = "Email of the service account it runs as."
  value       = local.account
  depends_on  = [google_service_account.this]
}

output "uris" {
  description = "Its own address, by region; the audience of its callers' tokens."
  value       = { for region, f in google_cloudfunctions2_function.this : region => f.service_config[0].uri }
}

output "services" {
  description = "Name of the Cloud Run service below it, by region."
  value       = { for region, f in google_cloudfunctions2_function.this : region => f.name }
}
