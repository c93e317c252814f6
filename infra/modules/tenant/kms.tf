# Each tenant has its own key ring. Disabling its key locks this tenant and no other.
resource "google_kms_key_ring" "this" {
  project  = local.tenant.project_id
  location = local.tenant.location
  name     = local.tenant.key_ring
}

resource "google_kms_crypto_key" "data" {
  key_ring                   = google_kms_key_ring.this.id
  name                       = "data"
  purpose                    = "ENCRYPT_DECRYPT"
  rotation_period            = "${var.key_rotation_days * 86400}s"
  destroy_scheduled_duration = "${var.key_destroy_days * 86400}s"
  deletion_policy            = var.deletion_policy
  labels                     = { tenant = var.slug, component = "data" }

  version_template {
    algorithm        = "GOOGLE_SYMMETRIC_ENCRYPTION"
    protection_level = var.key_protection_level
  }
}

# Signs upload URLs instead of IAM, with a higher quota and a lower latency. It can
# sign for the account after its certificate is uploaded to that account.
resource "google_kms_crypto_key" "signing" {
  count = var.signing_key ? 1 : 0

  key_ring                   = google_kms_key_ring.this.id
  name                       = "signing"
  purpose                    = "ASYMMETRIC_SIGN"
  destroy_scheduled_duration = "${var.key_destroy_days * 86400}s"
  deletion_policy            = var.deletion_policy
  labels                     = { tenant = var.slug, component = "signing" }

  version_template {
    algorithm        = "RSA_SIGN_PKCS1_2048_SHA256"
    protection_level = var.key_protection_level
  }
}
