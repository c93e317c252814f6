locals {
  # Each chart: its title, and the series in it.
  charts = concat(
    [
      { title = "Requests by function, per second", filter = local.run, aligner = "ALIGN_RATE", reducer = "REDUCE_SUM", by = ["resource.label.service_name"] },
      { title = "5xx by function, per second", filter = "${local.run} AND metric.labels.response_code_class=\"5xx\"", aligner = "ALIGN_RATE", reducer = "REDUCE_SUM", by = ["resource.label.service_name"] },
      { title = "95th percentile of the latency, by function (ms)", filter = "resource.type=\"cloud_run_revision\" AND metric.type=\"run.googleapis.com/request_latencies\"", aligner = "ALIGN_PERCENTILE_95", reducer = "REDUCE_MAX", by = ["resource.label.service_name"] },
      { title = "Instances by function", filter = "resource.type=\"cloud_run_revision\" AND metric.type=\"run.googleapis.com/container/instance_count\"", aligner = "ALIGN_MAX", reducer = "REDUCE_SUM", by = ["resource.label.service_name"] },
      { title = "Messages waiting", filter = "resource.type=\"pubsub_subscription\" AND metric.type=\"pubsub.googleapis.com/subscription/num_undelivered_messages\"", aligner = "ALIGN_MAX", reducer = "REDUCE_SUM", by = ["resource.label.subscription_id"] },
      { title = "Firestore reads, per second", filter = "resource.type=\"firestore_instance\" AND metric.type=\"firestore.googleapis.com/document/read_count\"", aligner = "ALIGN_RATE", reducer = "REDUCE_SUM", by = ["metric.label.type"] },
      { title = "Requests to Cloud Storage by method, per second: uploads are WriteObject, exports also RewriteObject", filter = "resource.type=\"gcs_bucket\" AND metric.type=\"storage.googleapis.com/api/request_count\"", aligner = "ALIGN_RATE", reducer = "REDUCE_SUM", by = ["metric.label.method"] },
      { title = "Stored bytes by bucket, and so by tenant", filter = "resource.type=\"gcs_bucket\" AND metric.type=\"storage.googleapis.com/storage/v2/total_bytes\"", aligner = "ALIGN_MEAN", reducer = "REDUCE_SUM", by = ["resource.label.bucket_name"] },
      { title = "Received bytes by bucket, per second", filter = "resource.type=\"gcs_bucket\" AND metric.type=\"storage.googleapis.com/network/received_bytes_count\"", aligner = "ALIGN_RATE", reducer = "REDUCE_SUM", by = ["resource.label.bucket_name"] },
      { title = "Requests by bucket, per second", filter = "resource.type=\"gcs_bucket\" AND metric.type=\"storage.googleapis.com/api/request_count\"", aligner = "ALIGN_RATE", reducer = "REDUCE_SUM", by = ["resource.label.bucket_name"] },
      { title = "Firestore writes, per second", filter = "resource.type=\"firestore_instance\" AND metric.type=\"firestore.googleapis.com/document/write_count\"", aligner = "ALIGN_RATE", reducer = "REDUCE_SUM", by = ["metric.label.op"] },
    ],
    [
      for name, metric in google_logging_metric.delay :
      { title = local.delay_metrics[name].description, filter = "metric.type=\"logging.googleapis.com/user/${metric.name}\"", aligner = "ALIGN_PERCENTILE_99", reducer = "REDUCE_MAX", by = [for label in keys(local.delay_metrics[name].labels) : "metric.label.${label}"] }
    ],
    [
      for name, metric in google_logging_metric.this :
      { title = local.log_metrics[name].description, filter = "metric.type=\"logging.googleapis.com/user/${metric.name}\"", aligner = "ALIGN_DELTA", reducer = "REDUCE_SUM", by = [] }
    ],
  )
}

resource "google_monitoring_dashboard" "this" {
  project = var.project_id

  dashboard_json = jsonencode({
    displayName = "Strongroom"
    gridLayout = {
      columns = "2"
      widgets = [
        for chart in local.charts : {
          title = chart.title
          xyChart = {
            dataSets = [{
              plotType = "LINE"
              timeSeriesQuery = {
                timeSeriesFilter = {
                  filter = chart.filter
                  aggregation = {
                    alignmentPeriod    = "60s"
                    perSeriesAligner   = chart.aligner
                    crossSeriesReducer = chart.reducer
                    groupByFields      = chart.by
                  }
                }
              }
            }]
          }
        }
      ]
    }
  })
  depends_on = [google_project_service.this]
}
