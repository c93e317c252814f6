package infra_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// terraform is a copy of infra/ in which Terraform may leave its state.
type terraform struct {
	binary, dir string
}

// newTerraform skips the test, and says so, where there is no Terraform.
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
	return terraform{binary, dir}
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

// outputs applies a module that has no provider, and decodes its outputs.
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
