# Each topic, a push subscription for the function that it triggers, and a
# dead-letter topic with a subscription that keeps the messages. A function that a
# topic triggers has a second topic and subscription for messages that are sent
# again, so that whoever sends them cannot publish to the first.

locals {
  pushes = merge(
    { for name, f in module.suite.functions : name => { function = name, topic = f.topic, dead = f.topic } if f.topic != null },
    { for name, f in module.suite.functions : "${name}-replayed" => { function = name, topic = "replayed-${f.topic}", dead = f.topic } if f.topic != null },
  )
}

resource "google_pubsub_topic" "this" {
  for_each = module.suite.topics

  project                    = var.project_id
  name                       = each.value
  kms_key_name               = google_kms_crypto_key.this["messages"].id
  message_retention_duration = "604800s" # messages can be replayed for a week
  deletion_policy            = var.deletion_policy
  labels                     = { component = each.value }

  message_storage_policy {
    allowed_persistence_regions = var.regions
  }

  depends_on = [google_kms_crypto_key_iam_member.agent]
}

resource "google_pubsub_topic" "dead" {
  for_each = module.suite.dead_letters

  project         = var.project_id
  name            = "${each.value}-dead"
  kms_key_name    = google_kms_crypto_key.this["messages"].id
  deletion_policy = var.deletion_policy
  labels          = { component = "${each.value}-dead" }

  message_storage_policy {
    allowed_persistence_regions = var.regions
  }

  depends_on = [google_kms_crypto_key_iam_member.agent]
}

resource "google_pubsub_subscription" "dead" {
  for_each = google_pubsub_topic.dead

  project                    = var.project_id
  name                       = each.value.name
  topic                      = each.value.id
  ack_deadline_seconds       = 60
  message_retention_duration = "2678400s" # 31 days, Pub/Sub's maximum
  deletion_policy            = var.deletion_policy
  labels                     = { component = each.value.name }

  expiration_policy {
    ttl = "" # never
  }
}

# Pub/Sub pushes directly to the function, so the backoff and the dead-letter
# policy are set here. The path contains the topic, for the logs.
resource "google_pubsub_subscription" "push" {
  for_each = local.pushes

  project                    = var.project_id
  name                       = each.key
  topic                      = google_pubsub_topic.this[each.value.topic].id
  ack_deadline_seconds       = 60 # also how long the function may take
  message_retention_duration = "604800s"
  deletion_policy            = var.deletion_policy
  labels                     = { component = each.key }

  push_config {
    push_endpoint = "${module.function[each.value.function].uris[local.primary]}/projects/${var.project_id}/topics/${each.value.topic}"
    oidc_token {
      service_account_email = module.suite.accounts.push
      audience              = module.function[each.value.function].uris[local.primary]
    }
  }
  retry_policy {
    minimum_backoff = "10s"
    maximum_backoff = "600s"
  }
  dead_letter_policy {
    dead_letter_topic     = google_pubsub_topic.dead[each.value.dead].id
    max_delivery_attempts = 20
  }
  expiration_policy {
    ttl = ""
  }

  depends_on = [google_service_account_iam_member.token, google_pubsub_topic_iam_member.dead_letter]
}
