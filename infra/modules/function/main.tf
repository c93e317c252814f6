# One deployable: a Cloud Function (2nd gen) with its own service account,
# identical in every region.

locals {
  account = "${var.account_id}@${var.project_id}.iam.gserviceaccount.com"
  public  = length(var.invokers) == 0

  # Go's garbage collector works harder before the instance is out of memory. A
  # tenth is for what is not on Go's heap.
  mebibytes  = tonumber(regex("^[0-9]+", var.limits.memory)) * (endswith(var.limits.memory, "Gi") ? 1024 : 1)
  gomemlimit = "${floor(local.mebibytes * 0.9)}MiB"
}

resource "google_cloudfunctions2_function" "this" {
  for_each = toset(var.regions)

  project      = var.project_id
  location     = each.value
  name         = var.name
  description  = "Strongroom ${var.name}"
  kms_key_name = var.kms_keys[each.value]
  labels       = { component = var.name }

  build_config {
    runtime               = var.runtime
    entry_point           = var.entry_point
    docker_repository     = var.repositories[each.value]
    service_account       = var.build_account
    worker_pool           = lookup(var.worker_pools, each.value, null)
    environment_variables = var.build_environment
    source {
      storage_source {
        bucket = var.source_zip.bucket
        object = var.source_zip.object # its name has the SHA-256 of its bytes, so new code is a new object
      }
    }
    automatic_update_policy {}
  }

  service_config {
    service_account_email            = local.account
    environment_variables            = merge({ GOMEMLIMIT = local.gomemlimit }, var.environment)
    available_memory                 = var.limits.memory
    available_cpu                    = var.limits.cpu
    timeout_seconds                  = var.limits.timeout_seconds
    max_instance_request_concurrency = var.limits.concurrency
    min_instance_count               = var.limits.min_instances
    max_instance_count               = var.limits.max_instances
    all_traffic_on_latest_revision   = !var.keep_traffic

    dynamic "secret_environment_variables" {
      for_each = var.secret_environment
      content {
        key        = secret_environment_variables.key
        project_id = var.project_id
        secret     = secret_environment_variables.value
        version    = "latest"
      }
    }
    dynamic "secret_volumes" {
      for_each = var.secret_files
      content {
        mount_path = dirname(secret_volumes.key)
        project_id = var.project_id
        secret     = secret_volumes.value
        versions {
          version = "latest"
          path    = basename(secret_volumes.key)
        }
      }
    }

    direct_vpc_egress = var.subnetworks == null ? null : "VPC_EGRESS_ALL_TRAFFIC"
    dynamic "direct_vpc_network_interface" {
      for_each = var.subnetworks == null ? [] : [var.subnetworks[each.value]]
      content {
        subnetwork = direct_vpc_network_interface.value
      }
    }

    # Users and runners call through the load balancer. Pub/Sub and the
    # scheduler of the same project count as internal.
    ingress_settings = local.public ? "ALLOW_INTERNAL_AND_GCLB" : "ALLOW_INTERNAL_ONLY"
  }

  depends_on = [google_service_account.this]
}
