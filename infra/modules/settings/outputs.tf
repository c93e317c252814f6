output "tenants" {
  description = "Every tenant with all settings; null: the default of the tenant module."
  value = {
    for slug, t in var.tenants : slug => merge({ for name in local.known : name => null }, t, { leaving = try(t.leaving, null) == true })
  }
  precondition {
    condition     = length(local.unknown) == 0
    error_message = "These settings do not exist: ${join(", ", local.unknown)}. See the inputs of modules/tenant."
  }
  precondition {
    condition     = length(local.not_gone) == 0
    error_message = "leaving = true needs the tenant's final certificate: ${join(", ", local.not_gone)}. Terraform does not know of legal holds, and would destroy the key. Offboard the tenant first (playbook Offboard), and set final_certificate to the path of the file. For a tenant that never had data, set without_certificate = true."
  }
  precondition {
    condition     = length(setintersection(keys(var.tenants), var.retired_slugs)) == 0
    error_message = "These slugs were used before: ${join(", ", setintersection(keys(var.tenants), var.retired_slugs))}. Their key rings still exist, and their keys are destroyed. Choose another slug, such as ${try(sort(tolist(setintersection(keys(var.tenants), var.retired_slugs)))[0], "acme")}-2."
  }
}

output "other_project_numbers" {
  description = "Numbers of the projects of tenants that are not in the platform's project."
  value       = sort(distinct([for t in var.tenants : t.project_number if try(t.project_number, null) != null]))
}
