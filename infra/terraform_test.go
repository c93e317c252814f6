package infra_test

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// terraform is a copy of infra/, so that Terraform can write its state there.
type terraform struct {
	binary, dir string
}

// newTerraform skips the test if there is no Terraform, and says so.
func newTerraform(t testing.TB) terraform {
	t.Helper()
	binary, err := exec.LookPath("terraform")
	if err != nil {
		t.Skip("skipped: terraform is not on the PATH (developer.hashicorp.com/terraform/install)")
	}
	dir := t.TempDir()
	for _, part := range []string{"modules", "examples"} {
		if err := os.CopyFS(filepath.Join(dir, part), os.DirFS(part)); err != nil {
			t.Fatal(err)
		}
	}
	for _, table := range []string{"suite.json", "indexes.json"} {
		text, err := os.ReadFile(table)
		if err := errors.Join(err, os.WriteFile(filepath.Join(dir, table), text, 0o600)); err != nil {
			t.Fatal(err)
		}
	}
	writeManifest(t, filepath.Join(dir, "modules/platform/tests/packages"), "v1.0.0", nil)
	writeManifest(t, filepath.Join(dir, "modules/platform/tests/next"), "v1.1.0", nil)
	writeManifest(t, filepath.Join(dir, "modules/platform/tests/other"), "v1.0.0", map[string]string{"runs": "RunsOfAnotherVersion"})
	return terraform{binary, dir}
}

// writeManifest writes a manifest.json like that of scripts/package, with a
// package for each function of the table. The tests of the platform module read
// it. Each version has other packages. Entry points can be replaced, by the function's
// name.
func writeManifest(t testing.TB, dir, version string, entryPoints map[string]string) {
	t.Helper()
	type pack struct {
		EntryPoint string `json:"entryPoint"`
		Zip        string `json:"zip"`
		SHA256     string `json:"sha256"`
	}
	functions := map[string]pack{}
	for name, f := range table(t).Functions {
		functions[name] = pack{
			EntryPoint: cmp.Or(entryPoints[name], f.EntryPoint), Zip: "code.txt", SHA256: fmt.Sprintf("%x", sha256.Sum256([]byte(name+version))),
		}
	}
	text, err := json.Marshal(map[string]any{
		"version": version, "runtime": "go126", "buildEnvironment": map[string]string{"GOFLAGS": "-mod=vendor"}, "functions": functions,
	})
	if err := errors.Join(err,
		os.MkdirAll(dir, 0o700),
		os.WriteFile(filepath.Join(dir, "code.txt"), []byte("This file replaces a zip file in tests.\n"), 0o600),
		os.WriteFile(filepath.Join(dir, "manifest.json"), text, 0o600)); err != nil {
		t.Fatal(err)
	}
}

// run runs one command in a module, which is a directory below infra/.
func (tf terraform) run(t testing.TB, module string, args ...string) ([]byte, error) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), tf.binary, args...)
	cmd.Dir = filepath.Join(tf.dir, module)
	cmd.Env = append(os.Environ(), "CHECKPOINT_DISABLE=1", "TF_IN_AUTOMATION=1", "TF_INPUT=0")
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Run(); err != nil {
		return out.Bytes(), fmt.Errorf("terraform %s in %s: %w\n%s%s", args[0], module, err, errs.String(), out.String())
	}
	return out.Bytes(), nil
}

// outputs applies a module without a provider, and decodes its outputs.
func (tf terraform) outputs(t testing.TB, module string, variables any, into map[string]any) {
	t.Helper()
	file := filepath.Join(tf.dir, module, "test.tfvars.json")
	text, err := json.Marshal(variables)
	if err := errors.Join(err, os.WriteFile(file, text, 0o600)); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{
		{"init", "-backend=false", "-no-color"},
		{"apply", "-auto-approve", "-no-color", "-var-file=" + file},
	} {
		if _, err := tf.run(t, module, args...); err != nil {
			t.Fatal(err)
		}
	}
	text, err = tf.run(t, module, "output", "-json", "-no-color")
	if err != nil {
		t.Fatal(err)
	}
	var all map[string]struct{ Value json.RawMessage }
	if err := json.Unmarshal(text, &all); err != nil {
		t.Fatal(err)
	}
	for name, target := range into {
		if err := json.Unmarshal(all[name].Value, target); err != nil {
			t.Fatalf("output %s of %s: %v", name, module, err)
		}
	}
}
