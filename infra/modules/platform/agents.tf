# Google's service agents that use a key must exist, and have their role on it,
# before Terraform creates the resources that they encrypt with it.

resource "google_project_service_identity" "this" {
  for_each = toset(["artifactregistry", "cloudbuild", "cloudfunctions", "cloudscheduler", "eventarc", "firestore", "pubsub", "run"])
  provider = google-beta

  project    = var.project_id
  service    = "${each.value}.googleapis.com"
  depends_on = [google_project_service.this]
}

# Google gives an agent no role if somebody else than Google asked for it:
# cloud.google.com/iam/docs/create-service-agents. Without these, no function can be
# deployed.
resource "google_project_iam_member" "service_agent" {
  for_each = local.agent_roles

  project = var.project_id
  role    = each.value
  member  = "serviceAccount:${local.agents[each.key]}"

  depends_on = [google_project_service_identity.this]
}

data "google_storage_project_service_account" "this" { # reading it creates the account
  project    = var.project_id
  depends_on = [google_project_service.data_source]
}

data "google_logging_project_cmek_settings" "this" { # reading it creates the account
  project    = var.project_id
  depends_on = [google_project_service.data_source]
}

locals {
  # cloud.google.com/iam/docs/service-agents
  agents = merge(
    {
      for name, domain in {
        artifactregistry = "gcp-sa-artifactregistry"
        build            = "gcp-sa-cloudbuild"
        eventarc         = "gcp-sa-eventarc"
        firestore        = "gcp-sa-firestore"
        functions        = "gcf-admin-robot"
        pubsub           = "gcp-sa-pubsub"
        run              = "serverless-robot-prod"
        scheduler        = "gcp-sa-cloudscheduler"
        storage          = "gs-project-accounts"
      } : name => "service-${local.project_number}@${domain}.iam.gserviceaccount.com"
    },
    { logging = data.google_logging_project_cmek_settings.this.service_account_id },
  )

  # Each agent's own role: cloud.google.com/iam/docs/service-agents. Cloud Storage and
  # Cloud Logging need none.
  agent_roles = {
    artifactregistry = "roles/artifactregistry.serviceAgent"
    build            = "roles/cloudbuild.serviceAgent"
    eventarc         = "roles/eventarc.serviceAgent"
    firestore        = "roles/firestore.serviceAgent"
    functions        = "roles/cloudfunctions.serviceAgent"
    pubsub           = "roles/pubsub.serviceAgent"
    run              = "roles/run.serviceAgent"
    scheduler        = "roles/cloudscheduler.serviceAgent"
  }

  # The agents that encrypt with each key. For Cloud Functions, see
  # cloud.google.com/functions/docs/securing/cmek.
  key_users = merge(
    {
      "firestore database" = { agent = "firestore", key = "database" }
      "pubsub messages"    = { agent = "pubsub", key = "messages" }
      "storage code"       = { agent = "storage", key = "code" }
      "logging logs"       = { agent = "logging", key = "logs" }
    },
    {
      for pair in setproduct(["artifactregistry", "eventarc", "functions", "run", "storage"], var.regions) :
      "${pair[0]} runtime ${pair[1]}" => { agent = pair[0], key = "runtime ${pair[1]}" }
    },
  )
}

resource "google_kms_crypto_key_iam_member" "agent" {
  for_each = local.key_users

  crypto_key_id = google_kms_crypto_key.this[each.value.key].id
  role          = "roles/cloudkms.cryptoKeyEncrypterDecrypter"
  member        = "serviceAccount:${local.agents[each.value.agent]}"

  depends_on = [google_project_service_identity.this, data.google_storage_project_service_account.this]
}

# Pub/Sub and the scheduler create tokens for the account that calls a function.
resource "google_service_account_iam_member" "token" {
  for_each = { pubsub = google_service_account.caller["push"].name, scheduler = google_service_account.caller["scheduler"].name }

  service_account_id = each.value
  role               = "roles/iam.serviceAccountOpenIdTokenCreator"
  member             = "serviceAccount:${local.agents[each.key]}"

  depends_on = [google_project_service_identity.this]
}

# Pub/Sub moves undeliverable messages from the subscription to the dead-letter
# topic: cloud.google.com/pubsub/docs/handling-failures.
resource "google_pubsub_topic_iam_member" "dead_letter" {
  for_each = google_pubsub_topic.dead

  project = var.project_id
  topic   = each.value.name
  role    = "roles/pubsub.publisher"
  member  = "serviceAccount:${local.agents.pubsub}"

  depends_on = [google_project_service_identity.this]
}

resource "google_pubsub_subscription_iam_member" "dead_letter" {
  for_each = google_pubsub_subscription.push

  project      = var.project_id
  subscription = each.value.name
  role         = "roles/pubsub.subscriber"
  member       = "serviceAccount:${local.agents.pubsub}"

  depends_on = [google_project_service_identity.this]
}
