package main

import (
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/strongroom-dev/strongroom/emulator/cloudtest"
)

func TestLaw9NoEmulatorInProduction(t *testing.T) {
	t.Parallel()
	settings := []string{
		"FIRESTORE_EMULATOR_HOST", "STORAGE_EMULATOR_HOST", "PUBSUB_EMULATOR_HOST", "KMS_EMULATOR_HOST",
		"IAM_CREDENTIALS_EMULATOR_HOST", "EMULATOR_ACCESS_TOKEN",
	}
	eachProgram(t, func(t *testing.T, name string, p program) {
		runnable(t)
		production := []string{"K_SERVICE=" + name, "FUNCTION_TARGET=" + p.archive.EntryPoint, "GOOGLE_CLOUD_PROJECT=prod"}
		for _, setting := range settings {
			said, code := runBriefly(t, p.path, slices.Concat(production, []string{setting + "=127.0.0.1:1", "PORT=0"}))
			if code != 1 || !strings.Contains(said, "emulator setting in production: "+setting) {
				t.Errorf("with %s the process ended with %d and said %q", setting, code, said)
			}
		}
		start(t, p.path, production) // without one, it serves
	})
}

// runBriefly returns the output of a process and its exit code, -1 if the
// process had to be stopped.
func runBriefly(t *testing.T, path string, environ []string) (said string, code int) {
	t.Helper()
	cmd := exec.CommandContext(cloudtest.Context(t), path)
	cmd.Env = environ
	out, _ := cmd.CombinedOutput() // the exit code is enough
	return string(out), cmd.ProcessState.ExitCode()
}
