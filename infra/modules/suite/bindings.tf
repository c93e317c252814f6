locals {
  # The kinds of resources in the table's "on", and the resource of each kind in
  # this installation. The embedded cloud writes resources in the same format.
  platform_resources = merge(
    {
      database  = "projects/${var.project_id}/databases/${var.database}"
      directory = "projects/${var.project_id}/databases/${var.directory}"
      auditKey  = "projects/${var.project_id}/locations/${var.location}/keyRings/platform/cryptoKeys/audit"
      logKey    = "projects/${var.project_id}/locations/${var.location}/keyRings/platform/cryptoKeys/log"

      manifestKey    = "projects/${var.project_id}/locations/${var.location}/keyRings/platform/cryptoKeys/manifest"
      exportReader   = "serviceAccounts/${local.export_reader}"
      auditBucket    = "buckets/${var.project_id}-audit"
      signInKey      = "projects/${var.project_id}/locations/${var.location}/keyRings/platform/cryptoKeys/sign-in"
      certificateKey = "projects/${var.project_id}/locations/${var.location}/keyRings/platform/cryptoKeys/certificate"
      consentKey     = "projects/${var.project_id}/locations/${var.location}/keyRings/platform/cryptoKeys/consent"
      modelProject   = var.model_project == null ? null : "projects/${var.model_project}" # null: the platform has no language model
    },
    { for topic in local.topics : "topic.${topic}" => "topics/${topic}" },
    { for topic in local.dead_letters : "deadLetters.${topic}" => "subscriptions/${topic}-dead" },
  )
  tenant_resources = {
    for slug, t in local.tenants : slug => {
      "tenant.key"            = t.key
      "tenant.signingKey"     = t.signing_key # null: this tenant has none, so there is no role on it
      "tenant.signingAccount" = "serviceAccounts/${t.signing_account}"
      "tenant.outputsBucket"  = "buckets/${t.outputs_bucket}"
      "tenant.configsBucket"  = "buckets/${t.configs_bucket}"
      "tenant.exportsBucket"  = "buckets/${t.exports_bucket}"
      "tenant.auditBucket"    = "buckets/${t.audit_bucket}"
      "tenant.database"       = t.database == null ? null : "projects/${t.project_id}/databases/${t.database}" # null: its documents are in the platform's
      "tenant.auditTopic"     = t.audit_topic                                                                  # null: the log is delivered nowhere
      "tenant.modelProject"   = t.model_project == null ? null : "projects/${t.model_project}"
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

  # A custom role belongs to one project, and can be granted on its resources only.
  # Several tenants can share a project that is not the platform's, so each has its
  # own custom roles there.
  custom_roles = local.suite.customRoles
  platform_role = {
    for key, r in local.role_key : key => startswith(r.role, "roles/") ? r.role : "projects/${var.project_id}/roles/${r.role}"
  }
  tenant_role_suffix = {
    for slug, project in local.tenant_project : slug => project == var.project_id ? "" : "_${substr(sha256(slug), 0, 8)}"
  }
  tenant_custom_roles = {
    for slug, suffix in local.tenant_role_suffix : slug => {
      for id, role in local.custom_roles : "${id}${suffix}" => role if suffix != "" && anytrue([for on in role.on : try(local.tenant_resources[slug][on], null) != null])
    }
  }

  platform_agents = { agent-storage = "service-${var.project_number}@gs-project-accounts.iam.gserviceaccount.com" }

  platform_bindings = {
    for key, r in local.role_key : key => {
      member   = coalesce(r.account, lookup(local.platform_agents, r.holder, null))
      role     = local.platform_role[key]
      on       = r.on
      resource = local.platform_resources[r.on]
    } if try(local.platform_resources[r.on], null) != null
  }
  tenant_bindings = {
    for slug, t in local.tenants : slug => {
      for key, r in local.role_key : key => {
        member   = coalesce(r.account, lookup({ agent-storage = t.storage_agent, agent-signing = t.signing_account, agent-exportReader = local.export_reader }, r.holder, null))
        role     = startswith(r.role, "roles/") ? r.role : "projects/${local.tenant_project[slug]}/roles/${r.role}${local.tenant_role_suffix[slug]}"
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

  known_kinds = setunion(keys(local.platform_resources), ["tenant.database", "tenant.key", "tenant.signingKey", "tenant.signingAccount", "tenant.outputsBucket", "tenant.configsBucket", "tenant.exportsBucket", "tenant.auditBucket", "tenant.auditTopic", "tenant.modelProject"])
}
