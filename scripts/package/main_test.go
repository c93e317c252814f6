package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// scratch holds what the tests share, as long as they run.
var scratch string

// asCommand makes the test binary be the command itself.
const asCommand = "STRONGROOM_PACKAGE_COMMAND"

func TestMain(m *testing.M) {
	if os.Getenv(asCommand) != "" {
		os.Exit(run(context.Background(), os.Args[1:], os.Stderr))
	}
	dir, err := os.MkdirTemp("", "strongroom-packaged-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	scratch = dir
	code := m.Run()
	if err := os.RemoveAll(dir); err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

// command runs the command in a process of its own, whose environment and
// umask are its own too.
func command(t *testing.T, umask string, environ []string, args ...string) *exec.Cmd {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), "sh", append([]string{"-c", `umask "$0"; exec "$@"`, umask, self}, args...)...)
	cmd.Env = append(append(os.Environ(), asCommand+"=1"), environ...)
	return cmd
}

func TestTheSameTreeMakesTheSameBytesWhateverTheMachine(t *testing.T) {
	t.Parallel()
	work := t.TempDir()
	outs := []string{filepath.Join(t.TempDir(), "first"), filepath.Join(t.TempDir(), "second")}
	runs := []*exec.Cmd{
		command(t, "022", []string{"TMPDIR=" + work, "TZ=UTC"}, "-out", outs[0], "-only", "sweep"),
		command(t, "077", []string{
			"TMPDIR=" + work, "TZ=Pacific/Auckland", "LC_ALL=C",
			"GOFLAGS=-race -tags=other", "GOOS=windows", "GOARCH=arm64", "GOAMD64=v3", "CGO_ENABLED=1", "GOWORK=elsewhere",
		}, "-out", outs[1], "-only", "sweep"),
	}
	var logs [2]bytes.Buffer
	for i, cmd := range runs { // side by side
		cmd.Stderr = &logs[i]
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
	}
	for i, cmd := range runs {
		if err := cmd.Wait(); err != nil {
			t.Fatalf("%v\n%s", err, &logs[i])
		}
	}
	if diff := cmp.Diff(readDir(t, outs[0]), readDir(t, outs[1])); diff != "" {
		t.Errorf("the runs differ (-first +second):\n%s", diff)
	}
	if left := readDir(t, work); len(left) != 0 {
		t.Errorf("working directories were left: %v", left)
	}
}

// readDir returns the digest of each file of dir, and fails on other entries.
func readDir(t *testing.T, dir string) map[string]string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]string{}
	for _, entry := range entries {
		text, err := os.ReadFile(filepath.Join(dir, entry.Name()))
		if err != nil {
			t.Fatal(err)
		}
		all[entry.Name()] = digest(text)
	}
	return all
}

func TestTheManifestNamesWhatLiesBesideIt(t *testing.T) {
	t.Parallel()
	out := t.TempDir()
	if code := run(t.Context(), []string{"-out", out, "-only", "sweep"}, t.Output()); code != 0 {
		t.Fatalf("exit code %d", code)
	}
	text, err := os.ReadFile(filepath.Join(out, "manifest.json"))
	if err != nil {
		t.Fatal(err)
	}
	var m Manifest
	if err := json.Unmarshal(text, &m); err != nil {
		t.Fatal(err)
	}
	a := m.Functions["sweep"]
	if len(m.Functions) != 1 || a.EntryPoint != "Sweep" || a.Modules["cloud.google.com/go/firestore"] == "" {
		t.Errorf("the manifest is %s", text)
	}
	if want := map[string]string{"manifest.json": digest(text), "sweep-" + a.SHA256 + ".zip": a.SHA256}; !cmp.Equal(readDir(t, out), want) {
		t.Errorf("next to the manifest: %s", cmp.Diff(want, readDir(t, out)))
	}
	if !strings.HasPrefix(m.Runtime, "go1") || strings.Contains(m.Runtime, ".") || !strings.HasPrefix(m.GoVersion, "go1.") {
		t.Errorf("runtime %q of %q", m.Runtime, m.GoVersion)
	}
}

func TestAWrongQuestionIsAnswered(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		args []string
		code int
		says string
	}{
		"help":                    {[]string{"-help"}, 0, "NAME-SHA256.zip"},
		"nowhere to write":        {nil, 2, "say where the archives go: -out DIR"},
		"a stray argument":        {[]string{"-out", "x", "uploads"}, 2, `unknown argument "uploads"`},
		"an unknown flag":         {[]string{"-all"}, 2, "-all"},
		"a function not there":    {[]string{"-out", "x", "-only", "uploads,downloads"}, 1, `there is no function "downloads"; the functions of infra/suite.json are: `},
		"a file as the directory": {[]string{"-out", "main.go"}, 1, "make the output directory"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var log bytes.Buffer
			if code := run(t.Context(), row.args, &log); code != row.code || !strings.Contains(log.String(), row.says) {
				t.Errorf("exit code %d, want %d with %q; said:\n%s", code, row.code, row.says, &log)
			}
		})
	}
}
