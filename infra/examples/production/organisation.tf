# What nobody in the project may do, whatever roles they hold.

locals {
  enforced = toset([
    "storage.publicAccessPrevention",
    "storage.uniformBucketLevelAccess",
    "iam.disableServiceAccountKeyCreation",
    "iam.automaticIamGrantsForDefaultServiceAccounts",
    "compute.skipDefaultNetworkCreation",
  ])
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
}

# Nothing without a key of ours in the services that hold data.
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
}

# Roles go to our own domain only. The functions that authenticate callers
# themselves must let everybody through IAM: what carries this tag may.
resource "google_tags_tag_key" "public" {
  parent      = "projects/${var.project_id}"
  short_name  = "strongroom-public"
  description = "Functions that IAM passes everybody to, since they authenticate callers themselves"
}

resource "google_tags_tag_value" "public" {
  parent      = google_tags_tag_key.public.id
  short_name  = "true"
  description = "Everybody is passed"
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
}
