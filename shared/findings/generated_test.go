package findings_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/strongroom-dev/strongroom/shared/configtree"
	"github.com/strongroom-dev/strongroom/shared/findings"
)

// generated are documents in the shapes that public generators of workspaces write. HERE
// marks the places of each where operators and generators put values that they did not
// mean to upload.
var generated = map[string]string{
	"slxs/api/slx.yaml": `apiVersion: runwhen.com/v1
kind: ServiceLevelX
metadata:
  name: prod--api-health
  labels: {slx: prod--api-health, workspace: prod, locationId: location-01, locationName: europe-west3}
  annotations:
    fullSlxName: prod--k8s-ns-api-deployment-health
    sourceGenerationRuleRepoURL: https://github.com/runwhen-contrib/rw-cli-codecollection.git
    sourceGenerationRuleRef: main
    sourceGenerationRulePath: codebundles/k8s-deployment-healthcheck/.runwhen/generation-rules/k8s-deployment-healthcheck.yaml
    qualifiers: "{'namespace': 'api', 'cluster': 'gke-prod-1'}"
    internal.runwhen.com/generated-by: workspace-builder
spec:
  imageURL: https://storage.googleapis.com/runwhen-nonprod-shared-images/icons/kubernetes/resources/labeled/deploy.svg
  alias: api Deployment Health
  asMeasuredBy: The presence of expected replicas and the absence of warning events
  configProvided: [{name: OBJECT_NAME, value: api}]
  owners: []
  statement: Deployment api should have all replicas available 99.5% of the time
  additionalContext:
    hierarchy: [platform, cluster, namespace, resource_name]
    qualified_name: kubernetes/gke-prod-1/api/api
    note: HERE
  tags: [{name: cloud, value: gcp}, {name: access, value: read-only}, {name: "[k8s]app.kubernetes.io/name", value: api}, {name: "[k8s]kubernetes.io/metadata.name", value: api}]
  icon: Cloud
`,
	"slxs/api/runbook.yaml": `apiVersion: runwhen.com/v1
kind: Runbook
metadata: {name: prod--api-health, labels: {slx: prod--api-health, workspace: prod}}
spec:
  location: location-01
  description: Triages issues related to the deployment and its replicas
  codeBundle: {repoUrl: "https://github.com/runwhen-contrib/rw-cli-codecollection.git", ref: main, pathToRobot: codebundles/k8s-deployment-healthcheck/runbook.robot}
  configProvided:
    - {name: NAMESPACE, value: api}
    - {name: CONTEXT, value: gke_acme-prod_europe-west3_prod-1}
    - {name: KUBERNETES_DISTRIBUTION_BINARY, value: kubectl}
    - {name: DEPLOYMENT_NAME, value: api}
    - {name: EVENT_AGE, value: 30m}
    - {name: LOGS_ERROR_PATTERN, value: '(Error|Exception|FATAL)'}
    - {name: CURL_ARGS, value: "HERE"}
  secretsProvided:
    - {name: kubeconfig, workspaceKey: kubeconfig}
    - {name: gcp_credentials, workspaceKey: "gcp:sa@json_credentials"}
    - {name: azure_credentials, workspaceKey: "azure:sp@kubeconfig:prod/prod-1"}
    - {name: api_key, workspaceKey: "k8s:file@secret/api-access:api-key"}
  servicesProvided: [{name: kubectl, locationServiceName: kubectl-service.shared}]
  runtimeVarsProvided: [{name: RESTART, default: "false"}]
`,
	"slxs/api/sli.yaml": `apiVersion: runwhen.com/v1
kind: ServiceLevelIndicator
metadata: {name: prod--api-health}
spec:
  displayUnitsLong: OK
  displayUnitsShort: ok
  locations: [location-01]
  description: Measures the health of the deployment
  codeBundle: {repoUrl: "https://github.com/runwhen-contrib/rw-cli-codecollection.git", ref: main, pathToRobot: codebundles/k8s-deployment-healthcheck/sli.robot}
  intervalStrategy: intermezzo
  intervalSeconds: 600
  configProvided: [{name: PROMETHEUS_URL, value: "http://prometheus.monitoring.svc.cluster.local:9090"}, {name: QUERY, value: "HERE"}]
  secretsProvided: [{name: kubeconfig, workspaceKey: kubeconfig}]
  alertConfig: {tasks: {persona: eager-edgar, sessionTTL: 10m}}
`,
	"slxs/api/slo.yaml": `apiVersion: runwhen.com/v1
kind: ServiceLevelObjective
metadata: {name: prod--api-health}
spec:
  codeBundle: {repoUrl: "https://github.com/runwhen-contrib/rw-public-codecollection.git", ref: main, pathToYaml: codebundles/slo-default/queries.yaml}
  sloSpecType: simple-mwmb
  objective: 99
  threshold: 0.95
  operand: lt # HERE
`,
	"workspace.yaml": `apiVersion: runwhen.com/v1
kind: Workspace
metadata: {name: prod}
spec:
  enabledLocation: location-01
  configProvided: [{name: DEFAULT, value: "HERE"}]
  permissions: []
  slxGroups: [{name: api, slxs: [api-health], dependsOn: [cluster]}]
  slxRelationships: [{subject: api-health, verb: dependent-on, directObject: cluster-health}]
`,
}

// generatedTree returns the documents with a text at each HERE.
func generatedTree(t *testing.T, text string) configtree.Tree {
	t.Helper()
	var files []configtree.File
	for path, document := range generated {
		files = append(files, configtree.File{Path: path, Data: []byte(strings.ReplaceAll(document, "HERE", text))})
	}
	tree, faults := configtree.New(files)
	if len(faults) > 0 {
		t.Fatal(faults)
	}
	return tree
}

func TestWhatGeneratorsWriteHasNoFinding(t *testing.T) {
	t.Parallel()
	if diff := cmp.Diff([]findings.Finding(nil), findings.Scan(generatedTree(t, "text"))); diff != "" {
		t.Errorf("findings (-want +got):\n%s", diff)
	}
}

func TestASecretIsFoundInEveryPlaceOfAGeneratedDocument(t *testing.T) {
	t.Parallel()
	for name, secret := range map[string]string{
		"aws-access-key":      "AKIA" + strings.Repeat("Q", 16),
		"github-token":        "ghp_" + strings.Repeat("a1B2", 9),
		"jwt":                 "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJhIn0." + strings.Repeat("x", 40),
		"url-password":        "https://user:hunter2hunter2@git.example.com/x",
		"signed-url":          "https://b.example.com/o?X-Goog-Signature=" + strings.Repeat("0a", 40),
		"email":               "ann@example.com",
		"google-access-token": "ya29." + strings.Repeat("aB3_", 10),
	} {
		places := map[string]bool{}
		for _, f := range findings.Scan(generatedTree(t, secret)) {
			if f.Rule == name {
				places[fmt.Sprintf("%s:%d", f.Path, f.Line)] = true
			}
		}
		if len(places) != len(generated) {
			t.Errorf("%s is found in %d of %d places: %v", name, len(places), len(generated), places)
		}
	}
}
