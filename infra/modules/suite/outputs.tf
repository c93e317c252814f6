output "functions" {
  description = "Every function by name: entry point, account, whether it has HTTP routes, its topic or schedule, its limits."
  value       = local.functions
}

output "default" {
  description = "Function that handles requests that match no path rule."
  value       = local.suite.default
}

output "path_rules" {
  description = "Path templates of the load balancer, each with its priority and function."
  value       = local.path_rules
  precondition {
    condition     = alltrue([for path, functions in local.paths : length(distinct(functions)) == 1])
    error_message = "Two functions have the same path: ${join(", ", [for path, functions in local.paths : path if length(distinct(functions)) > 1])}. The load balancer does not distinguish methods."
  }
  precondition {
    condition     = alltrue([for path in keys(local.paths) : length(regexall("\\{", path)) <= 5])
    error_message = "A path template has at most five wildcards: cloud.google.com/load-balancing/docs/url-map-concepts."
  }
}

output "topics" {
  description = "Pub/Sub topics that functions subscribe or publish to."
  value       = local.topics
}

output "dead_letters" {
  description = "Topics whose messages become dead letters. A topic for replayed messages shares the dead letters of its original."
  value       = local.dead_letters
}

output "tenants" {
  description = "Names of every tenant's resources, by slug."
  value       = local.tenants
}

output "log_verifier_keys" {
  description = "Base64 part of the verifier keys of audit logs, by version of the log key: of checkpoints, and of their times."
  value       = local.log_verifier_keys
}

output "custom_roles" {
  description = "Custom roles of the platform's project, by ID: title and permissions."
  value       = local.custom_roles
  precondition {
    condition     = alltrue([for r in local.roles : startswith(r.role, "roles/") || contains(try(local.custom_roles[r.role].on, []), r.on)])
    error_message = "suite.json has roles that customRoles does not define for that kind of resource: ${join(", ", [for r in local.roles : "${r.role} on ${r.on}" if !startswith(r.role, "roles/") && !contains(try(local.custom_roles[r.role].on, []), r.on)])}."
  }
}

output "tenant_custom_roles" {
  description = "Custom roles of the projects of tenants that are not in the platform's project, by slug and ID."
  value       = local.tenant_custom_roles
}

output "platform_bindings" {
  description = "Role bindings on resources that exist once: member, role, kind of resource, resource."
  value       = local.platform_bindings
  precondition {
    condition     = alltrue([for r in local.roles : contains(local.known_kinds, r.on)])
    error_message = "suite.json has roles on kinds of resources that the modules do not know: ${join(", ", [for r in local.roles : r.on if !contains(local.known_kinds, r.on)])}."
  }
}

output "tenant_bindings" {
  description = "Role bindings on each tenant's resources, by slug."
  value       = local.tenant_bindings
}

output "invoker_bindings" {
  description = "Role bindings for the callers of functions that events and schedules trigger."
  value       = local.invoker_bindings
}

output "accounts" {
  description = "Accounts that belong to no function: push for Pub/Sub and scheduler call functions, and URLs of exports act as export_reader."
  value       = { push = local.push_account, scheduler = local.scheduler_account, export_reader = local.export_reader }
}
