resource "google_service_account" "this" {
  project      = var.project_id
  account_id   = var.account_id
  display_name = "Strongroom function ${var.name}"
}

# Roles are held on the Cloud Run service below the function: on the function
# itself roles/run.invoker is refused.
resource "google_cloud_run_v2_service_iam_member" "invoker" {
  for_each = { for pair in setproduct(var.regions, var.invokers) : "${pair[0]} ${pair[1]}" => { region = pair[0], member = pair[1] } }

  project  = var.project_id
  location = each.value.region
  name     = google_cloudfunctions2_function.this[each.value.region].name
  role     = "roles/run.invoker"
  member   = "serviceAccount:${each.value.member}"
}

# A function for runners and users authenticates them itself, so IAM must let
# everybody through to it; see "Who may knock" in the README.
resource "google_cloud_run_v2_service_iam_member" "everybody" {
  for_each = local.public && var.admit_everybody ? toset(var.regions) : toset([])

  project  = var.project_id
  location = each.value
  name     = google_cloudfunctions2_function.this[each.value].name
  role     = "roles/run.invoker"
  member   = "allUsers"

  depends_on = [google_tags_location_tag_binding.public]
}

# Where the organisation admits its own domain only, this tag is what its policy
# makes an exception for.
resource "google_tags_location_tag_binding" "public" {
  for_each = local.public && var.public_tag_value != null ? toset(var.regions) : toset([])

  parent    = "//run.googleapis.com/projects/${var.project_number}/locations/${each.value}/services/${google_cloudfunctions2_function.this[each.value].name}"
  location  = each.value
  tag_value = var.public_tag_value
}
