output "fields" {
  description = "Fields of the document tenants/{id}, as JSON."
  value       = jsonencode(local.record)
}

output "trust" {
  description = "Only the field trust, as JSON."
  value       = jsonencode(local.trust)
}

output "workspaces" {
  description = "Fields of each document workspaces/{w}, as JSON, by workspace."
  value       = { for w in keys(var.workspaces) : w => jsonencode({ id = { stringValue = w } }) }
}

output "members" {
  description = "Each document members/{id}: its workspace, id and fields as JSON."
  value       = local.members
}
