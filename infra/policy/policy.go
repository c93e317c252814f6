package policy

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// Finding is one violation of a rule by one resource.
type Finding struct {
	Rule    string // name of the rule
	Address string // of the resource
	Fault   string // what is wrong
}

// String returns the finding as one line.
func (f Finding) String() string { return f.Address + ": " + f.Rule + ": " + f.Fault }

// rule checks one resource and returns what is wrong, or "". It can look at the
// other resources.
type rule struct {
	name  string
	check func(r Resource, all []Resource) string
}

var rules = []rule{
	{"no public bucket", publicBucket},
	{"no anonymous members", anonymousMember},
	{"customer-managed keys", missingKey},
	{"keys rotate", rotation},
	{"no primitive roles", primitiveRole},
	{"roles on one resource", projectWideRole},
	{"dead letters are kept", deadLetter},
	{"scaling is bounded", scaling},
	{"ingress through the load balancer", ingress},
	{"modern TLS", tls},
	{"services are enabled", enabled},
	{"service agents have their roles", agentRole},
	{"alerts need no new metric", newMetric},
	{"old versions are deleted", oldVersions},
	{"deletion follows retention", lockedDeletion},
	{"a perimeter admits calls of functions", perimeterCalls},
	{"a perimeter contains the functions' requests", perimeterEgress},
	{"data-access logs are under our key", dataAccessLogs},
	{"costs have an owner", owner},
}

// Check returns every finding, in the order of the resources.
func Check(all []Resource) []Finding {
	var found []Finding
	for _, r := range all {
		for _, rule := range rules {
			if fault := rule.check(r, all); fault != "" {
				found = append(found, Finding{rule.name, r.Address, fault})
			}
		}
	}
	return found
}

func publicBucket(r Resource, _ []Resource) string {
	switch {
	case r.Type != "google_storage_bucket":
		return ""
	case r.Text("public_access_prevention") != "enforced":
		return "public_access_prevention is not enforced"
	case r.Values["uniform_bucket_level_access"] != true:
		return "uniform_bucket_level_access is off, so objects could have their own permissions"
	case r.Values["force_destroy"] == true:
		return "force_destroy is on, so deleting the bucket would delete its objects"
	}
	return ""
}

// anonymousMember rejects roles for everybody. The exception is roles/run.invoker
// on a function that authenticates its callers itself.
func anonymousMember(r Resource, _ []Resource) string {
	if r.Type == "google_cloud_run_v2_service_iam_member" && r.Text("role") == "roles/run.invoker" {
		return ""
	}
	for _, member := range members(r) {
		if member == "allUsers" || member == "allAuthenticatedUsers" {
			return member + " has a role"
		}
	}
	return ""
}

func members(r Resource) []string {
	if !isBinding(r) {
		return nil
	}
	all := []string{r.Text("member")}
	several, _ := r.Values["members"].([]any)
	for _, m := range several {
		all = append(all, fmt.Sprint(m))
	}
	return all
}

// isBinding reports whether r grants a role, as google_X_iam_member does.
func isBinding(r Resource) bool {
	return strings.HasSuffix(r.Type, "_iam_member") || strings.HasSuffix(r.Type, "_iam_binding")
}

// keyed has the argument with the key of each type of resource that stores data.
// "block.argument" is an argument in a block.
var keyed = map[string]string{
	"google_storage_bucket":                "encryption.default_kms_key_name",
	"google_pubsub_topic":                  "kms_key_name",
	"google_firestore_database":            "cmek_config.kms_key_name",
	"google_artifact_registry_repository":  "kms_key_name",
	"google_cloudfunctions2_function":      "kms_key_name",
	"google_logging_project_bucket_config": "cmek_settings.kms_key_name",
}

func missingKey(r Resource, _ []Resource) string {
	path, ok := keyed[r.Type]
	if !ok {
		return ""
	}
	in, name := r, path
	if block, inner, nested := strings.Cut(path, "."); nested {
		in, name = r.Block(block), inner
	}
	if !in.Has(name) {
		return path + " is missing, so Google's own key would encrypt the data"
	}
	return ""
}

const maxRotation = 90 * 86400 // seconds

func rotation(r Resource, _ []Resource) string {
	if r.Type != "google_kms_crypto_key" || (r.Has("purpose") && r.Text("purpose") != "ENCRYPT_DECRYPT") {
		return "" // Cloud KMS rotates no keys with other purposes: cloud.google.com/kms/docs/key-rotation
	}
	seconds, err := strconv.ParseFloat(strings.TrimSuffix(r.Text("rotation_period"), "s"), 64)
	if err != nil || seconds <= 0 || seconds > maxRotation {
		return fmt.Sprintf("rotation_period is %q, want at most %ds (90 days)", r.Text("rotation_period"), maxRotation)
	}
	return ""
}

func primitiveRole(r Resource, _ []Resource) string {
	if isBinding(r) && slices.Contains([]string{"roles/owner", "roles/editor", "roles/viewer"}, r.Text("role")) {
		return r.Text("role") + " covers every resource of the project"
	}
	return ""
}

// projectWide are roles that can only be granted on projects, and that access no data.
var projectWide = []string{"roles/logging.logWriter"}

// agent matches the members that Google itself runs: cloud.google.com/iam/docs/service-agents.
var agent = regexp.MustCompile(`^serviceAccount:service-[0-9]+@(gcp-sa-[a-z]+|gcf-admin-robot|serverless-robot-prod)\.iam\.gserviceaccount\.com$`)

// sender matches the accounts of the functions that send to language models.
var sender = regexp.MustCompile(`^serviceAccount:fn-(assistants|catalog)@[a-z0-9.:-]+\.iam\.gserviceaccount\.com$`)

func projectWideRole(r Resource, _ []Resource) string {
	if !strings.HasPrefix(r.Type, "google_project_iam_") || !isBinding(r) || slices.Contains(projectWide, r.Text("role")) {
		return ""
	}
	if strings.HasPrefix(r.Text("role"), "roles/") && strings.HasSuffix(r.Text("role"), ".serviceAgent") && agent.MatchString(r.Text("member")) {
		return "" // a service of Google works with this role, or not at all
	}
	if r.Text("role") == "roles/aiplatform.user" && sender.MatchString(r.Text("member")) {
		return "" // a model of Google is no resource that can have roles
	}
	if !r.Block("condition").Has("expression") {
		return r.Text("role") + " is granted on the whole project without a condition"
	}
	return ""
}

// deadLetter requires a dead-letter topic for each push subscription, and a
// subscription for each dead-letter topic, because Pub/Sub discards messages that
// are published to a topic without a subscription.
func deadLetter(r Resource, all []Resource) string {
	if r.Type != "google_pubsub_subscription" || !r.Has("push_config") {
		return ""
	}
	policy := r.Block("dead_letter_policy")
	if !policy.Has("dead_letter_topic") {
		return "it has no dead-letter topic, so messages that fail are lost"
	}
	topic := policy.Text("dead_letter_topic")
	if topic == "" {
		return "" // the topic is not known yet
	}
	for _, other := range all {
		if other.Type == "google_pubsub_subscription" && other.Text("topic") == topic && !other.Has("push_config") {
			return ""
		}
	}
	return "nothing subscribes to its dead-letter topic " + topic
}

const maxInstances = 1000 // cloud.google.com/functions/quotas

func scaling(r Resource, _ []Resource) string {
	if r.Type != "google_cloudfunctions2_function" {
		return ""
	}
	if n := r.Block("service_config").Number("max_instance_count"); n < 1 || n > maxInstances {
		return fmt.Sprintf("max_instance_count is %v, want 1 to %d", n, maxInstances)
	}
	return ""
}

func ingress(r Resource, _ []Resource) string {
	if r.Type != "google_cloudfunctions2_function" {
		return ""
	}
	switch allowed := r.Block("service_config").Text("ingress_settings"); allowed {
	case "ALLOW_INTERNAL_ONLY", "ALLOW_INTERNAL_AND_GCLB":
		return ""
	default:
		return fmt.Sprintf("ingress_settings %q admits callers that bypass the load balancer", allowed)
	}
}

func tls(r Resource, _ []Resource) string {
	switch {
	case r.Type == "google_compute_target_http_proxy":
		return "it serves HTTP without TLS"
	case r.Type == "google_compute_target_https_proxy" && !r.Has("ssl_policy"):
		return "it has no ssl_policy, so it accepts old versions of TLS"
	case r.Type == "google_compute_ssl_policy" && r.Text("min_tls_version") != "TLS_1_2" && r.Text("min_tls_version") != "TLS_1_3":
		return fmt.Sprintf("min_tls_version is %q, want TLS_1_2 or later", r.Text("min_tls_version"))
	}
	return ""
}
