# The settings of tenants in an example's variable, checked and with defaults. Terraform
# drops what an object type does not have, so a misspelled setting would have no effect.
# This module reports it instead. It has no provider.

locals {
  # The settings of a tenant: the variables of the tenant module, and what it takes to leave.
  leave = ["final_certificate", "leaving", "without_certificate"]
  known = concat(local.leave, [
    "audit", "audit_topic", "configs", "database", "exports", "key_destroy_days", "key_protection_level", "key_rotation_days", "location",
    "model", "model_limits", "outputs", "project_id", "project_number", "quotas", "retention", "signing_key", "signing_key_version", "soft_delete_days", "state", "storage", "trust",
    "upload_lifetime_seconds", "witnesses", "workspace_quotas", "workspaces",
  ])
  known_in = {
    outputs          = ["delete_after_days", "keep_days", "locked"]
    exports          = ["delete_after_days", "keep_days", "locked"]
    audit            = ["keep_days", "locked"]
    configs          = ["hold_pushes", "pipeline_reviews"]
    database         = ["location"]
    model            = ["abuse_logging_exempt", "cache_disabled", "location", "name", "project_id"]
    model_limits     = ["keep_requests_days", "sends_per_hour", "tokens_per_day"]
    quotas           = ["bytes_per_day", "exports_per_day", "model_sends_per_day", "parts_per_day", "requests_per_minute", "runs_per_day", "samples_per_day", "sightings_per_day"]
    retention        = ["audit_entry_days", "export_days", "issue_days", "run_days", "sample_days"]
    workspace_quotas = ["bytes_per_day", "parts_per_day", "runs_per_day", "samples_per_day", "sightings_per_day"]
    storage          = ["earlier_exports_buckets", "earlier_outputs_buckets", "exports_bucket", "in_use", "key_name", "location", "outputs_bucket", "project_number"]
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

  # Tenants that are leaving, each with its final certificate (shared/certificate): a signed note
  # whose text is the name that signs and one line of JSON. Terraform cannot verify the signature.
  leaving = {
    for slug, t in var.tenants : slug => {
      origin      = try(split("\n", file(t.final_certificate))[0], "")
      certificate = try(jsondecode(split("\n", file(t.final_certificate))[1]), null)
    } if try(t.leaving, null) == true && try(t.without_certificate, null) != true
  }
  not_gone = sort([
    for slug, t in local.leaving : slug if !try(
      endswith(t.origin, "/v1/tenants/${slug}/certificates") && t.certificate.kind == "final" && t.certificate.tenant == slug
      && length(t.certificate.keys) > 0 && alltrue([for k in t.certificate.keys : k.state == "DESTROYED"])
      && alltrue([for s in t.certificate.stores : s.present == 0 || s.method == "none"]),
      false,
    )
  ])
}
