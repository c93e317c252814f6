package cloudtest

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"testing"

	"github.com/strongroom-dev/strongroom/emulator/suite"
	"github.com/strongroom-dev/strongroom/shared/gcp"
	"github.com/strongroom-dev/strongroom/shared/secret"
	"github.com/strongroom-dev/strongroom/shared/tenant"
)

// Process is a cloud in a separate process with one tenant, so that a benchmark does
// not measure what the cloud itself costs.
type Process struct {
	Config gcp.Config // settings of the measured function
	Tenant tenant.Record
	Runner string // token
}

// processInfo is what the process prints. A secret.String does not encode its value,
// so the token has a field of its own.
type processInfo struct {
	Process
	Access string
}

// processVariable makes a package's test program run such a cloud, for the function
// that its value names.
const processVariable = "STRONGROOM_BENCHMARK_CLOUD"

// StartProcess starts a cloud process for a function. It ends with the benchmark. The
// package's TestMain must call Main.
func StartProcess(b *testing.B, function string) Process {
	b.Helper()
	child := exec.CommandContext(b.Context(), os.Args[0])
	child.Env = append(os.Environ(), processVariable+"="+function)
	child.Stderr = os.Stderr
	out, err := child.StdoutPipe()
	if err != nil {
		b.Fatal(err)
	}
	in, err := child.StdinPipe()
	if err != nil {
		b.Fatal(err)
	}
	if err := child.Start(); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = in.Close(); _ = child.Wait() }) // an error means that the end of the benchmark killed it
	var info processInfo
	if err := json.NewDecoder(out).Decode(&info); err != nil {
		b.Fatalf("start a cloud process: %v", err)
	}
	info.Config.AccessToken = secret.New(info.Access)
	return info.Process
}

// serveProcess runs the cloud until its standard input ends.
func serveProcess(function string) error {
	ctx := context.Background()
	c, err := suite.Start(ctx, suite.Options{Undelivered: []string{function}}) // the benchmark calls it
	if err != nil {
		return err
	}
	defer c.Close()
	info := processInfo{Process: Process{Config: c.As(suite.FunctionAccount(function))}}
	info.Access, info.Config.AccessToken = info.Config.AccessToken.Reveal(), secret.String{}
	if info.Tenant, err = c.AddTenant(ctx, "bench", "prod"); err != nil {
		return err
	}
	if info.Runner, err = c.Token("bench", "runner"); err != nil {
		return err
	}
	if err := json.NewEncoder(os.Stdout).Encode(info); err != nil {
		return fmt.Errorf("print the settings of the cloud: %w", err)
	}
	_, err = io.Copy(io.Discard, os.Stdin)
	return err
}
