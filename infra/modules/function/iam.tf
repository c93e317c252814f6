resource "google_service_account" "this" {
  project      = var.project_id
  account_id   = var.account_id
  display_name = "Strongroom function ${var.name}"
}

# These roles are on the function's Cloud Run service, because Cloud Functions
# rejects roles/run.invoker on the function itself.
resource "google_cloud_run_v2_service_iam_member" "invoker" {
  for_each = { for pair in setproduct(var.regions, var.invokers) : "${pair[0]} ${pair[1]}" => { region = pair[0], member = pair[1] } }

  project  = var.project_id
  location = each.value.region
  name     = google_cloudfunctions2_function.this[each.value.region].name
  role     = "roles/run.invoker"
  member   = "serviceAccount:${each.value.member}"
}

# A function for runners and users authenticates them itself, so IAM must admit
# everybody; see "Who may call" in the README.
resource "google_cloud_run_v2_service_iam_member" "everybody" {
  for_each = local.public && var.admit_everybody ? toset(var.regions) : toset([])

  project  = var.project_id
  location = each.value
  name     = google_cloudfunctions2_function.this[each.value].name
  role     = "roles/run.invoker"
  member   = "allUsers"

  depends_on = [google_tags_location_tag_binding.public]
}

# If the organization restricts members to its own domain, its policy exempts
# services with this tag.
resource "google_tags_location_tag_binding" "public" {
  for_each = local.public && var.public_tag != null ? toset(var.regions) : toset([])

  parent    = "//run.googleapis.com/projects/${var.project_number}/locations/${each.value}/services/${google_cloudfunctions2_function.this[each.value].name}"
  location  = each.value
  tag_value = var.public_tag.value
}
