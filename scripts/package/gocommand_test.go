package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// The checks compile each package once, for tests and for programs, only as long as both
// are compiled with the same settings.
func TestTheChecksCompileWithTheSettingsOfPrograms(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile(filepath.Join("..", "..", ".ci", "run"))
	if err != nil {
		t.Fatal(err)
	}
	want := fmt.Sprintf("\nexport CGO_ENABLED=%s GOFLAGS='%s'\n", buildEnvironment["CGO_ENABLED"], buildEnvironment["GOFLAGS"])
	if !strings.Contains(string(text), want) {
		t.Errorf(".ci/run does not have the settings of buildEnvironment; it needs the line%s", want)
	}
}
