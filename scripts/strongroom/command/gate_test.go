package command_test

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

// gate makes a task wait until it is opened, at the latest at the end of the test. A
// task passes it with "exec 3<PATH; …; read -r _ <&3".
type gate struct {
	path string
	held *os.File
}

func newGate(t *testing.T) gate {
	t.Helper()
	g := gate{path: filepath.Join(t.TempDir(), "gate")}
	if err := syscall.Mkfifo(g.path, 0o600); err != nil {
		t.Fatal(err)
	}
	var err error
	if g.held, err = os.OpenFile(g.path, os.O_RDWR, 0); err != nil { // a task that reads waits for the last writer to close
		t.Fatal(err)
	}
	t.Cleanup(g.open)
	return g
}

func (g gate) open() { _ = g.held.Close() } // it may be open already
