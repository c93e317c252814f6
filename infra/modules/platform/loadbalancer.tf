# One HTTPS address for runners and users. The paths come from suite.json. The
# default function handles all other paths with an error in the API's format.

locals {
  public = { for name, f in module.suite.functions : name => f if f.http }
}

resource "google_compute_global_address" "this" {
  project    = var.project_id
  name       = "strongroom"
  depends_on = [google_project_service.this]
}

resource "google_compute_region_network_endpoint_group" "this" {
  for_each = { for pair in setproduct(keys(local.public), var.regions) : "${pair[0]} ${pair[1]}" => { function = pair[0], region = pair[1] } }

  project               = var.project_id
  region                = each.value.region
  name                  = "strongroom-${each.value.function}"
  network_endpoint_type = "SERVERLESS"

  cloud_run {
    service = module.function[each.value.function].services[each.value.region]
  }
}

resource "google_compute_backend_service" "this" {
  for_each = local.public

  project               = var.project_id
  name                  = "strongroom-${each.key}"
  protocol              = "HTTPS"
  load_balancing_scheme = "EXTERNAL_MANAGED"
  security_policy       = one(google_compute_security_policy.this[*].id)

  dynamic "backend" {
    for_each = toset(var.regions)
    content {
      group = google_compute_region_network_endpoint_group.this["${each.key} ${backend.value}"].id
    }
  }

  # Serverless backends have no health checks. The load balancer excludes a region
  # for a while if it keeps failing.
  dynamic "outlier_detection" {
    for_each = length(var.regions) > 1 ? [1] : []
    content {
      consecutive_errors                    = 5
      consecutive_gateway_failure           = 3
      enforcing_consecutive_errors          = 100
      enforcing_consecutive_gateway_failure = 100
      max_ejection_percent                  = 50
      interval {
        seconds = 10
      }
      base_ejection_time {
        seconds = 30
      }
    }
  }

  log_config {
    enable      = true
    sample_rate = 1
  }
}

resource "google_compute_url_map" "this" {
  project         = var.project_id
  name            = "strongroom"
  default_service = google_compute_backend_service.this[module.suite.default].id

  host_rule {
    hosts        = [var.domain]
    path_matcher = "api"
  }
  path_matcher {
    name            = "api"
    default_service = google_compute_backend_service.this[module.suite.default].id

    dynamic "route_rules" {
      for_each = module.suite.path_rules
      content {
        priority = route_rules.value.priority
        service  = google_compute_backend_service.this[route_rules.value.function].id
        match_rules {
          path_template_match = route_rules.value.template
        }
      }
    }
  }
}

resource "google_compute_ssl_policy" "this" {
  project         = var.project_id
  name            = "strongroom"
  profile         = "RESTRICTED"
  min_tls_version = "TLS_1_2"
  depends_on      = [google_project_service.this]
}

resource "google_compute_managed_ssl_certificate" "this" {
  project = var.project_id
  name    = "strongroom-${substr(sha256(var.domain), 0, 8)}" # the domain of a certificate cannot change

  managed {
    domains = [var.domain]
  }
  lifecycle {
    create_before_destroy = true
  }
  depends_on = [google_project_service.this]
}

resource "google_compute_target_https_proxy" "this" {
  project          = var.project_id
  name             = "strongroom"
  url_map          = google_compute_url_map.this.id
  ssl_certificates = [google_compute_managed_ssl_certificate.this.id]
  ssl_policy       = google_compute_ssl_policy.this.id
}

resource "google_compute_global_forwarding_rule" "this" {
  project               = var.project_id
  name                  = "strongroom"
  ip_address            = google_compute_global_address.this.id
  port_range            = "443"
  load_balancing_scheme = "EXTERNAL_MANAGED"
  target                = google_compute_target_https_proxy.this.id
}

resource "google_compute_security_policy" "this" {
  count = var.rate_limit == null ? 0 : 1

  project = var.project_id
  name    = "strongroom"
  type    = "CLOUD_ARMOR"

  rule {
    priority    = 1000
    action      = "throttle"
    description = "Rate limit for each address"
    match {
      versioned_expr = "SRC_IPS_V1"
      config {
        src_ip_ranges = ["*"]
      }
    }
    rate_limit_options {
      conform_action = "allow"
      exceed_action  = "deny(429)"
      enforce_on_key = "IP"
      rate_limit_threshold {
        count        = var.rate_limit.requests
        interval_sec = var.rate_limit.seconds
      }
    }
  }
  rule {
    priority    = 2147483647
    action      = "allow"
    description = "Default"
    match {
      versioned_expr = "SRC_IPS_V1"
      config {
        src_ip_ranges = ["*"]
      }
    }
  }
  depends_on = [google_project_service.this]
}
