package policy

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Finding is one rule that one resource breaks.
type Finding struct {
	Rule    string // name of the rule
	Address string // of the resource
	Fault   string
}

// String writes the finding as one line.
func (f Finding) String() string { return f.Address + ": " + f.Rule + ": " + f.Fault }

// rule looks at one resource, with all others at hand, and says what is wrong.
type rule struct {
	name  string
	judge func(r Resource, all []Resource) string
}

var rules = []rule{
	{"no public bucket", publicBucket},
	{"nobody unnamed", unnamedMember},
	{"own keys everywhere", missingKey},
	{"keys rotate", rotation},
	{"no primitive roles", primitiveRole},
	{"roles on one resource", projectWideRole},
	{"dead letters are kept", deadLetter},
	{"scaling has an end", scaling},
	{"no back door", ingress},
	{"modern TLS", tls},
}

// Check gives every finding, in the order of the resources.
func Check(all []Resource) []Finding {
	var found []Finding
	for _, r := range all {
		for _, rule := range rules {
			if fault := rule.judge(r, all); fault != "" {
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
		return "uniform_bucket_level_access is off: objects could have rights of their own"
	case r.Values["force_destroy"] == true:
		return "force_destroy is on: deleting the bucket would delete what is in it"
	}
	return ""
}

// unnamedMember allows everybody for one thing only: to pass IAM on the way to
// a function that authenticates its callers.
func unnamedMember(r Resource, _ []Resource) string {
	if r.Type == "google_cloud_run_v2_service_iam_member" && r.Text("role") == "roles/run.invoker" {
		return ""
	}
	for _, member := range members(r) {
		if member == "allUsers" || member == "allAuthenticatedUsers" {
			return "a role is given to " + member
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

// isBinding reports whether r gives a role: google_X_iam_member and its kin.
func isBinding(r Resource) bool {
	return strings.HasSuffix(r.Type, "_iam_member") || strings.HasSuffix(r.Type, "_iam_binding")
}

// keyed is where each type of resource that keeps data names its key; after a
// point, in a block.
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
		return path + " is missing: Google's own key would be used"
	}
	return ""
}

const maxRotation = 90 * 86400 // seconds

func rotation(r Resource, _ []Resource) string {
	if r.Type != "google_kms_crypto_key" || (r.Has("purpose") && r.Text("purpose") != "ENCRYPT_DECRYPT") {
		return "" // other purposes cannot rotate by themselves
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

// projectWide are the roles that exist on projects only and touch no data.
var projectWide = []string{"roles/logging.logWriter"}

func projectWideRole(r Resource, _ []Resource) string {
	if !strings.HasPrefix(r.Type, "google_project_iam_") || !isBinding(r) || slices.Contains(projectWide, r.Text("role")) {
		return ""
	}
	if !r.Block("condition").Has("expression") {
		return r.Text("role") + " is given on the whole project without a condition"
	}
	return ""
}

// deadLetter wants, for each push subscription, a topic for what cannot be
// delivered, and for each such topic a subscription: without one, what is
// published there is gone.
func deadLetter(r Resource, all []Resource) string {
	if r.Type != "google_pubsub_subscription" || !r.Has("push_config") {
		return ""
	}
	policy := r.Block("dead_letter_policy")
	if !policy.Has("dead_letter_topic") {
		return "a push subscription without a dead-letter topic loses messages"
	}
	topic := policy.Text("dead_letter_topic")
	if topic == "" {
		return "" // not known yet
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
		return fmt.Sprintf("ingress_settings %q lets callers past the load balancer", allowed)
	}
}

func tls(r Resource, _ []Resource) string {
	switch {
	case r.Type == "google_compute_target_http_proxy":
		return "it serves without TLS"
	case r.Type == "google_compute_target_https_proxy" && !r.Has("ssl_policy"):
		return "it has no ssl_policy: old TLS would do"
	case r.Type == "google_compute_ssl_policy" && r.Text("min_tls_version") != "TLS_1_2" && r.Text("min_tls_version") != "TLS_1_3":
		return fmt.Sprintf("min_tls_version is %q, want TLS_1_2 or later", r.Text("min_tls_version"))
	}
	return ""
}
