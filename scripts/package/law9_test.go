package main

import (
	"os/exec"
	"strings"
	"testing"
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
			cmd := exec.CommandContext(t.Context(), p.path)
			cmd.Env = append(production, setting+"=127.0.0.1:1", "PORT=0")
			said, err := cmd.CombinedOutput()
			if cmd.ProcessState.ExitCode() != 1 || !strings.Contains(string(said), "emulator setting in production: "+setting) {
				t.Errorf("with %s the process ended by %v and said %q", setting, err, said)
			}
		}
		start(t, p.path, production) // without one, it serves
	})
}
