# The console's secrets are created outside of Terraform, so that its state does not have
# them. The console mounts them, and needs no client of Secret Manager.

locals {
  console_sign_in_dir = "/etc/strongroom/sign-in"

  console_environment = var.console == null ? {} : { STRONGROOM_CONSOLE_COOKIE_KEY = var.console.cookie_key_secret }
  console_files = {
    for name, secret in try(var.console.sign_in_secrets, {}) : "${local.console_sign_in_dir}/${name}/${name}.json" => secret
  }
  console_secrets = toset(concat(values(local.console_environment), values(local.console_files)))
}

resource "google_secret_manager_secret_iam_member" "console" {
  for_each = local.console_secrets

  project   = var.project_id
  secret_id = each.value
  role      = "roles/secretmanager.secretAccessor"
  member    = "serviceAccount:${module.suite.functions["console"].account}"

  depends_on = [google_project_service.this]
}
