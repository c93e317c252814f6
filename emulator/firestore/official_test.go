package firestore_test

import (
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"testing"
)

// officialVariable enables the tests against Google's emulator.
const officialVariable = "STRONGROOM_OFFICIAL"

func TestMain(m *testing.M) {
	code := m.Run()
	stopOfficial()
	os.Exit(code)
}

func TestOfficial(t *testing.T) {
	t.Parallel()
	conformance(t, officialAddress(t))
}

// officialAddress returns the address of Google's emulator, which is started once.
func officialAddress(t testing.TB) string {
	t.Helper()
	if testing.Short() || os.Getenv(officialVariable) != "1" {
		t.Skipf("Google's emulator is not enabled; to run this test: `%s=1 go test ./emulator/firestore -run TestOfficial`; it needs gcloud with the cloud-firestore-emulator component, and Java", officialVariable)
	}
	if _, err := exec.LookPath("gcloud"); err != nil {
		t.Skip("gcloud is not installed: https://cloud.google.com/sdk/docs/install, then `gcloud components install cloud-firestore-emulator`")
	}
	o := official()
	if o.err != nil {
		t.Fatal(o.err)
	}
	return o.address
}

type officialEmulator struct {
	address string
	err     error
}

var (
	official        = sync.OnceValue(startOfficial)
	officialProcess *os.Process // leads the process group; nil if never started
)

func startOfficial() officialEmulator {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return officialEmulator{err: err}
	}
	address := l.Addr().String()
	l.Close()
	cmd := exec.Command("gcloud", "emulators", "firestore", "start", "--host-port="+address)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // gcloud starts Java in turn
	output, err := cmd.StderrPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		return officialEmulator{err: err}
	}
	officialProcess = cmd.Process
	return officialEmulator{address, awaitLine(output, "is now running")}
}

// awaitLine continues to read after the line, so that the writer never blocks.
func awaitLine(r io.Reader, want string) error {
	var said strings.Builder
	buffer := make([]byte, 4096)
	for !strings.Contains(said.String(), want) {
		n, err := r.Read(buffer)
		said.Write(buffer[:n])
		if err != nil {
			return fmt.Errorf("gcloud ended: %s", said.String())
		}
	}
	go io.Copy(io.Discard, r)
	return nil
}

// stopOfficial stops gcloud and its children.
func stopOfficial() {
	if officialProcess != nil {
		_ = syscall.Kill(-officialProcess.Pid, syscall.SIGKILL)
	}
}
