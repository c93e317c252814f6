# Organization policies: limits for everybody in the project, whatever their roles.

locals {
  # The functions that send to language models.
  senders = [for name in ["assistants", "catalog"] : module.platform.tenancy.accounts[name]]

  enforced = toset([
    "storage.publicAccessPrevention",
    "storage.uniformBucketLevelAccess",
    "iam.disableServiceAccountKeyCreation",
    "iam.automaticIamGrantsForDefaultServiceAccounts",
    "compute.skipDefaultNetworkCreation",
  ])
}

# The services of what is configured here. The platform enables its own.
resource "google_project_service" "this" {
  for_each = toset(["accesscontextmanager", "billingbudgets", "cloudresourcemanager", "dns", "orgpolicy"])

  project            = var.project_id
  service            = "${each.value}.googleapis.com"
  disable_on_destroy = false
}

resource "google_org_policy_policy" "enforced" {
  for_each = local.enforced

  name   = "projects/${var.project_id}/policies/${each.value}"
  parent = "projects/${var.project_id}"
  spec {
    rules {
      enforce = "TRUE"
    }
  }

  depends_on = [google_project_service.this]
}

# The services that store data must use our keys.
resource "google_org_policy_policy" "cmek" {
  name   = "projects/${var.project_id}/policies/gcp.restrictNonCmekServices"
  parent = "projects/${var.project_id}"
  spec {
    rules {
      values {
        denied_values = ["storage.googleapis.com", "firestore.googleapis.com", "pubsub.googleapis.com", "artifactregistry.googleapis.com", "run.googleapis.com"]
      }
    }
  }

  depends_on = [google_project_service.this]
}

resource "google_org_policy_policy" "locations" {
  name   = "projects/${var.project_id}/policies/gcp.resourceLocations"
  parent = "projects/${var.project_id}"
  spec {
    rules {
      values {
        allowed_values = var.allowed_locations
      }
    }
  }

  depends_on = [google_project_service.this]
}

# Nobody can use a model of Google in the platform's own project, and in the project of the
# platform's model only that one, for predictions:
# cloud.google.com/vertex-ai/generative-ai/docs/control-model-access.
resource "google_org_policy_policy" "models" {
  for_each = merge(
    { (var.project_id) = [] },
    var.model == null ? {} : { (var.model.project_id) = ["publishers/google/models/${var.model.name}:predict"] },
  )

  name   = "projects/${each.key}/policies/vertexai.allowedModels"
  parent = "projects/${each.key}"
  spec {
    rules {
      deny_all = length(each.value) == 0 ? "TRUE" : null
      dynamic "values" {
        for_each = length(each.value) == 0 ? [] : [each.value]
        content {
          allowed_values = values.value
        }
      }
    }
  }

  depends_on = [google_project_service.this]
}

# Whatever roles others have there, only the functions that send can use the platform's
# model: cloud.google.com/iam/docs/deny-overview.
resource "google_iam_deny_policy" "models" {
  count = var.model == null ? 0 : 1

  parent       = urlencode("cloudresourcemanager.googleapis.com/projects/${var.model.project_id}")
  name         = "strongroom-models"
  display_name = "Only the functions that send can use models"

  rules {
    description = "Everybody except the functions that send"
    deny_rule {
      denied_principals    = ["principalSet://goog/public:all"]
      denied_permissions   = ["aiplatform.googleapis.com/endpoints.predict"]
      exception_principals = [for account in local.senders : "principal://iam.googleapis.com/projects/-/serviceAccounts/${account}"]
    }
  }

  depends_on = [google_project_service.this]
}

# Only members of our own domain may have roles. Functions that authenticate their
# callers themselves need a binding for allUsers; this tag exempts them.
resource "google_tags_tag_key" "public" {
  parent      = "projects/${var.project_id}"
  short_name  = "strongroom-public"
  description = "Functions that IAM lets everybody call, because they authenticate callers themselves"

  depends_on = [google_project_service.this]
}

resource "google_tags_tag_value" "public" {
  parent      = google_tags_tag_key.public.id
  short_name  = "true"
  description = "Everybody may call"
}

# The tag's value, once the policy exempts it. A module that depended on the policy as a
# whole would read its data sources again with each change of the policy, and replace
# every role that follows from them.
resource "terraform_data" "public_tag" {
  input      = google_tags_tag_value.public.id
  depends_on = [google_org_policy_policy.domains]
}

resource "google_org_policy_policy" "domains" {
  name   = "projects/${var.project_id}/policies/iam.allowedPolicyMemberDomains"
  parent = "projects/${var.project_id}"
  spec {
    rules {
      allow_all = "TRUE"
      condition {
        title      = "public-functions"
        expression = "resource.matchTagId(\"${google_tags_tag_key.public.id}\", \"${google_tags_tag_value.public.id}\")"
      }
    }
    rules {
      values {
        allowed_values = var.customer_ids
      }
    }
  }

  depends_on = [google_project_service.this]
}

