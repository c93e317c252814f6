# The table of what is deployed, applied to one installation: the role bindings on
# each resource, the function for each path, and the names of a tenant's resources.
# The module has no provider, so tests can compare it to the embedded cloud without
# a Google account.

locals {
  suite = jsondecode(file("${path.module}/../../suite.json"))

  functions = {
    for name, f in local.suite.functions : name => {
      entry_point = f.entryPoint
      account_id  = "fn-${name}" # an ID has 6 to 30 characters; the name alone could be too short
      account     = "fn-${name}@${local.domain}"
      http        = length(concat(try(f.routes, []), try(f.pages, []))) > 0
      topic       = try(f.topic, null)
      schedule    = try(f.schedule, null)
      late_after  = try(f.lateAfterSeconds, null)
      if_late     = try(f.ifLate, null)
      roles       = try(f.roles, [])
      limits = {
        for name, value in {
          concurrency     = try(f.limits.concurrency, null)
          max_instances   = try(f.limits.maxInstances, null)
          timeout_seconds = try(f.limits.timeoutSeconds, null)
        } : name => value if value != null
      }
    }
  }

  # Topics that trigger a function, or that an account may publish to.
  topics = toset(concat(
    compact([for f in local.functions : f.topic]),
    [for f in local.functions : "replayed-${f.topic}" if f.topic != null],
    [for r in local.roles : trimprefix(r.on, "topic.") if startswith(r.on, "topic.")],
  ))
  dead_letters = toset([for topic in local.topics : trimprefix(topic, "replayed-")])

  domain = "${var.project_id}.iam.gserviceaccount.com"

  # Accounts that belong to no function.
  push_account      = "pubsub-push@${local.domain}"
  scheduler_account = "scheduler@${local.domain}"
  export_reader     = "export-reader@${local.domain}"
}
