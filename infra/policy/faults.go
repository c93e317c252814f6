package policy

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// These rules reject what was seen to break when the examples were applied, edited
// and destroyed.

// services has the service that each kind of resource belongs to, by the longest
// start of its type.
var services = map[string]string{
	"google_access_context_manager_": "accesscontextmanager",
	"google_artifact_registry_":      "artifactregistry",
	"google_bigquery_":               "bigquery",
	"google_billing_":                "billingbudgets",
	"google_cloud_run_":              "run",
	"google_cloud_scheduler_":        "cloudscheduler",
	"google_cloudfunctions2_":        "cloudfunctions",
	"google_compute_":                "compute",
	"google_dns_":                    "dns",
	"google_firestore_":              "firestore",
	"google_iam_deny_":               "iam",
	"google_kms_":                    "cloudkms",
	"google_logging_":                "logging",
	"google_monitoring_":             "monitoring",
	"google_org_policy_":             "orgpolicy",
	"google_project_iam_":            "cloudresourcemanager",
	"google_project_service_":        "serviceusage",
	"google_pubsub_":                 "pubsub",
	"google_secret_manager_":         "secretmanager",
	"google_service_account":         "iam",
	"google_storage_":                "storage",
	"google_tags_":                   "cloudresourcemanager",
}

// enabled requires that the plan enables the service of each resource. A plan that
// enables no service belongs to a project that exists already.
func enabled(r Resource, all []Resource) string {
	if r.Type == "google_project_service" || !strings.HasPrefix(r.Type, "google_") {
		return ""
	}
	found := false
	service := serviceOf(r.Type)
	for _, other := range all {
		if other.Type != "google_project_service" {
			continue
		}
		found = true
		if service != "" && other.Text("service") == service+".googleapis.com" {
			return ""
		}
	}
	switch {
	case !found:
		return ""
	case service == "":
		return "the rule does not know the service of " + r.Type + ": add it to services"
	}
	return service + ".googleapis.com is not enabled"
}

func serviceOf(resourceType string) string {
	longest := ""
	for start := range services {
		if strings.HasPrefix(resourceType, start) && len(start) > len(longest) {
			longest = start
		}
	}
	return services[longest]
}

// agentRole requires the agent's own role for each service agent that Terraform
// creates: cloud.google.com/iam/docs/create-service-agents.
func agentRole(r Resource, all []Resource) string {
	if r.Type != "google_project_service_identity" {
		return ""
	}
	role := "roles/" + strings.TrimSuffix(r.Text("service"), ".googleapis.com") + ".serviceAgent"
	if slices.ContainsFunc(all, func(other Resource) bool {
		return other.Type == "google_project_iam_member" && other.Text("role") == role
	}) {
		return ""
	}
	return role + " is granted to nobody, and Google grants it only to agents that it creates itself"
}

// newMetric rejects a threshold on a metric of log lines, which exists only some
// minutes after it was created.
func newMetric(r Resource, _ []Resource) string {
	if r.Type != "google_monitoring_alert_policy" {
		return ""
	}
	for _, condition := range r.Blocks("conditions") {
		if filter := condition.Block("condition_threshold").Text("filter"); strings.Contains(filter, "logging.googleapis.com/user/") {
			return "its threshold is on a metric that does not exist for the first ten minutes; use condition_prometheus_query_language or condition_matched_log"
		}
	}
	return ""
}

func oldVersions(r Resource, _ []Resource) string {
	if r.Type != "google_storage_bucket" || r.Block("versioning").Values["enabled"] != true {
		return ""
	}
	for _, rule := range r.Blocks("lifecycle_rule") {
		if c := rule.Block("condition"); c.Number("num_newer_versions") > 0 || c.Number("days_since_noncurrent_time") > 0 || c.Text("with_state") == "ARCHIVED" {
			return ""
		}
	}
	return "it keeps old versions of objects forever, so it can never be deleted"
}

// lockedDeletion rejects a rule that deletes objects while the bucket's retention still keeps
// them: Cloud Storage would wait, and nobody would know for how long.
func lockedDeletion(r Resource, _ []Resource) string {
	if r.Type != "google_storage_bucket" {
		return ""
	}
	policy := r.Block("retention_policy")
	locked := policy.Number("retention_period")
	if seconds, err := strconv.ParseFloat(policy.Text("retention_period"), 64); err == nil {
		locked = seconds // since version 7 of the provider, it is a text
	}
	for _, rule := range r.Blocks("lifecycle_rule") {
		age := rule.Block("condition").Number("age")
		if rule.Block("action").Text("type") == "Delete" && age > 0 && age*86400 <= locked {
			return "it deletes objects before its retention ends; make age longer than the retention"
		}
	}
	return ""
}

// perimeterCalls requires that a perimeter around Cloud Run admits calls without an
// identity of Google, such as those of the load balancer.
func perimeterCalls(r Resource, _ []Resource) string {
	if r.Type != "google_access_context_manager_service_perimeter" {
		return ""
	}
	status := r.Block("status")
	restricted, _ := status.Values["restricted_services"].([]any)
	if !slices.Contains(restricted, any("run.googleapis.com")) {
		return ""
	}
	for _, rule := range status.Blocks("ingress_policies") {
		if rule.Block("ingress_from").Text("identity_type") != "ANY_IDENTITY" {
			continue
		}
		for _, operation := range rule.Block("ingress_to").Blocks("operations") {
			if operation.Text("service_name") == "run.googleapis.com" {
				return ""
			}
		}
	}
	return "no ingress rule with identity_type ANY_IDENTITY admits calls of run.googleapis.com, so the load balancer reaches no function"
}

// perimeterEgress requires that functions inside a perimeter send everything through
// a network, which reaches only what the perimeter protects.
func perimeterEgress(r Resource, all []Resource) string {
	if r.Type != "google_cloudfunctions2_function" || !slices.ContainsFunc(all, func(other Resource) bool {
		return other.Type == "google_access_context_manager_service_perimeter"
	}) {
		return ""
	}
	if egress := r.Block("service_config").Text("direct_vpc_egress"); egress != "VPC_EGRESS_ALL_TRAFFIC" {
		return fmt.Sprintf("direct_vpc_egress is %q, so its requests bypass the perimeter's network", egress)
	}
	return ""
}

// dataAccessLogs requires that the bucket _Default, which is under Google's own key,
// does not store data-access logs.
func dataAccessLogs(r Resource, all []Resource) string {
	if r.Type != "google_project_iam_audit_config" {
		return ""
	}
	for _, other := range all {
		if other.Type == "google_logging_project_exclusion" && strings.Contains(other.Text("filter"), "data_access") {
			return ""
		}
	}
	return "the bucket _Default stores these logs too, under Google's own key: exclude them"
}

// labeled are the resources that cost money and can have labels.
var labeled = []string{
	"google_artifact_registry_repository", "google_cloudfunctions2_function", "google_kms_crypto_key",
	"google_pubsub_subscription", "google_pubsub_topic", "google_storage_bucket",
}

// owner requires a label by which the bill can be divided. A tenant's resources have the
// label tenant as well.
func owner(r Resource, _ []Resource) string {
	if !slices.Contains(labeled, r.Type) {
		return ""
	}
	labels, _ := r.Values["labels"].(map[string]any)
	switch {
	case labels["component"] == nil:
		return "it has no label component, so the bill does not say what it costs"
	case strings.HasPrefix(r.Address, "module.tenant[") && labels["tenant"] == nil:
		return "it has no label tenant, so the bill does not say which tenant it costs"
	}
	return ""
}

// changeRule checks one change of a plan and returns what is wrong, or "".
type changeRule struct {
	name  string
	check func(c Change) string
}

var changeRules = []changeRule{
	{"nothing that has state is destroyed", destroyed},
	{"access is not taken away", revoked},
	{"documents stay in their database", anotherDatabase},
	{"what functions use is not replaced", used},
}

// CheckChanges returns what is wrong with the changes of a plan, in their order.
func CheckChanges(changes []Change) []Finding {
	var found []Finding
	for _, c := range changes {
		for _, rule := range changeRules {
			if fault := rule.check(c); fault != "" {
				found = append(found, Finding{rule.name, c.Address, fault})
			}
		}
	}
	return found
}

// stateful are the resources whose loss cannot be undone by applying again.
var stateful = []string{
	"google_firestore_database", "google_kms_crypto_key", "google_logging_project_bucket_config",
	"google_pubsub_subscription", "google_pubsub_topic", "google_storage_bucket",
}

func destroyed(c Change) string {
	if (c.Action != "delete" && c.Action != "replace") || !slices.Contains(stateful, c.Type) || c.Before["deletion_policy"] == "DELETE" {
		return ""
	}
	return "the plan would " + c.Action + " it with its data. If that is meant, set its deletion_policy to DELETE and apply that first"
}

// revoked rejects a role that is replaced because its holder or resource is not known
// yet. Between the two steps, nobody has it, and the second one may fail.
func revoked(c Change) string {
	if c.Action != "replace" || !isBinding(c.Resource) {
		return ""
	}
	for name, value := range c.unknown {
		if name != "id" && name != "etag" && present(value) {
			return "the plan would remove the role and grant it again, because " + name + " is not known before apply"
		}
	}
	return ""
}

// used rejects a replacement that Google refuses because functions use the resource, and one
// that leaves a function without its package for a time.
func used(c Change) string {
	switch {
	case c.Action != "replace":
		return ""
	case slices.Contains([]string{"google_compute_network", "google_compute_subnetwork"}, c.Type):
		return "functions use it, so Google refuses to delete it and the apply stops halfway. Add another one instead"
	case c.Type == "google_storage_bucket_object" && !c.CreateFirst:
		return "its function would have no package until the new one exists. Give it create_before_destroy"
	}
	return ""
}

// anotherDatabase rejects a tenant whose record would name another database. Nothing moves
// its documents there.
func anotherDatabase(c Change) string {
	if c.Action != "replace" || c.Type != "terraform_data" || !strings.HasSuffix(c.Address, ".terraform_data.database") {
		return ""
	}
	return "the tenant's documents stay where they are, so its setting database cannot be added or removed"
}
