package official_test

import (
	"context"
	"net"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/strongroom-dev/strongroom/emulator/official"
)

func needEmulators(t *testing.T) {
	t.Helper()
	if os.Getenv("STRONGROOM_OFFICIAL") != "1" {
		t.Skip("Google's emulators are not enabled; to run this test: STRONGROOM_OFFICIAL=1 go test ./emulator/official/")
	}
	if err := official.Available(); err != nil {
		t.Skip("Google's own emulators are not installed: ", err)
	}
}

type starter func(ctx context.Context, projectID string) (*official.Process, error)

var emulators = map[string]starter{
	"firestore": official.StartFirestore,
	"pubsub":    official.StartPubSub,
}

func TestEmulatorAnswersUntilItIsStopped(t *testing.T) {
	t.Parallel()
	needEmulators(t)
	for name, start := range emulators {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p, err := start(t.Context(), "demo-strongroom")
			if err != nil {
				t.Fatal(err)
			}
			if !listens(p) {
				t.Error("nothing listens after the start")
			}
			for range 2 {
				if err := p.Stop(); err != nil {
					t.Error(err)
				}
			}
			if listens(p) {
				t.Error("the emulator still listens after Stop")
			}
		})
	}
}

func TestEmulatorIsGoneWhenItsContextEnds(t *testing.T) {
	t.Parallel()
	needEmulators(t)
	ctx, cancel := context.WithCancel(t.Context())
	p, err := official.StartPubSub(ctx, "demo-strongroom")
	if err != nil {
		t.Fatal(err)
	}
	cancel()
	if err := p.Stop(); err != nil { // waits
		t.Error(err)
	}
	if listens(p) {
		t.Error("the emulator outlives its context")
	}
}

func listens(p *official.Process) bool {
	conn, err := net.DialTimeout("tcp", p.Host(), time.Second)
	if err != nil {
		return false
	}
	_ = conn.Close()
	return true
}

// A gcloud that fails stands in for a broken installation.
func TestFailedStartShowsTheLastOutput(t *testing.T) {
	dir := t.TempDir()
	script := "#!/bin/sh\necho no such component >&2\nexit 3\n"
	if err := os.WriteFile(dir+"/gcloud", []byte(script), 0o700); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", dir+string(os.PathListSeparator)+os.Getenv("PATH"))
	_, err := official.StartFirestore(t.Context(), "demo-strongroom")
	if err == nil || !strings.Contains(err.Error(), "no such component") {
		t.Errorf("the error does not show the output: %v", err)
	}
}

func TestAvailableSaysWhatIsMissing(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	err := official.Available()
	if err == nil {
		t.Fatal("available on an empty PATH")
	}
	for _, want := range []string{"gcloud is not", "java is not"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q is not said: %v", want, err)
		}
	}
}
