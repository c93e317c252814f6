output "storage" {
  description = "The setting storage of the tenant: hand it to the platform's operators."
  value = {
    outputs_bucket = google_storage_bucket.this["outputs"].name
    exports_bucket = one([for key, b in google_storage_bucket.this : b.name if key == "exports"])
    location       = var.location
    key_name       = var.key_name
    project_number = var.project_number
  }
}
