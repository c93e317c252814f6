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

# What the resources with a tenant's label cost. Its part of what all tenants share is not in it.
resource "google_billing_budget" "tenant" {
  for_each = var.tenant_budgets

  billing_account = var.billing_account
  display_name    = "Strongroom ${var.project_id}, tenant ${each.key}"

  budget_filter {
    labels = { tenant = each.key }
  }
  amount {
    specified_amount {
      currency_code = var.budget.currency
      units         = tostring(each.value)
    }
  }
  threshold_rules {
    threshold_percent = 1
  }
  threshold_rules {
    threshold_percent = 1
    spend_basis       = "FORECASTED_SPEND"
  }
  all_updates_rule {
    monitoring_notification_channels = var.notification_channels
  }

  lifecycle {
    precondition {
      condition     = contains(keys(var.tenants), each.key)
      error_message = "tenant_budgets has ${each.key}, which is no tenant."
    }
  }
  depends_on = [google_project_service.this]
}
