package findings_test

import (
	"encoding/base64"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/strongroom-dev/strongroom/shared/configtree"
	"github.com/strongroom-dev/strongroom/shared/findings"
)

// The corpus is generated, so that no text that looks like a secret is in the repository.
const (
	lower    = "abcdefghijklmnopqrstuvwxyz"
	upper    = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	digits   = "0123456789"
	alnum    = lower + upper + digits
	hexChars = digits + "abcdef"
)

type generator struct{ *rand.Rand }

func (g generator) of(alphabet string, n int) string {
	b := make([]byte, n)
	for i := range b {
		b[i] = alphabet[g.IntN(len(alphabet))]
	}
	return string(b)
}

func (g generator) word() string {
	words := strings.Fields("checkout billing payments frontend catalog shipping orders search inventory gateway reports identity notifier ledger worker scheduler cache metrics")
	return words[g.IntN(len(words))]
}

func (g generator) jwt() string {
	part := func(s string) string { return base64.RawURLEncoding.EncodeToString([]byte(s)) }
	return part(`{"alg":"RS256","typ":"JWT"}`) + "." + part(`{"sub":"`+g.word()+`"}`) + "." + g.of(alnum, 86)
}

// sample is one variable of a configuration, and whether it holds a secret.
type sample struct{ name, value string }

// secrets are values that give access to something, in the places where operators write
// them.
func (g generator) secrets() (all []sample) {
	pem := "-----BEGIN " + []string{"RSA ", "EC ", "", "OPENSSH "}[g.IntN(4)] + "PRIVATE KEY-----\n" + g.of(alnum, 64) + "\n-----END PRIVATE KEY-----"
	b64 := base64.StdEncoding.EncodeToString
	return []sample{
		{"KUBE_KEY_FILE", pem}, {"NOTES", b64([]byte(pem))}, {"NOTES", b64([]byte(b64([]byte(pem))))},
		{"EXTRA_ARGS", "--token " + g.jwt()}, {"CURL_COMMAND", "curl -H 'Authorization: Bearer " + g.of(alnum, 30) + "' https://api.example.com"},
		{"AWS_ID", "AKIA" + g.of(upper+"234567", 16)}, {"AWS_SECRET_ACCESS_KEY", g.of(alnum+"+/", 40)},
		{"MAPS", "AIza" + g.of(alnum+"_-", 35)}, {"CONNECTION", "DefaultEndpointsProtocol=https;AccountName=x;AccountKey=" + b64([]byte(g.of(alnum, 64)))},
		{"AZURE_APP", g.of(alnum, 3) + "8Q~" + g.of(alnum, 34)}, {"BLOB_URL", "https://x.blob.core.windows.net/c?sv=2024&sig=" + g.of(alnum, 43)},
		{"GIT", "ghp_" + g.of(alnum, 36)}, {"GIT", "github_pat_" + g.of(alnum, 22) + "_" + g.of(alnum, 59)}, {"GIT", "glpat-" + g.of(alnum, 20)},
		{"CHAT", "xoxb-" + g.of(digits, 12) + "-" + g.of(alnum, 24)}, {"CHAT_URL", "https://hooks." + "slack.com/services/T" + g.of(upper, 8) + "/B" + g.of(upper, 8) + "/" + g.of(alnum, 24)},
		{"PAY", "sk_live_" + g.of(alnum, 24)}, {"SMS", "SK" + g.of(hexChars, 32)}, {"MAIL", "SG." + g.of(alnum, 22) + "." + g.of(alnum, 43)},
		{"REGISTRY", "npm_" + g.of(alnum, 36)}, {"REGISTRY", "dckr_pat_" + g.of(alnum, 27)}, {"VAULT", "hvs." + g.of(alnum, 90)},
		{"SPARK", "dapi" + g.of(hexChars, 32)}, {"DASH", "glsa_" + g.of(alnum, 32) + "_" + g.of(hexChars, 8)}, {"MODEL", "sk-proj-" + g.of(alnum, 48)},
		{"MODEL", "hf_" + g.of(alnum, 34)}, {"BOT", g.of(digits, 9) + ":AA" + g.of(alnum, 33)},
		{"DATABASE_URL", "postgres://app:" + g.of(alnum, 12) + "@db.internal:5432/shop"}, {"REDIS_URL", "redis://:" + g.of(alnum, 16) + "@cache:6379"},
		{"DB_PASSWORD", g.of(alnum+"!#%", 14)}, {"ADMIN_PASSWORD", "Winter" + g.of(digits, 4) + "!"}, {"API_KEY", g.of(hexChars, 32)}, {"clientSecret", g.of(alnum, 32)},
		{"AUTH_HEADER", g.of(alnum, 20)}, {"SETTINGS", "user=app password=" + g.of(alnum, 10)}, {"DEPLOY_KEY", "AGE-SECRET-KEY-1" + g.of(upper+digits, 58)},
		{"TUNNEL", g.of(alnum, 43)}, {"PROBE_QUERY", g.of(hexChars, 64)}, {"SIGNING_KEY", b64([]byte(g.of(alnum+"\x01\x02", 32)))}, {"REFRESH_TOKEN", g.of(alnum, 64)},
	}
}

// plain are values that are no secrets, in the shapes that public generators write.
func (g generator) plain() (all []sample) {
	w, hash := g.word(), g.of(hexChars, 40)
	return []sample{
		{"NAMESPACE", w}, {"CONTEXT", "gke_" + w + "-prod_europe-west3_cluster-1"}, {"KUBERNETES_DISTRIBUTION_BINARY", "kubectl"},
		{"DEPLOYMENT_NAME", w + "-" + g.word() + "-deployment"}, {"POD", w + "-" + g.of(hexChars, 10) + "-" + g.of(lower, 5)}, {"LABELS", "app=" + w + ",tier=backend"},
		{"IMAGE", "europe-docker.pkg.dev/acme/" + w + "@sha256"}, {"COMMIT_SHA", hash}, {"IMAGE_DIGEST", g.of(hexChars, 64)},
		{"SUBSCRIPTION_ID", fmt.Sprintf("%s-%s-4%s-8%s-%s", g.of(hexChars, 8), g.of(hexChars, 4), g.of(hexChars, 3), g.of(hexChars, 3), g.of(hexChars, 12))},
		{"TENANT", fmt.Sprintf("%s-%s-4%s-9%s-%s", g.of(hexChars, 8), g.of(hexChars, 4), g.of(hexChars, 3), g.of(hexChars, 3), g.of(hexChars, 12))},
		{"AWS_ROLE", "arn:aws:iam::" + g.of(digits, 12) + ":role/" + w}, {"ACCOUNT", g.of(digits, 12)}, {"PROJECT", "projects/" + w + "-prod/locations/europe-west3"},
		{"URL", "https://" + w + ".example.com/api/v1/health?format=json&limit=500"}, {"PROMETHEUS_URL", "http://prometheus." + w + ".svc.cluster.local:9090/api/v1"},
		{"QUERY", `sum(rate(http_requests_total{namespace="` + w + `"}[5m])) by (code) > 0.05`}, {"LOG_PATTERN", `(Error|Exception|Traceback \(most recent call last\))`},
		{"SECRET_NAME", w + "-tls"}, {"TOKEN_FILE", "/var/run/secrets/kubernetes.io/serviceaccount/token"}, {"PASSWORD", "${" + "DB_PASSWORD}"}, {"API_TOKEN", "<your token>"},
		{"API_KEY", "{{ custom.api_key }}"}, {"SECRET", "none"}, {"TOKEN_TTL", "3600"}, {"KEY_VAULT", w + "-vault"}, {"KEYS", "alpha,beta,gamma"},
		{"RESTART_AGE", "10m"}, {"CPU_THRESHOLD", "80"}, {"INTERVAL", "600"}, {"TRUE_FLAG", "true"}, {"SCHEDULE", "*/5 * * * *"},
		{"RESOURCE", "/subscriptions/00000000-0000-4000-8000-000000000001/resourceGroups/" + w + "/providers/Microsoft.Compute/virtualMachines/vm1"},
		{"JSONPATH", `.items[*].status.containerStatuses[?(@.ready==false)].name`}, {"DOC", "Checks the " + w + " service and restarts unhealthy pods of the deployment."},
		{"REGION", "europe-west3"}, {"BUCKET", "gs://" + w + "-logs/2026/11/29"}, {"CRON_NAME", w + "Nightly" + "Backup" + "Europe" + "West3"}, {"VERSION", "v1.29.3-gke.1282000"},
		{"HOSTS", "10.0.12.7:9093,10.0.12.8:9093"},
	}
}

// scanned returns the secrets that are found in one file with one variable.
func scanned(t *testing.T, s sample) []findings.Finding {
	t.Helper()
	text := fmt.Sprintf("apiVersion: runwhen.com/v1\nkind: Runbook\nmetadata: {name: ws--a}\nspec:\n  configProvided:\n    - name: %s\n      value: %q\n", s.name, s.value)
	tree, faults := configtree.New([]configtree.File{{Path: "slxs/a/runbook.yaml", Data: []byte(text)}})
	if len(faults) > 0 {
		t.Fatalf("%s: %v", s.name, faults)
	}
	return secretsOf(findings.Scan(tree))
}

func secretsOf(all []findings.Finding) (secrets []findings.Finding) {
	for _, f := range all {
		if f.Kind == findings.Secret {
			secrets = append(secrets, f)
		}
	}
	return secrets
}

// TestCorpus measures the rules on 200 secrets and 200 values that are not secrets.
func TestCorpus(t *testing.T) {
	t.Parallel()
	var found, missed, wrong int
	for seed := range uint64(5) {
		g := generator{rand.New(rand.NewPCG(seed, 14))}
		secrets, plain := g.secrets(), g.plain()
		if len(secrets) != 40 || len(plain) != 40 {
			t.Fatalf("%d secrets and %d plain values, want 40 of each", len(secrets), len(plain))
		}
		for _, s := range secrets {
			switch all := scanned(t, s); {
			case len(all) == 0:
				missed++
				t.Logf("missed: %s", s.name)
			default:
				found++
				if len(s.value) > 30 && strings.Contains(fmt.Sprint(all), s.value[:30]) {
					t.Errorf("%s: the excerpt shows the secret", s.name)
				}
			}
		}
		for _, s := range plain {
			if all := scanned(t, s); len(all) > 0 {
				wrong++
				t.Logf("not a secret: %s by %s", s.name, all[0].Rule)
			}
		}
	}
	precision, recall := float64(found)/float64(found+wrong), float64(found)/float64(found+missed)
	t.Logf("precision %.3f, recall %.3f (%d found, %d missed, %d wrong)", precision, recall, found, missed, wrong)
	if precision < 0.97 || recall < 0.97 {
		t.Errorf("precision %.3f and recall %.3f; both must be 0.97 or more", precision, recall)
	}
}
