package issue_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/strongroom-dev/strongroom/shared/issue"
)

// aLine is a typical line: 1 KB, half of it details.
var aLine = fmt.Appendf(nil, `{"severity": 2, "title": "Deployment `+"`checkout-api`"+` in Namespace `+"`shop`"+` has 3 of 5 replicas unavailable", `+
	`"expected": "5 ready replicas", "actual": "2 ready replicas since 10:41:07", "reproduceHint": "kubectl get deploy checkout-api -n shop", `+
	`"nextSteps": "Check Deployment Log For Issues with `+"`checkout-api`"+`\nInspect Deployment Warning Events for `+"`checkout-api`"+`", `+
	`"details": %q, "taskName": "Check Deployment Replicas", "observedAt": "2026-11-22T03:00:00.123456+00:00", "metadata": {"summary": "two of five"}}`,
	strings.Repeat("Warning  Unhealthy  readiness probe failed: \"HTTP 503\"\n", 10))

func BenchmarkParseSighting(b *testing.B) {
	b.ReportAllocs()
	b.SetBytes(int64(len(aLine)))
	for b.Loop() {
		if _, err := issue.ParseSighting(aLine); err != nil {
			b.Fatal(err)
		}
	}
}
