package issue_test

import (
	"testing"

	"github.com/strongroom-dev/strongroom/shared/issue"
)

func TestSeveritiesInAllUsualForms(t *testing.T) {
	t.Parallel()
	for severity, texts := range map[int][]string{
		1: {"1", "1.0", " 1 ", "critical", "CRITICAL", "Crit", "fatal", "emergency", "SEV1", "sev-1", "P1", "S1", "1 - critical", "1 (critical)", "severity: 1", "SEVERITY_CRITICAL"},
		2: {"2", "HIGH", "high", "major", "error", "Severity: High", "level=error", "P2", "priority 2"},
		3: {"3", "medium", "Moderate", "warning", "WARN", "minor", "sev 3"},
		4: {"4", "low", "info", "Informational", "debug", "P4", "4: info"},
	} {
		for _, text := range texts {
			if got, ok := issue.ParseSeverity(text); got != severity || !ok {
				t.Errorf("%q is %d, %t, want %d", text, got, ok, severity)
			}
		}
	}
	for _, text := range []string{"", "0", "5", "-1", "2.5", "9", "true", "NaN", "Infinity", "none", "unknown", "purple", "P0", "p10", "1/10", "severity", "highish", `{"level":1}`} {
		if got, ok := issue.ParseSeverity(text); got != issue.UnknownSeverity || ok {
			t.Errorf("%q is %d, %t", text, got, ok)
		}
	}
}
