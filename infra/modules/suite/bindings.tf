locals {
  # The kinds of resources in the table's "on", and the resource of each kind in
  # this installation. The embedded cloud writes resources in the same format.
  platform_resources = merge(
    {
      database = "projects/${var.project_id}/databases/${var.database}"
      auditKey = "projects/${var.project_id}/locations/${var.location}/keyRings/platform/cryptoKeys/audit"
    },
    { for topic in local.topics : "topic.${topic}" => "topics/${topic}" },
    { for topic in local.topics : "deadLetters.${topic}" => "subscriptions/${topic}-dead" },
  )
  tenant_resources = {
    for slug, t in local.tenants : slug => {
      "tenant.key"            = t.key
      "tenant.signingKey"     = t.signing_key # null: this tenant has none, so there is no role on it
      "tenant.signingAccount" = "serviceAccounts/${t.signing_account}"
      "tenant.outputsBucket"  = "buckets/${t.outputs_bucket}"
    }
  }

  # The holders of roles: functions, and accounts that belong to no function.
  function_roles = flatten([
    for name, f in local.functions : [for r in f.roles : { holder = name, account = f.account, role = r.role, on = r.on }]
  ])
  agent_roles = flatten([
    for name, roles in local.suite.agents : [for r in roles : { holder = "agent-${name}", account = null, role = r.role, on = r.on }]
  ])
  roles = concat(local.function_roles, local.agent_roles)

  # The key of a role is its content, not its position, so reordering changes nothing.
  role_key = { for r in local.roles : "${r.holder} ${r.role} ${r.on}" => r }

  platform_agents = { agent-storage = "service-${var.project_number}@gs-project-accounts.iam.gserviceaccount.com" }

  platform_bindings = {
    for key, r in local.role_key : key => {
      member   = coalesce(r.account, lookup(local.platform_agents, r.holder, null))
      role     = r.role
      on       = r.on
      resource = local.platform_resources[r.on]
    } if contains(keys(local.platform_resources), r.on)
  }
  tenant_bindings = {
    for slug, t in local.tenants : slug => {
      for key, r in local.role_key : key => {
        member   = coalesce(r.account, lookup({ agent-storage = t.storage_agent, agent-signing = t.signing_account }, r.holder, null))
        role     = r.role
        on       = r.on
        resource = local.tenant_resources[slug][r.on]
      } if try(local.tenant_resources[slug][r.on], null) != null
    }
  }

  # Functions with an event or a schedule admit one caller.
  invoker_bindings = merge(
    { for name, f in local.functions : "push ${name}" => { member = local.push_account, role = "roles/run.invoker", on = "function", resource = "functions/${name}" } if f.topic != null },
    { for name, f in local.functions : "scheduler ${name}" => { member = local.scheduler_account, role = "roles/run.invoker", on = "function", resource = "functions/${name}" } if f.schedule != null },
  )

  known_kinds = setunion(keys(local.platform_resources), ["tenant.key", "tenant.signingKey", "tenant.signingAccount", "tenant.outputsBucket"])
}
