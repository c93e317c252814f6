package infra_test

import (
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestAlertsMatchTextsThatTheCodeLogs looks for the texts of the log-based metrics
// in the code: if somebody rewords a log line, its alert must not fall silent.
func TestAlertsMatchTextsThatTheCodeLogs(t *testing.T) {
	t.Parallel()
	code := loggedTexts(t)
	filters := readText(t, "modules/platform/monitoring.tf")
	var wanted []string
	for _, m := range regexp.MustCompile(`jsonPayload\.message=\\"([^"\\]+)\\"`).FindAllStringSubmatch(filters, -1) {
		wanted = append(wanted, m[1])
	}
	for _, m := range regexp.MustCompile(`jsonPayload\.error=~\\"\(([^)]+)\)([^"\\]*)\\"`).FindAllStringSubmatch(filters, -1) {
		for verb := range strings.SplitSeq(m[1], "|") {
			wanted = append(wanted, verb+m[2])
		}
	}
	if len(wanted) < 3 {
		t.Errorf("monitoring.tf has the texts %q: this test does not read it correctly", wanted)
	}
	for _, text := range wanted {
		if !strings.Contains(code, `"`+text) {
			t.Errorf("monitoring.tf counts log lines with %q, but no function logs that: correct its filter", text)
		}
	}
}

// loggedTexts returns the code of everything that is deployed.
func loggedTexts(t *testing.T) string {
	t.Helper()
	var b strings.Builder
	for _, pattern := range []string{"../shared/*/*.go", "../functions/*/*.go"} {
		files, err := filepath.Glob(pattern)
		if err != nil || len(files) == 0 {
			t.Fatalf("%s: %d files, %v", pattern, len(files), err)
		}
		for _, file := range files {
			if !strings.HasSuffix(file, "_test.go") {
				b.WriteString(readText(t, file))
			}
		}
	}
	return b.String()
}
