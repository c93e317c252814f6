package assistants_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/strongroom-dev/strongroom/emulator/cloudtest"
)

// community are tasks such as a public collection has.
var community = tasks(
	"Fetch Deployment Logs|Fetches the last lines of logs of the pods of a deployment.|access:read-only,logs",
	"Inspect Deployment Warning Events|Lists warning events of a deployment and its pods.|access:read-only,events",
	"Restart Deployment|Restarts all pods of a deployment.|access:read-write,remediation",
	"Check Readiness Probe Configuration|Reads the probes of a deployment.|access:read-only,probe",
	"Check DNS Resolution|Resolves a name by each resolver and measures the latency.|access:read-only,dns",
	"Verify TLS Certificate Expiry|Prints the days until an endpoint's certificate expires.|access:read-only,tls",
	"Fetch Postgres Slow Queries|Lists the slowest statements of a database.|access:read-only,database",
	"Count Kafka Consumer Lag|Prints how far consumer groups are behind.|access:read-only,queue",
)

// tasks makes a task of each line: name|documentation|tags.
func tasks(lines ...string) (tasks []map[string]any) {
	for _, line := range lines {
		f := strings.Split(line, "|")
		tasks = append(tasks, map[string]any{
			"name": f[0], "documentation": f[1], "tags": strings.Split(f[2], ","), "suite": "Kubernetes",
			"source": "https://example.com/collection/kubernetes.robot",
		})
	}
	return tasks
}

// uploadTasks stores tasks in the catalog and waits until they are in force.
func uploadTasks(t testing.TB, c *cloudtest.Cloud, tasks []map[string]any) {
	t.Helper()
	token, err := c.Token("", "platform")
	if err != nil {
		t.Fatal(err)
	}
	c.Do(t, token, http.MethodPut, "/v1/catalog/tasks", map[string]any{"tasks": tasks}).Want(t, http.StatusOK)
	c.Clock.Advance(time.Minute + time.Second)
}
