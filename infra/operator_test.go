package infra_test

import (
	"maps"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// remains has what is left of a kind of resource after `terraform destroy`, as the first column of
// a row in infra/README.md. An empty text: nothing is left.
var remains = map[string]string{
	"google_access_context_manager_service_perimeter": "",
	"google_artifact_registry_repository":             "",
	"google_artifact_registry_repository_iam_member":  "",
	"google_billing_budget":                           "",
	"google_cloud_run_v2_service_iam_member":          "",
	"google_cloud_scheduler_job":                      "",
	"google_cloudfunctions2_function":                 "buckets `gcf-v2-sources-…`",
	"google_compute_backend_service":                  "",
	"google_compute_global_address":                   "",
	"google_compute_global_forwarding_rule":           "",
	"google_compute_managed_ssl_certificate":          "",
	"google_compute_network":                          "",
	"google_compute_region_network_endpoint_group":    "",
	"google_compute_router":                           "",
	"google_compute_router_nat":                       "",
	"google_compute_security_policy":                  "",
	"google_compute_ssl_policy":                       "",
	"google_compute_subnetwork":                       "",
	"google_compute_target_https_proxy":               "",
	"google_compute_url_map":                          "",
	"google_dns_managed_zone":                         "",
	"google_dns_record_set":                           "",
	"google_firestore_backup_schedule":                "backups of the databases",
	"google_firestore_database":                       "IDs of databases",
	"google_firestore_document":                       "",
	"google_firestore_field":                          "",
	"google_firestore_index":                          "",
	"google_iam_deny_policy":                          "",
	"google_kms_crypto_key":                           "key versions",
	"google_kms_crypto_key_iam_member":                "",
	"google_kms_key_ring":                             "key rings",
	"google_logging_metric":                           "",
	"google_logging_project_bucket_config":            "the log bucket `strongroom-audit`",
	"google_logging_project_exclusion":                "",
	"google_logging_project_sink":                     "",
	"google_monitoring_alert_policy":                  "",
	"google_monitoring_dashboard":                     "",
	"google_org_policy_policy":                        "",
	"google_project_iam_audit_config":                 "logs in `_Default`",
	"google_project_iam_custom_role":                  "custom roles",
	"google_project_iam_member":                       "",
	"google_project_service":                          "enabled services",
	"google_project_service_identity":                 "service agents",
	"google_pubsub_subscription":                      "",
	"google_pubsub_subscription_iam_member":           "",
	"google_pubsub_topic":                             "",
	"google_pubsub_topic_iam_member":                  "",
	"google_secret_manager_secret_iam_member":         "",
	"google_service_account":                          "service accounts",
	"google_service_account_iam_member":               "",
	"google_storage_bucket":                           "deleted objects",
	"google_storage_bucket_iam_member":                "",
	"google_storage_bucket_object":                    "",
	"google_storage_notification":                     "",
	"google_tags_location_tag_binding":                "",
	"google_tags_tag_key":                             "",
	"google_tags_tag_value":                           "",
}

// TestTheReadmeListsWhatDestroyLeavesBehind requires a decision for each kind of resource, and a
// row of the README for what is left of it.
func TestTheReadmeListsWhatDestroyLeavesBehind(t *testing.T) {
	t.Parallel()
	_, list, _ := strings.Cut(readText(t, "README.md"), "\nThis remains:\n")
	list, _, _ = strings.Cut(list, "\n## ")
	used := resourceTypes(t, "modules/*/*.tf", "examples/*/*.tf")
	for _, kind := range used {
		left, decided := remains[kind]
		if !decided {
			t.Errorf("add to this test what destroy leaves behind of a %s", kind)
		}
		if left != "" && !regexp.MustCompile(`(?m)^\|[^|]*`+regexp.QuoteMeta(left)).MatchString(list) {
			t.Errorf("the list of what remains has no row for %s, of a %s", left, kind)
		}
	}
	for kind := range remains {
		if !slices.Contains(used, kind) {
			t.Errorf("nothing creates a %s: remove it from this test", kind)
		}
	}
	for text, kind := range map[string]string{
		"disable_on_destroy = false": "google_project_service", "soft_delete_policy {": "google_storage_bucket", "is_locked": "google_storage_bucket",
	} {
		if !strings.Contains(textOf(t, "modules/*/*.tf"), text) {
			t.Errorf("no %s has %s, so the README lists too much", kind, text)
		}
	}
	if !strings.Contains(list, "locked retention") {
		t.Error("the list does not say that a locked retention remains")
	}
}

// administrators has a role that may create the resources of a service, by the longest start of
// their type. roles/owner has all of them but the organization's.
var administrators = map[string]string{
	"google_access_context_manager_": "roles/accesscontextmanager.policyAdmin",
	"google_artifact_registry_":      "roles/artifactregistry.admin",
	"google_billing_":                "roles/billing.costsManager",
	"google_cloud_run_":              "roles/run.admin",
	"google_cloud_scheduler_":        "roles/cloudscheduler.admin",
	"google_cloudfunctions2_":        "roles/cloudfunctions.admin",
	"google_compute_":                "roles/compute.loadBalancerAdmin",
	"google_compute_network":         "roles/compute.networkAdmin",
	"google_compute_route":           "roles/compute.networkAdmin",
	"google_compute_security_":       "roles/compute.securityAdmin",
	"google_compute_ssl_":            "roles/compute.securityAdmin",
	"google_compute_subnetwork":      "roles/compute.networkAdmin",
	"google_dns_":                    "roles/dns.admin",
	"google_firestore_":              "roles/datastore.owner",
	"google_iam_deny_":               "roles/iam.denyAdmin",
	"google_kms_":                    "roles/cloudkms.admin",
	"google_logging_":                "roles/logging.configWriter",
	"google_monitoring_":             "roles/monitoring.editor",
	"google_org_policy_":             "roles/orgpolicy.policyAdmin",
	"google_project_iam_":            "roles/resourcemanager.projectIamAdmin",
	"google_project_iam_custom_role": "roles/iam.roleAdmin",
	"google_project_service":         "roles/serviceusage.serviceUsageAdmin",
	"google_pubsub_":                 "roles/pubsub.admin",
	"google_secret_manager_":         "roles/secretmanager.admin",
	"google_service_account":         "roles/iam.serviceAccountAdmin",
	"google_storage_":                "roles/storage.admin",
	"google_tags_":                   "roles/resourcemanager.tagAdmin",
}

// TestTheReadmesNameTheRolesOfWhoApplies requires a role for each kind of resource: in
// infra/README.md for those of the modules and of examples/minimal, and in one of the two for
// those of examples/production.
func TestTheReadmesNameTheRolesOfWhoApplies(t *testing.T) {
	t.Parallel()
	readme, production := readText(t, "README.md"), readText(t, "examples/production/README.md")
	inProduction := []string{"google_tags_location_tag_binding"} // only with public_tag, which only production has
	check := func(text string, kinds []string) {
		for _, kind := range kinds {
			role := longest(administrators, kind)
			if role == "" {
				t.Errorf("add to this test the role that may create a %s", kind)
			}
			if !strings.Contains(text, "`"+role+"`") {
				t.Errorf("whoever applies needs %s for %s, and the README does not say so", role, kind)
			}
		}
	}
	check(readme, slices.DeleteFunc(resourceTypes(t, "modules/*/*.tf", "examples/minimal/*.tf"), func(kind string) bool { return slices.Contains(inProduction, kind) }))
	check(readme+production, resourceTypes(t, "modules/*/*.tf", "examples/production/*.tf"))
}

// longest returns the value of the longest key that text begins with.
func longest(values map[string]string, text string) string {
	found := ""
	for _, start := range slices.Collect(maps.Keys(values)) {
		if strings.HasPrefix(text, start) && len(start) > len(found) {
			found = start
		}
	}
	return values[found]
}

// resourceTypes returns the sorted types of Google's resources in files.
func resourceTypes(t *testing.T, patterns ...string) []string {
	t.Helper()
	found := map[string]bool{}
	for _, m := range regexp.MustCompile(`(?m)^resource "(google_\w+)"`).FindAllStringSubmatch(textOf(t, patterns...), -1) {
		found[m[1]] = true
	}
	return slices.Sorted(maps.Keys(found))
}

// textOf returns the text of all files that match the patterns.
func textOf(t *testing.T, patterns ...string) string {
	t.Helper()
	var b strings.Builder
	for _, pattern := range patterns {
		files, err := filepath.Glob(pattern)
		if err != nil || len(files) == 0 {
			t.Fatalf("%s: %d files, %v", pattern, len(files), err)
		}
		for _, file := range files {
			b.WriteString(readText(t, file))
		}
	}
	return b.String()
}
