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

// Elsewhere is a cloud in a process of its own, with one tenant: what it costs
// is not on the account of the process that measures.
type Elsewhere struct {
	Config gcp.Config // of the function that is measured
	Tenant tenant.Record
	Runner string // token
}

// told is what that process says of its cloud: a secret tells itself to nobody.
type told struct {
	Elsewhere
	Access string
}

// elsewhereSetting has a package's test program be such a process, for the
// function it names.
const elsewhereSetting = "STRONGROOM_BENCHMARK_CLOUD"

// StartElsewhere starts one for a function; it ends with the benchmark. The
// package's TestMain must call Main.
func StartElsewhere(b *testing.B, function string) Elsewhere {
	b.Helper()
	child := exec.CommandContext(b.Context(), os.Args[0])
	child.Env = append(os.Environ(), elsewhereSetting+"="+function)
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
	b.Cleanup(func() { _ = in.Close(); _ = child.Wait() }) // the benchmark's end may have killed it
	var t told
	if err := json.NewDecoder(out).Decode(&t); err != nil {
		b.Fatalf("start a cloud elsewhere: %v", err)
	}
	t.Config.AccessToken = secret.New(t.Access)
	return t.Elsewhere
}

// serveElsewhere is that process, until its standard input ends.
func serveElsewhere(function string) error {
	ctx := context.Background()
	c, err := suite.Start(ctx, suite.Options{})
	if err != nil {
		return err
	}
	defer c.Close()
	t := told{Elsewhere: Elsewhere{Config: c.As(suite.FunctionAccount(function))}}
	t.Access, t.Config.AccessToken = t.Config.AccessToken.Reveal(), secret.String{}
	if t.Tenant, err = c.AddTenant(ctx, "bench", "prod"); err != nil {
		return err
	}
	if t.Runner, err = c.Token("bench", "runner"); err != nil {
		return err
	}
	if err := json.NewEncoder(os.Stdout).Encode(t); err != nil {
		return fmt.Errorf("tell of the cloud: %w", err)
	}
	_, err = io.Copy(io.Discard, os.Stdin)
	return err
}
