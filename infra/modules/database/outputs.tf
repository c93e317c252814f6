output "name" {
  description = "ID of the database."
  value       = google_firestore_database.this.name
}

output "location" {
  description = "Location of the database."
  value       = google_firestore_database.this.location_id
}
