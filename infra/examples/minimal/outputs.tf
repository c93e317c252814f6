output "address" {
  description = "Point the domain's A record here."
  value       = module.platform.address
}

output "audience" {
  description = "Tokens of a tenant are for AUDIENCE/tenants/SLUG."
  value       = module.platform.audience
}

output "tenants" {
  description = "Buckets, keys and signing accounts by tenant."
  value = {
    for slug, t in module.tenant : slug => {
      outputs_bucket  = t.outputs_bucket
      key             = t.key
      signing_account = t.signing_account
    }
  }
}
