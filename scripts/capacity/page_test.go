package main

import (
	"bytes"
	"flag"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write infra/CAPACITY.md instead of comparing it")

// TestThePageIsWhatTheToolPrints measures again, so a change of what a run costs is a
// change of the page.
func TestThePageIsWhatTheToolPrints(t *testing.T) {
	t.Parallel()
	const file = "../../infra/CAPACITY.md"
	m, err := measure(t.Context(), int(pageLoad.Parts))
	if err != nil {
		t.Fatal(err)
	}
	page := printed(t, m)
	if *update {
		if err := os.WriteFile(file, []byte(page), 0o600); err != nil {
			t.Fatal(err)
		}
		return
	}
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for _, more := range []float64{-2, -1, 1, 2} {
		near := m
		near.run.Reads += more
		if printed(t, near) == string(text) {
			return // the number of reads differs by one or two between processes
		}
	}
	if diff := cmp.Diff(strings.Split(page, "\n"), strings.Split(string(text), "\n")); diff != "" {
		t.Errorf("run go test ./scripts/capacity -run ThePage -update: what the tool prints (-) and infra/CAPACITY.md (+) differ:\n%s", diff)
	}
}

func printed(t *testing.T, m measurement) string {
	t.Helper()
	var page bytes.Buffer
	if err := writePage(&page, pageLoad, m); err != nil {
		t.Fatal(err)
	}
	return page.String()
}
