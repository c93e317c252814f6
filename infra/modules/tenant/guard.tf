# Removing a tenant by mistake must delete nothing. Terraform deletes what depends on
# other resources first, so it begins with this one, which fails unless deletion_policy
# was set to DELETE and applied before. Without it, the tenant's account and roles would
# be gone before the bucket's own protection stops the rest.
resource "terraform_data" "guard" {
  input = { slug = var.slug, deletion_policy = var.deletion_policy }

  provisioner "local-exec" {
    when    = destroy
    command = self.input.deletion_policy == "DELETE" ? "exit 0" : "echo Tenant ${self.input.slug} is not leaving. Nothing of it was deleted. Put it back, or set its leaving = true and apply first. && exit 1"
  }

  depends_on = [
    google_firestore_document.member,
    google_firestore_document.record,
    google_firestore_document.workspace,
    google_kms_crypto_key.database,
    google_kms_crypto_key.signing,
    google_project_iam_custom_role.this,
    google_project_iam_member.database,
    google_service_account.signing,
    google_storage_notification.outputs,
    module.database,
    terraform_data.database,
  ]
}
