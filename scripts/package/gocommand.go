package main

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"slices"
	"strings"
)

// buildEnvironment makes programs that start fast: static, without tables for
// debuggers, and without the gRPC half of the storage client, which is never
// called. Cloud Build passes it to the buildpack, which reads GOOGLE_GOLDFLAGS
// and passes the others to go: cloud.google.com/docs/buildpacks/go.
var buildEnvironment = map[string]string{
	"CGO_ENABLED":      "0",
	"GOFLAGS":          "-tags=disable_grpc_modules -trimpath",
	"GOOGLE_GOLDFLAGS": "-s -w",
}

// target is the platform of Cloud Run. A build there gets it from the machine.
var target = []string{"GOOS=linux", "GOARCH=amd64", "GOAMD64=v1"}

// goEnviron is this process's environment, with settings that make go choose the
// same files as a build in the cloud.
func goEnviron(more ...string) []string {
	environ := append(os.Environ(), target...)
	for _, name := range slices.Sorted(maps.Keys(buildEnvironment)) {
		environ = append(environ, name+"="+buildEnvironment[name])
	}
	return append(append(environ, "GOWORK=off", "GO111MODULE=on"), more...)
}

// runGo runs go in dir and returns its standard output. The error ends with its
// standard error.
func runGo(ctx context.Context, dir string, environ []string, args ...string) ([]byte, error) {
	return runProgram(ctx, dir, environ, "go", args...)
}

// runGit runs git in dir with this process's environment.
func runGit(ctx context.Context, dir string, args ...string) (string, error) {
	text, err := runProgram(ctx, dir, os.Environ(), "git", args...)
	return string(text), err
}

func runProgram(ctx context.Context, dir string, environ []string, name string, args ...string) ([]byte, error) {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir, cmd.Env = dir, environ
	var complaint bytes.Buffer
	cmd.Stderr = &complaint
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("%s %s: %w\n%s", name, strings.Join(args[:min(len(args), 2)], " "), err, bytes.TrimSpace(complaint.Bytes()))
	}
	return out, nil
}
