# The settings of tenants in an example's variable, checked and with defaults. Terraform
# drops what an object type does not have, so a misspelled setting would have no effect.
# This module reports it instead. It has no provider.

locals {
  # The settings of a tenant: the variables of the tenant module, and leaving.
  known = [
    "audit", "audit_topic", "configs", "database", "exports", "key_destroy_days", "key_protection_level", "key_rotation_days", "leaving", "location",
    "model", "model_limits", "outputs", "project_id", "project_number", "quotas", "retention", "signing_key", "signing_key_version", "soft_delete_days", "state", "storage", "trust",
    "upload_lifetime_seconds", "witnesses", "workspace_quotas", "workspaces",
  ]
  known_in = {
    outputs          = ["delete_after_days", "keep_days", "locked"]
    exports          = ["delete_after_days", "keep_days", "locked"]
    audit            = ["keep_days", "locked"]
    configs          = ["hold_pushes", "pipeline_reviews"]
    database         = ["location"]
    model            = ["abuse_logging_exempt", "cache_disabled", "location", "name", "project_id"]
    model_limits     = ["keep_requests_days", "sends_per_hour", "tokens_per_day"]
    quotas           = ["bytes_per_day", "exports_per_day", "model_sends_per_day", "parts_per_day", "requests_per_minute", "runs_per_day", "samples_per_day", "sightings_per_day"]
    retention        = ["export_days", "issue_days", "run_days", "sample_days"]
    workspace_quotas = ["bytes_per_day", "parts_per_day", "runs_per_day", "samples_per_day", "sightings_per_day"]
    storage          = ["earlier_outputs_buckets", "in_use", "key_name", "location", "outputs_bucket", "project_number"]
    trust            = ["client_ids", "issuer", "jwks", "jwks_url", "rules"]
    rules            = ["claims", "pipeline", "role", "share_runs", "workspaces"]
    workspaces       = ["members"]
    members          = ["issuer", "subject"]
  }

  # Each object of the settings, with the names that it may have.
  objects = concat(
    [for slug, t in var.tenants : { path = slug, has = keys(t), known = local.known }],
    flatten([for slug, t in var.tenants : [
      for name in ["outputs", "exports", "audit", "configs", "database", "model", "model_limits", "quotas", "retention", "storage", "workspace_quotas"] :
      { path = "${slug}.${name}", has = keys(t[name]), known = local.known_in[name] } if try(t[name], null) != null
    ]]),
    flatten([for slug, t in var.tenants : [for i, issuer in coalesce(try(t.trust, null), []) : concat(
      [{ path = "${slug}.trust[${i}]", has = keys(issuer), known = local.known_in.trust }],
      [for j, rule in try(issuer.rules, []) : { path = "${slug}.trust[${i}].rules[${j}]", has = keys(rule), known = local.known_in.rules }],
    )]]),
    flatten([for slug, t in var.tenants : [for id, workspace in coalesce(try(t.workspaces, null), {}) : concat(
      [{ path = "${slug}.workspaces.${id}", has = keys(workspace), known = local.known_in.workspaces }],
      [for i, member in try(workspace.members, []) : { path = "${slug}.workspaces.${id}.members[${i}]", has = keys(member), known = local.known_in.members }],
    )]]),
  )
  unknown = flatten([for o in local.objects : [for name in sort(tolist(setsubtract(o.has, o.known))) : "${o.path}.${name}"]])
}
