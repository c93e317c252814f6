# With a perimeter, the functions' requests leave through this network. Requests to
# Google go to the addresses that serve only what a perimeter protects, and requests for
# the keys of issuers through Cloud NAT: cloud.google.com/vpc-service-controls/docs/set-up-private-connectivity.

locals {
  network_regions = var.access_policy == null ? toset([]) : toset(var.regions)
}

resource "google_compute_network" "this" {
  count = var.access_policy == null ? 0 : 1

  project                 = var.project_id
  name                    = "strongroom"
  auto_create_subnetworks = false

  depends_on = [google_project_service.this]
}

# Each instance of a function needs an address while it runs, and one while it is
# replaced: cloud.google.com/run/docs/configuring/vpc-direct-vpc.
resource "google_compute_subnetwork" "this" {
  for_each = local.network_regions

  project                  = var.project_id
  region                   = each.value
  name                     = "strongroom-${each.value}"
  network                  = google_compute_network.this[0].id
  ip_cidr_range            = var.subnetwork_ranges[each.value]
  private_ip_google_access = true
}

resource "google_compute_router" "this" {
  for_each = local.network_regions

  project = var.project_id
  region  = each.value
  name    = "strongroom"
  network = google_compute_network.this[0].id
}

resource "google_compute_router_nat" "this" {
  for_each = local.network_regions

  project                            = var.project_id
  region                             = each.value
  name                               = "strongroom"
  router                             = google_compute_router.this[each.value].name
  nat_ip_allocate_option             = "AUTO_ONLY"
  source_subnetwork_ip_ranges_to_nat = "ALL_SUBNETWORKS_ALL_IP_RANGES"
}

resource "google_dns_managed_zone" "this" {
  for_each = var.access_policy == null ? toset([]) : toset(["googleapis.com", "run.app"])

  project     = var.project_id
  name        = "strongroom-${replace(each.value, ".", "-")}"
  dns_name    = "${each.value}."
  description = "Sends requests to Google to the addresses of the perimeter"
  visibility  = "private"

  private_visibility_config {
    networks {
      network_url = google_compute_network.this[0].id
    }
  }
  depends_on = [google_project_service.this]
}

resource "google_dns_record_set" "address" {
  for_each = google_dns_managed_zone.this

  project      = var.project_id
  managed_zone = each.value.name
  name         = each.value.dns_name
  type         = "A"
  ttl          = 300
  rrdatas      = ["199.36.153.4", "199.36.153.5", "199.36.153.6", "199.36.153.7"] # restricted.googleapis.com
}

resource "google_dns_record_set" "others" {
  for_each = google_dns_managed_zone.this

  project      = var.project_id
  managed_zone = each.value.name
  name         = "*.${each.value.dns_name}"
  type         = "CNAME"
  ttl          = 300
  rrdatas      = [each.value.dns_name]
}
