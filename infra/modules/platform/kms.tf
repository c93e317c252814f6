locals {
  # The key location of a Firestore multi-region has another name:
  # cloud.google.com/firestore/docs/use-cmek.
  database_location     = coalesce(var.database_location, var.location)
  database_key_location = lookup({ eur3 = "europe", nam5 = "us" }, local.database_location, local.database_location)

  # Each key with its location. If no function uses a key, only one of Google's
  # service agents does.
  keys = merge(
    {
      audit    = { location = var.location, id = "audit" }                   # seals audit entries; tenants' audit buckets
      messages = { location = var.location, id = "messages" }                # Pub/Sub
      code     = { location = var.location, id = "code" }                    # packages of functions
      logs     = { location = local.home_region, id = "logs" }               # Google's audit logs
      database = { location = local.database_key_location, id = "database" } # Firestore
    },
    { for region in var.regions : "runtime ${region}" => { location = region, id = "runtime" } }, # images, functions, their sources
  )
}

resource "google_kms_key_ring" "platform" {
  for_each = toset([for key in local.keys : key.location])

  project    = var.project_id
  location   = each.value
  name       = "platform"
  depends_on = [google_project_service.this]
}

# Signs the checkpoints of audit logs. A key that signs has no automatic rotation:
# each version is a new verifier key, which auditors must learn. Not every protection
# level has Ed25519, so this key is always in software.
resource "google_kms_crypto_key" "log" {
  key_ring                   = google_kms_key_ring.platform[var.location].id
  name                       = "log"
  purpose                    = "ASYMMETRIC_SIGN"
  destroy_scheduled_duration = "${var.key_destroy_days * 86400}s"
  deletion_policy            = var.deletion_policy
  labels                     = { component = "log" }

  version_template {
    algorithm        = "EC_SIGN_ED25519"
    protection_level = "SOFTWARE"
  }
}

# Every version that can verify. A disabled version has no public key.
data "google_kms_crypto_key_versions" "log" {
  crypto_key = google_kms_crypto_key.log.id
  filter     = "state=ENABLED"
}

# Signs the manifests of exports, in the same way.
resource "google_kms_crypto_key" "manifest" {
  key_ring                   = google_kms_key_ring.platform[var.location].id
  name                       = "manifest"
  purpose                    = "ASYMMETRIC_SIGN"
  destroy_scheduled_duration = "${var.key_destroy_days * 86400}s"
  deletion_policy            = var.deletion_policy
  labels                     = { component = "manifest" }

  version_template {
    algorithm        = "EC_SIGN_ED25519"
    protection_level = "SOFTWARE"
  }
}

# Signs the certificates of offboardings. Only the function offboarding may sign with it. A
# version that is retired from signing stays enabled, so that old certificates verify.
resource "google_kms_crypto_key" "certificate" {
  key_ring                   = google_kms_key_ring.platform[var.location].id
  name                       = "certificate"
  purpose                    = "ASYMMETRIC_SIGN"
  destroy_scheduled_duration = "${var.key_destroy_days * 86400}s"
  deletion_policy            = var.deletion_policy
  labels                     = { component = "certificate" }

  version_template {
    algorithm        = "EC_SIGN_ED25519"
    protection_level = "SOFTWARE"
  }
}

# Signs the halves of consents. Only the function consents may sign with it. A version
# that is retired from signing stays enabled until the halves that it signed have ended.
resource "google_kms_crypto_key" "consent" {
  key_ring                   = google_kms_key_ring.platform[var.location].id
  name                       = "consent"
  purpose                    = "ASYMMETRIC_SIGN"
  destroy_scheduled_duration = "${var.key_destroy_days * 86400}s"
  deletion_policy            = var.deletion_policy
  labels                     = { component = "consent" }

  version_template {
    algorithm        = "EC_SIGN_ED25519"
    protection_level = "SOFTWARE"
  }
}

# Signs the console's proofs to identity providers (private_key_jwt). Only the console may
# sign with it. RS256 is what every provider accepts.
resource "google_kms_crypto_key" "sign_in" {
  key_ring                   = google_kms_key_ring.platform[var.location].id
  name                       = "sign-in"
  purpose                    = "ASYMMETRIC_SIGN"
  destroy_scheduled_duration = "${var.key_destroy_days * 86400}s"
  deletion_policy            = var.deletion_policy
  labels                     = { component = "sign-in" }

  version_template {
    algorithm        = "RSA_SIGN_PKCS1_3072_SHA256"
    protection_level = "SOFTWARE"
  }
}

resource "google_kms_crypto_key" "this" {
  for_each = local.keys

  key_ring                   = google_kms_key_ring.platform[each.value.location].id
  name                       = each.value.id
  purpose                    = "ENCRYPT_DECRYPT"
  rotation_period            = "${var.key_rotation_days * 86400}s"
  destroy_scheduled_duration = "${var.key_destroy_days * 86400}s"
  deletion_policy            = var.deletion_policy
  labels                     = { component = each.value.id }

  version_template {
    algorithm        = "GOOGLE_SYMMETRIC_ENCRYPTION"
    protection_level = var.key_protection_level
  }
}
