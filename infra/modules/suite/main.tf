# The one table of what is deployed, worked out for one installation: who may do
# what on which resource, which path leads to which function, and how a tenant's
# things are called. It has no provider, so everything in it can be compared
# with the embedded cloud's without a Google account.

locals {
  suite = jsondecode(file("${path.module}/../../suite.json"))

  functions = {
    for name, f in local.suite.functions : name => {
      entry_point = f.entryPoint
      account_id  = "fn-${name}" # ids have 6 to 30 characters; the name alone could be too short
      account     = "fn-${name}@${local.domain}"
      http        = length(try(f.routes, [])) > 0
      topic       = try(f.topic, null)
      schedule    = try(f.schedule, null)
      roles       = try(f.roles, [])
    }
  }

  # Topics that a function listens to, or that somebody may publish to.
  topics = toset(concat(
    compact([for f in local.functions : f.topic]),
    [for r in local.roles : trimprefix(r.on, "topic.") if startswith(r.on, "topic.")],
  ))
  domain = "${var.project_id}.iam.gserviceaccount.com"

  # Accounts that no function has.
  push_account      = "pubsub-push@${local.domain}"
  scheduler_account = "scheduler@${local.domain}"
}
