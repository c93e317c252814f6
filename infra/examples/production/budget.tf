resource "google_billing_budget" "this" {
  billing_account = var.billing_account
  display_name    = "Strongroom ${var.project_id}"

  budget_filter {
    projects = ["projects/${module.platform.tenancy.project_number}"]
  }
  amount {
    specified_amount {
      currency_code = var.budget.currency
      units         = tostring(var.budget.units)
    }
  }
  dynamic "threshold_rules" {
    for_each = toset([0.5, 0.9, 1])
    content {
      threshold_percent = threshold_rules.value
    }
  }
  threshold_rules {
    threshold_percent = 1
    spend_basis       = "FORECASTED_SPEND"
  }
  all_updates_rule {
    monitoring_notification_channels = var.notification_channels
  }

  depends_on = [google_project_service.this]
}
