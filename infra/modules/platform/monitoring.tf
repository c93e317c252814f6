locals {
  # Log lines that an operator must look at, counted. A test of infra ties the texts
  # to the code that logs them.
  log_metrics = {
    audit-write-failures = {
      description = "Actions that failed because the audit log could not be written, and reads whose end is not in the audit log"
      filter      = "resource.type=\"cloud_run_revision\" severity>=ERROR (jsonPayload.error=~\"(append|seal|encode|canonicalize|create ID of) audit entry\" OR jsonPayload.message=\"end of read not audited\")"
    }
    audit-logs-stopped = {
      description = "Audit logs whose new entries could not be published; a log stays stopped if its bucket contradicts its database"
      filter      = "resource.type=\"cloud_run_revision\" severity>=ERROR (jsonPayload.message=\"audit log not integrated\" OR jsonPayload.message=\"audit entry cannot be opened\")"
    }
    audit-log-forks = {
      description = "Witnesses that hold a checkpoint with an audit log's signature that differs from the published one: see the playbook on audits"
      filter      = "resource.type=\"cloud_run_revision\" severity>=ERROR jsonPayload.message=\"audit log fork claimed\""
    }
    events-rejected = {
      description = "Messages that were permanently rejected"
      filter      = "resource.type=\"cloud_run_revision\" severity>=ERROR jsonPayload.message=\"event permanently rejected\""
    }
    exports-failed = {
      description = "Exports that failed. The tenant sees the reason; the log line names tenant, export, part and cause: see the playbook on large exports"
      filter      = "resource.type=\"cloud_run_revision\" severity>=ERROR jsonPayload.message=\"export failed\""
    }
    quotas-nearly-used-up = {
      description = "Quotas of tenants of which 80 % are taken, once in a day or minute: the log line names the tenant, the quota and its limit. See the playbook on quotas"
      filter      = "resource.type=\"cloud_run_revision\" severity>=WARNING jsonPayload.message=\"quota nearly used up\""
      severity    = "WARNING"
    }
    unauthenticated-requests = {
      description = "Requests without a valid token: more than 10 a second for five minutes, so somebody tries tokens or a client is broken"
      filter      = "resource.type=\"cloud_run_revision\" jsonPayload.message=\"request\" jsonPayload.status=401"
      threshold   = 600
      duration    = "300s"
      severity    = "WARNING"
    }
    key-errors = {
      description = "Calls of Cloud KMS that were rejected or failed"
      filter      = "protoPayload.serviceName=\"cloudkms.googleapis.com\" severity>=ERROR"
    }
  }

  # Refused requests that can come in floods. The functions count them per tenant, issuer
  # and minute and write one line for each count, so nobody can fill a log with them.
  count_metrics = {
    tokens-without-role = {
      description = "Verified tokens without a role, per tenant, issuer and minute"
      filter      = "resource.type=\"cloud_run_revision\" jsonPayload.message=\"tokens without a role\""
      threshold   = 100
      what        = "More than 100 verified tokens of one issuer had no role within a minute. The metric names tenant and issuer. Either a rule is missing, or strangers with tokens of a shared issuer try the tenant: narrow its trust."
    }
    requests-over-rate-limit = {
      description = "Requests over the rate limit of their subject, per tenant, issuer and minute"
      filter      = "resource.type=\"cloud_run_revision\" jsonPayload.message=\"requests over the rate limit\""
      threshold   = 1000
      what        = "One issuer's subjects sent more than 1,000 requests over their rate limit to one instance within a minute. The metric names tenant and issuer. Either a client retries without waiting, or somebody floods the API: withdraw the rule or the issuer's key."
    }
  }

  # Values of log lines, each with the longest one that is normal, in seconds.
  delay_metrics = {
    audit-publication-delay = {
      description = "Time from an audit entry to the checkpoint that covers it, in seconds: the longest of each call"
      filter      = "resource.type=\"cloud_run_revision\" jsonPayload.message=\"audit logs integrated\""
      value       = "EXTRACT(jsonPayload.delaySeconds)"
      labels      = {}
      threshold   = 600
      what        = "An audit entry waited for more than ten minutes until it was published. Until then it cannot be proved. audit-integrator fails, or has more entries than it can publish."
    }
    audit-delivery-delay = {
      description = "Time for which published audit entries have waited for their delivery to the tenant's topic, in seconds"
      filter      = "resource.type=\"cloud_run_revision\" jsonPayload.message=\"audit log not delivered\""
      value       = "EXTRACT(jsonPayload.seconds)"
      labels      = { tenant = "EXTRACT(jsonPayload.tenant)" }
      threshold   = 900
      what        = "A tenant's audit topic has not received entries for more than 15 minutes. The metric names the tenant. The log line says whether the topic refuses messages. See the playbook on audits."
    }
    export-stall = {
      description = "Time for which no part of an active export was finished, in seconds, as export-scheduler sees it every 15 minutes"
      filter      = "resource.type=\"cloud_run_revision\" jsonPayload.message=\"export makes no progress\""
      value       = "EXTRACT(jsonPayload.seconds)"
      labels      = { tenant = "EXTRACT(jsonPayload.tenant)" }
      threshold   = 3600
      what        = "No part of an export was finished for more than an hour. The metric names the tenant. Look at the logs of export-worker. The export fails when its read time is seven days old. See the playbook on large exports."
    }
  }

  run = "resource.type=\"cloud_run_revision\" AND metric.type=\"run.googleapis.com/request_count\""

  # Alerts on a threshold that is exceeded for the duration, with what to do.
  alerts = merge(
    {
      for topic in module.suite.dead_letters : "Dead letters of ${topic}" => {
        filter      = "resource.type=\"pubsub_subscription\" AND metric.type=\"pubsub.googleapis.com/subscription/num_undelivered_messages\" AND resource.labels.subscription_id=\"${topic}-dead\""
        aligner     = "ALIGN_MAX", threshold = 0, duration = "0s", severity = "ERROR"
        what        = "Messages failed 20 times. See the playbook on dead letters."
        denominator = null
      }
    },
    {
      for name, p in local.pushes : "${name} falls behind" => {
        filter      = "resource.type=\"pubsub_subscription\" AND metric.type=\"pubsub.googleapis.com/subscription/oldest_unacked_message_age\" AND resource.labels.subscription_id=\"${name}\""
        aligner     = "ALIGN_MAX", threshold = 600, duration = "300s", severity = "WARNING"
        what        = "The oldest message has been waiting for ten minutes: ${p.function} fails, or has too few instances."
        denominator = null
      }
    },
    {
      for name, f in module.suite.functions : "${name} fails" => {
        filter      = "${local.run} AND resource.labels.service_name=\"${name}\" AND metric.labels.response_code_class=\"5xx\""
        aligner     = "ALIGN_RATE", threshold = 0.02, duration = "300s", severity = "ERROR"
        what        = "More than 2% of the responses of ${name} are 5xx. Look at its logs."
        denominator = "${local.run} AND resource.labels.service_name=\"${name}\""
      }
    },
  )

  # Log lines of which one is too many.
  line_alerts = { for name, metric in local.log_metrics : name => metric if try(metric.threshold, 0) == 0 }

  # Alerts on the metrics below. Monitoring rejects a threshold on a metric that is new:
  # it takes up to ten minutes to appear. A query can refer to one that does not exist yet.
  # For the names of metrics in PromQL: cloud.google.com/monitoring/promql/promql-mapping.
  metric_prefix = "logging_googleapis_com:user_strongroom_"
  query_alerts = merge(
    {
      for name, metric in local.log_metrics : name => {
        query    = "sum(increase(${local.metric_prefix}${replace(name, "-", "_")}{monitored_resource=\"cloud_run_revision\"}[1m])) > ${metric.threshold}"
        duration = metric.duration, severity = metric.severity, what = "${metric.description}."
      } if try(metric.threshold, 0) > 0
    },
    {
      for name, metric in merge(local.delay_metrics, local.count_metrics) : name => {
        query    = "histogram_quantile(0.99, sum by (le${contains(keys(local.count_metrics), name) ? ", tenant, issuer" : ""}) (increase(${local.metric_prefix}${replace(name, "-", "_")}_bucket{monitored_resource=\"cloud_run_revision\"}[1m]))) > ${metric.threshold}"
        duration = "0s", severity = contains(keys(local.count_metrics), name) ? "WARNING" : "ERROR", what = metric.what
      }
    },
  )

  # Scheduled functions, each with the time without a success that is too long.
  schedules = {
    for name, f in module.suite.functions : name => {
      filter  = "${local.run} AND resource.labels.service_name=\"${name}\" AND metric.labels.response_code_class=\"2xx\""
      seconds = f.late_after
      effect  = f.if_late
    } if f.schedule != null
  }
}

resource "google_logging_metric" "this" {
  for_each = local.log_metrics

  project     = var.project_id
  name        = "strongroom/${each.key}"
  description = each.value.description
  filter      = each.value.filter

  metric_descriptor {
    metric_kind = "DELTA"
    value_type  = "INT64"
  }
  depends_on = [google_project_service.this]
}

resource "google_logging_metric" "delay" {
  for_each = local.delay_metrics

  project          = var.project_id
  name             = "strongroom/${each.key}"
  description      = each.value.description
  filter           = each.value.filter
  value_extractor  = each.value.value
  label_extractors = each.value.labels

  metric_descriptor {
    metric_kind = "DELTA"
    value_type  = "DISTRIBUTION"
    unit        = "s"
    dynamic "labels" {
      for_each = each.value.labels
      content {
        key = labels.key
      }
    }
  }
  depends_on = [google_project_service.this]
}

resource "google_logging_metric" "count" {
  for_each = local.count_metrics

  project         = var.project_id
  name            = "strongroom/${each.key}"
  description     = each.value.description
  filter          = each.value.filter
  value_extractor = "EXTRACT(jsonPayload.count)"
  label_extractors = {
    tenant = "EXTRACT(jsonPayload.tenant)"
    issuer = "EXTRACT(jsonPayload.issuer)"
  }

  metric_descriptor {
    metric_kind = "DELTA"
    value_type  = "DISTRIBUTION"
    unit        = "1"
    labels {
      key = "tenant"
    }
    labels {
      key = "issuer"
    }
  }
  depends_on = [google_project_service.this]
}

resource "google_monitoring_alert_policy" "threshold" {
  for_each = local.alerts

  project               = var.project_id
  display_name          = "Strongroom: ${each.key}"
  combiner              = "OR"
  severity              = each.value.severity
  notification_channels = var.notification_channels

  conditions {
    display_name = each.key
    condition_threshold {
      filter             = each.value.filter
      denominator_filter = each.value.denominator
      comparison         = "COMPARISON_GT"
      threshold_value    = each.value.threshold
      duration           = each.value.duration
      aggregations {
        alignment_period     = "60s"
        per_series_aligner   = each.value.aligner
        cross_series_reducer = "REDUCE_SUM"
      }
      dynamic "denominator_aggregations" {
        for_each = each.value.denominator == null ? [] : [1]
        content {
          alignment_period     = "60s"
          per_series_aligner   = each.value.aligner
          cross_series_reducer = "REDUCE_SUM"
        }
      }
    }
  }
  documentation {
    content   = each.value.what
    mime_type = "text/markdown"
  }
  alert_strategy {
    auto_close = "86400s"
  }
  depends_on = [google_project_service.this]
}

resource "google_monitoring_alert_policy" "line" {
  for_each = local.line_alerts

  project               = var.project_id
  display_name          = "Strongroom: ${each.key}"
  combiner              = "OR"
  severity              = try(each.value.severity, "ERROR")
  notification_channels = var.notification_channels

  conditions {
    display_name = each.key
    condition_matched_log {
      filter = each.value.filter
    }
  }
  documentation {
    content   = "${each.value.description}."
    mime_type = "text/markdown"
  }
  alert_strategy {
    auto_close = "86400s"
    notification_rate_limit {
      period = "300s"
    }
  }
  depends_on = [google_project_service.this]
}

resource "google_monitoring_alert_policy" "query" {
  for_each = local.query_alerts

  project               = var.project_id
  display_name          = "Strongroom: ${each.key}"
  combiner              = "OR"
  severity              = each.value.severity
  notification_channels = var.notification_channels

  conditions {
    display_name = each.key
    condition_prometheus_query_language {
      query                     = each.value.query
      duration                  = each.value.duration
      evaluation_interval       = "60s"
      disable_metric_validation = true
    }
  }
  documentation {
    content   = each.value.what
    mime_type = "text/markdown"
  }
  alert_strategy {
    auto_close = "86400s"
  }
  depends_on = [google_logging_metric.this, google_logging_metric.delay, google_logging_metric.count]
}

resource "google_monitoring_alert_policy" "absent" {
  for_each = local.schedules

  project               = var.project_id
  display_name          = "Strongroom: ${each.key} does not run"
  combiner              = "OR"
  severity              = "ERROR"
  notification_channels = var.notification_channels

  conditions {
    display_name = "no success of ${each.key}"
    condition_absent {
      filter   = each.value.filter
      duration = "${each.value.seconds}s"
      aggregations {
        alignment_period     = "60s"
        per_series_aligner   = "ALIGN_DELTA"
        cross_series_reducer = "REDUCE_SUM"
      }
    }
  }
  documentation {
    content   = "The scheduled function ${each.key} has not succeeded for ${each.value.seconds / 60} minutes. Until it does, ${each.value.effect}."
    mime_type = "text/markdown"
  }
  alert_strategy {
    auto_close = "86400s"
  }
  depends_on = [google_project_service.this]
}
