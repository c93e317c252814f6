# What tests return instead of Google, for the attributes that other resources use.
# Everything that only Google decides is unknown until apply, as it is for Google's
# provider.

mock_data "google_project" {
  defaults = { number = "123456789012" }
}
mock_data "google_logging_project_cmek_settings" {
  defaults = { service_account_id = "cmek-p123456789012@gcp-sa-logging.iam.gserviceaccount.com" }
}
mock_resource "google_kms_key_ring" {
  defaults = { id = "projects/p-test/locations/europe-west3/keyRings/platform" }
}
mock_resource "google_kms_crypto_key" {
  defaults = { id = "projects/p-test/locations/europe-west3/keyRings/platform/cryptoKeys/mock" }
}
mock_resource "google_artifact_registry_repository" {
  defaults = { id = "projects/p-test/locations/europe-west3/repositories/strongroom", name = "strongroom" }
}
mock_resource "google_service_account" {
  defaults = {
    name   = "projects/p-test/serviceAccounts/some-account@p-test.iam.gserviceaccount.com"
    member = "serviceAccount:some-account@p-test.iam.gserviceaccount.com"
  }
}
mock_resource "google_compute_backend_service" {
  defaults = { id = "projects/p-test/global/backendServices/mock" }
}
mock_resource "google_compute_url_map" {
  defaults = { id = "projects/p-test/global/urlMaps/strongroom" }
}
mock_resource "google_compute_ssl_policy" {
  defaults = { id = "projects/p-test/global/sslPolicies/strongroom" }
}
mock_resource "google_compute_managed_ssl_certificate" {
  defaults = { id = "projects/p-test/global/sslCertificates/strongroom" }
}
mock_resource "google_compute_target_https_proxy" {
  defaults = { id = "projects/p-test/global/targetHttpsProxies/strongroom" }
}
mock_resource "google_compute_security_policy" {
  defaults = { id = "projects/p-test/global/securityPolicies/strongroom" }
}
mock_resource "google_compute_global_address" {
  defaults = { id = "projects/p-test/global/addresses/strongroom", address = "192.0.2.1" }
}
mock_resource "google_logging_project_bucket_config" {
  defaults = { id = "projects/p-test/locations/europe-west3/buckets/strongroom-audit" }
}
mock_resource "google_pubsub_topic" {
  defaults = { id = "projects/p-test/topics/mock" }
}
mock_resource "google_tags_tag_key" {
  defaults = { id = "tagKeys/1" }
}
mock_resource "google_tags_tag_value" {
  defaults = { id = "tagValues/1" }
}
