locals {
  # A name that is too long for its service is cut and ends in a hash of the whole name.
  wanted_names = {
    for slug, t in var.tenants : slug => {
      outputs_bucket  = "${local.tenant_project[slug]}-${slug}-outputs"
      configs_bucket  = "${local.tenant_project[slug]}-${slug}-configs"
      exports_bucket  = "${local.tenant_project[slug]}-${slug}-exports"
      audit_bucket    = "${var.project_id}-${slug}-audit" # in the platform's project, because its key is there
      key_ring        = "tenant-${slug}"
      database        = "tenant-${slug}"
      signing_account = "sign-${slug}"
    }
  }
  name_limits = { outputs_bucket = 63, configs_bucket = 63, exports_bucket = 63, audit_bucket = 63, key_ring = 63, database = 63, signing_account = 30 }
  names = {
    for slug, wanted in local.wanted_names : slug => {
      for kind, name in wanted : kind =>
      length(name) <= local.name_limits[kind] ? name : "${substr(name, 0, local.name_limits[kind] - 9)}-${substr(sha256(name), 0, 8)}"
    }
  }

  tenant_project        = { for slug, t in var.tenants : slug => coalesce(t.project_id, var.project_id) }
  tenant_project_number = { for slug, t in var.tenants : slug => coalesce(t.project_number, var.project_number) }

  tenants = {
    for slug, t in var.tenants : slug => {
      project_id         = local.tenant_project[slug]
      location           = coalesce(t.location, var.location)
      key_ring           = local.names[slug].key_ring
      key                = "${local.tenant_ring[slug]}/cryptoKeys/data"
      signing_key        = t.signing_key ? "${local.tenant_ring[slug]}/cryptoKeys/signing" : null
      signing_account_id = local.names[slug].signing_account
      signing_account    = "${local.names[slug].signing_account}@${local.tenant_project[slug]}.iam.gserviceaccount.com"
      storage_agent      = "service-${local.tenant_project_number[slug]}@gs-project-accounts.iam.gserviceaccount.com"
      outputs_bucket     = local.names[slug].outputs_bucket
      configs_bucket     = local.names[slug].configs_bucket
      exports_bucket     = local.names[slug].exports_bucket
      audit_bucket       = local.names[slug].audit_bucket
      model_project      = t.model_project
      database           = t.own_database ? local.names[slug].database : null
      firestore_agent    = "service-${local.tenant_project_number[slug]}@gcp-sa-firestore.iam.gserviceaccount.com"
      audit_topic        = t.audit_topic == null ? null : "topics/${split("/", t.audit_topic)[3]}"
    }
  }

  tenant_ring = {
    for slug, t in var.tenants : slug => join("/", [
      "projects", local.tenant_project[slug], "locations", coalesce(t.location, var.location), "keyRings", local.names[slug].key_ring
    ])
  }
}
