# A tenant's record and its subcollections, in the value format of Firestore's REST
# API: firebase.google.com/docs/firestore/reference/rest/v1/Value. The module has no
# provider, so a test can write its outputs to a database and read them back with
# the functions' code.

locals {
  record = var.record == null ? null : {
    id             = { stringValue = var.record.id }
    state          = { stringValue = var.record.state }
    projectId      = { stringValue = var.record.project_id }
    location       = { stringValue = var.record.location }
    outputsBucket  = { stringValue = var.record.outputs_bucket }
    configsBucket  = { stringValue = var.record.configs_bucket }
    exportsBucket  = { stringValue = var.record.exports_bucket }
    auditBucket    = { stringValue = var.record.audit_bucket }
    auditTopic     = { stringValue = var.record.audit_topic }
    keyName        = { stringValue = var.record.key_name }
    signingAccount = { stringValue = var.record.signing_account }
    signingKeyName = { stringValue = var.record.signing_key_name }
    databaseId     = { stringValue = var.record.database_id }
    trust          = local.trust
    limits = { mapValue = { fields = {
      uploadLifetime    = { integerValue = tostring(var.record.upload_lifetime_seconds * 1000000000) }
      modelSendsPerHour = { integerValue = tostring(var.record.model_limits.sends_per_hour) }
      modelTokensPerDay = { integerValue = tostring(var.record.model_limits.tokens_per_day) }
      keepModelRequests = { integerValue = tostring(var.record.model_limits.keep_requests_days * 86400 * 1000000000) }
    } } }
    quotas          = { mapValue = { fields = { for name, n in local.quotas : name => { integerValue = tostring(n) } } } }
    retention       = { mapValue = { fields = { for name, n in local.retention : name => { integerValue = tostring(coalesce(n, 0)) } } } }
    workspaceQuotas = { mapValue = { fields = { for name, n in local.workspace_quotas : name => { integerValue = tostring(n) } } } }
    configs = { mapValue = { fields = {
      holdPushes      = { booleanValue = var.record.configs.hold_pushes }
      pipelineReviews = { booleanValue = var.record.configs.pipeline_reviews }
    } } }
    model                 = { mapValue = { fields = local.model } }
    earlierOutputsBuckets = { arrayValue = length(var.record.earlier_outputs_buckets) == 0 ? {} : { values = [for b in var.record.earlier_outputs_buckets : { stringValue = b }] } }
    earlierExportsBuckets = { arrayValue = length(var.record.earlier_exports_buckets) == 0 ? {} : { values = [for b in var.record.earlier_exports_buckets : { stringValue = b }] } }
    customerBuckets       = { arrayValue = length(var.record.customer_buckets) == 0 ? {} : { values = [for b in var.record.customer_buckets : { stringValue = b }] } }
    storageKeyName        = { stringValue = var.record.storage_key_name }

    clients   = { arrayValue = length(local.clients) == 0 ? {} : { values = [for c in local.clients : { stringValue = c }] } }
    witnesses = { arrayValue = length(var.record.witnesses) == 0 ? {} : { values = [for w in var.record.witnesses : { stringValue = w }] } }
  }

  quotas = {
    bytesPerDay       = try(var.record.quotas.bytes_per_day, 0)
    partsPerDay       = try(var.record.quotas.parts_per_day, 0)
    runsPerDay        = try(var.record.quotas.runs_per_day, 0)
    samplesPerDay     = try(var.record.quotas.samples_per_day, 0)
    sightingsPerDay   = try(var.record.quotas.sightings_per_day, 0)
    exportsPerDay     = try(var.record.quotas.exports_per_day, 0)
    modelSendsPerDay  = try(var.record.quotas.model_sends_per_day, 0)
    requestsPerMinute = try(var.record.quotas.requests_per_minute, 0)
  }
  retention = {
    runDays              = try(var.record.retention.run_days, 0)
    sampleDays           = try(var.record.retention.sample_days, 0)
    issueDays            = try(var.record.retention.issue_days, 0)
    exportDays           = try(var.record.retention.export_days, 0)
    auditEntryDays       = try(var.record.retention.audit_entry_days, 0)
    outputDays           = try(var.record.retention.output_days, 0)
    exportFileDays       = try(var.record.retention.export_file_days, 0)
    lockedOutputDays     = try(var.record.retention.locked_output_days, 0)
    lockedExportFileDays = try(var.record.retention.locked_export_file_days, 0)
    lockedAuditDays      = try(var.record.retention.locked_audit_days, 0)
  }
  workspace_quotas = {
    bytesPerDay     = try(var.record.workspace_quotas.bytes_per_day, 0)
    partsPerDay     = try(var.record.workspace_quotas.parts_per_day, 0)
    runsPerDay      = try(var.record.workspace_quotas.runs_per_day, 0)
    samplesPerDay   = try(var.record.workspace_quotas.samples_per_day, 0)
    sightingsPerDay = try(var.record.workspace_quotas.sightings_per_day, 0)
  }

  # By these, a token whose audience is a client ID finds its tenant.
  clients = sort(distinct(flatten([for t in var.trust : [for id in t.client_ids : sha256("${t.issuer}\u0000${id}")]])))

  # Without a model, all fields have their zero value.
  model = {
    projectId          = { stringValue = try(var.record.model.project_id, "") }
    location           = { stringValue = try(var.record.model.location, "") }
    model              = { stringValue = try(var.record.model.name, "") }
    abuseLoggingExempt = { booleanValue = try(var.record.model.abuse_logging_exempt, false) }
    cacheDisabled      = { booleanValue = try(var.record.model.cache_disabled, false) }
  }

  # An empty list is an arrayValue without values, because Firestore returns that.
  trust = { arrayValue = length(var.trust) == 0 ? {} : {
    values = [for t in var.trust : { mapValue = { fields = {
      issuer    = { stringValue = t.issuer }
      jwks      = { stringValue = t.jwks }
      jwksUrl   = { stringValue = t.jwks_url }
      clientIds = { arrayValue = length(t.client_ids) == 0 ? {} : { values = [for id in t.client_ids : { stringValue = id }] } }
      rules     = { arrayValue = length(t.rules) == 0 ? {} : { values = [for r in t.rules : { mapValue = { fields = local.rules[jsonencode(r)] } }] } }
    } } }]
  } }

  # Issuers also publish keys for other purposes. The functions ignore these.
  unusable_keys = flatten([for t in var.trust : [
    for i, k in try(jsondecode(t.jwks).keys, []) : "keys[${i}] (kid ${try(k.kid, "none")}) of ${t.issuer}" if !(
      contains(["", "sig"], try(k.use, "")) && (!can(k.key_ops) || try(contains(k.key_ops, "verify"), false)) && !can(k.d) && (
        try(k.kty, "") == "RSA" && contains(["", "RS256"], try(k.alg, "")) ||
        try(k.kty, "") == "EC" && try(k.crv, "P-256") == "P-256" && contains(["", "ES256"], try(k.alg, ""))
      )
    )
  ]])

  rules = {
    for r in distinct(flatten([for t in var.trust : t.rules])) : jsonencode(r) => {
      claims     = { mapValue = { fields = { for name, value in r.claims : name => { stringValue = value } } } }
      role       = { stringValue = r.role }
      workspaces = { arrayValue = length(r.workspaces) == 0 ? {} : { values = [for w in r.workspaces : { stringValue = w }] } }
      shareRuns  = { booleanValue = r.share_runs }
      pipeline   = { booleanValue = r.pipeline }
    }
  }

  # The ID of a member's document is a hash, because a subject can be any text.
  members = merge([
    for w, workspace in var.workspaces : {
      for m in workspace.members : "${w} ${m.issuer} ${m.subject}" => {
        workspace   = w
        document_id = sha256("${m.issuer}\u0000${m.subject}")
        fields      = jsonencode({ issuer = { stringValue = m.issuer }, subject = { stringValue = m.subject } })
      }
    }
  ]...)
}

# A warning and not an error: a set may have such keys next to good ones.
check "keys" {
  assert {
    condition     = length(local.unusable_keys) == 0
    error_message = "These keys cannot verify a token (RS256 or ES256, use sig, key_ops verify, public), so the functions ignore them: ${join(", ", local.unusable_keys)}."
  }
}
