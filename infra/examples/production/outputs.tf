output "address" {
  description = "Point the domain's A record here."
  value       = module.platform.address
}

output "audience" {
  description = "Start of every token's audience; the audience of a tenant's tokens is AUDIENCE/tenants/SLUG."
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
