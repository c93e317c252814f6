# A service perimeter: data cannot leave through Google's APIs, even with stolen
# credentials. It admits two kinds of requests:
# - PUTs of runners, from anywhere. Cloud Storage attributes them to the tenants'
#   signing accounts, which can only create objects.
# - requests of the operators.
#
# It lets one kind of request out: those of the functions that send to language models, to
# the projects of the models.

resource "google_access_context_manager_service_perimeter" "this" {
  count = var.access_policy == null ? 0 : 1

  parent         = "accessPolicies/${var.access_policy}"
  name           = "accessPolicies/${var.access_policy}/servicePerimeters/strongroom"
  title          = "strongroom"
  perimeter_type = "PERIMETER_TYPE_REGULAR"

  status {
    resources = ["projects/${module.platform.tenancy.project_number}"]
    restricted_services = [
      "aiplatform.googleapis.com", "artifactregistry.googleapis.com", "cloudfunctions.googleapis.com", "cloudkms.googleapis.com", "firestore.googleapis.com",
      "iamcredentials.googleapis.com", "logging.googleapis.com", "pubsub.googleapis.com", "run.googleapis.com", "storage.googleapis.com",
    ]
    vpc_accessible_services {
      enable_restriction = true
      allowed_services   = ["RESTRICTED-SERVICES"]
    }

    ingress_policies {
      title = "runners upload parts"
      ingress_from {
        identities = [for t in module.tenant : "serviceAccount:${t.signing_account}"]
        sources {
          access_level = "*"
        }
      }
      ingress_to {
        resources = ["projects/${module.platform.tenancy.project_number}"]
        operations {
          service_name = "storage.googleapis.com"
          method_selectors {
            method = "google.storage.objects.create"
          }
        }
      }
    }

    # Runners and users call the functions through the load balancer, without an identity
    # of Google. The functions authenticate them.
    ingress_policies {
      title = "calls of functions"
      ingress_from {
        identity_type = "ANY_IDENTITY"
        sources {
          access_level = "*"
        }
      }
      ingress_to {
        resources = ["projects/${module.platform.tenancy.project_number}"]
        operations {
          service_name = "run.googleapis.com"
          method_selectors {
            method = "*"
          }
        }
      }
    }

    dynamic "egress_policies" {
      for_each = length(var.model_project_numbers) == 0 ? [] : [var.model_project_numbers]
      content {
        title = "functions send to language models"
        egress_from {
          identities = [for account in local.senders : "serviceAccount:${account}"]
        }
        egress_to {
          resources = [for number in egress_policies.value : "projects/${number}"]
          operations {
            service_name = "aiplatform.googleapis.com"
            method_selectors {
              method = "*"
            }
          }
        }
      }
    }

    ingress_policies {
      title = "operators"
      ingress_from {
        identities = var.operators
        sources {
          access_level = "*"
        }
      }
      ingress_to {
        resources = ["projects/${module.platform.tenancy.project_number}"]
        operations {
          service_name = "*"
        }
      }
    }
  }

  depends_on = [google_project_service.this]
}
