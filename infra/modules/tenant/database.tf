# A tenant's own database. Its key is not the tenant's data key: Firestore fails every read
# and write of a database whose key is disabled, also of the audit log. So an admin who
# disables the data key could not enable it again, and the end of an offboarding could not
# be recorded. All free text in the database is sealed with the data key as well.
locals {
  database_location     = var.database == null ? null : coalesce(var.database.location, var.location, var.platform.database_location)
  database_key_location = try(lookup({ eur3 = "europe", nam5 = "us" }, local.database_location, local.database_location), null)
  # The key must be where the database is, and a key ring has one location.
  database_ring = local.database_key_location != null && local.database_key_location != local.tenant.location
}

resource "google_kms_key_ring" "database" {
  count = local.database_ring ? 1 : 0

  project  = local.tenant.project_id
  location = local.database_key_location
  name     = local.tenant.key_ring
}

resource "google_kms_crypto_key" "database" {
  count = var.database == null ? 0 : 1

  key_ring                   = local.database_ring ? google_kms_key_ring.database[0].id : google_kms_key_ring.this.id
  name                       = "database"
  purpose                    = "ENCRYPT_DECRYPT"
  rotation_period            = "${var.key_rotation_days * 86400}s"
  destroy_scheduled_duration = "${var.key_destroy_days * 86400}s"
  deletion_policy            = var.deletion_policy
  labels                     = { tenant = var.slug, component = "database" }

  version_template {
    algorithm        = "GOOGLE_SYMMETRIC_ENCRYPTION"
    protection_level = var.key_protection_level
  }
}

# Firestore's service agent in the tenant's project. The platform module creates that of
# the platform's project; in another project, somebody must create it first.
resource "google_kms_crypto_key_iam_member" "database" {
  count = var.database == null ? 0 : 1

  crypto_key_id = google_kms_crypto_key.database[0].id
  role          = "roles/cloudkms.cryptoKeyEncrypterDecrypter"
  member        = "serviceAccount:${local.tenant.firestore_agent}"
}

module "database" {
  source = "../database"
  count  = var.database == null ? 0 : 1

  project_id      = local.tenant.project_id
  name            = local.tenant.database
  location        = local.database_location
  kms_key         = google_kms_crypto_key_iam_member.database[0].crypto_key_id # Firestore must be able to use the key first
  deletion_policy = var.deletion_policy
  ttl_fields      = var.platform.ttl_fields
  backup_days     = var.platform.backup_days
}

# Nothing moves documents from one database to another. A tenant whose record named
# another database would find itself empty, so this stops the apply before the record
# changes.
resource "terraform_data" "database" {
  input            = { slug = var.slug, deletion_policy = var.deletion_policy }
  triggers_replace = [var.database != null]

  provisioner "local-exec" {
    when    = destroy
    command = self.input.deletion_policy == "DELETE" ? "exit 0" : "echo The documents of tenant ${self.input.slug} stay in their database, so its setting database cannot be changed. Change it back. && exit 1"
  }
}
