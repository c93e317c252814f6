package command_test

import (
	"bufio"
	"fmt"
	"os"
	"syscall"
	"testing"
	"unsafe"

	"github.com/strongroom-dev/strongroom/emulator/faults"
	"github.com/strongroom-dev/strongroom/scripts/strongroom/api"
	"github.com/strongroom-dev/strongroom/shared/run"
)

// terminal opens a pseudoterminal: a person sees on the screen what a program
// writes to the tty.
func terminal(t *testing.T) (screen, tty *os.File) {
	t.Helper()
	screen, err := os.OpenFile("/dev/ptmx", os.O_RDWR, 0)
	if err != nil {
		t.Skip("no terminals on this machine: ", err)
	}
	t.Cleanup(func() { _ = screen.Close() })
	var number, unlocked int32
	for request, value := range map[uintptr]*int32{syscall.TIOCGPTN: &number, syscall.TIOCSPTLCK: &unlocked} {
		if _, _, errno := syscall.Syscall(syscall.SYS_IOCTL, screen.Fd(), request, uintptr(unsafe.Pointer(value))); errno != 0 {
			t.Skip("no terminals on this machine: ", errno)
		}
	}
	if tty, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", number), os.O_RDWR|syscall.O_NOCTTY, 0); err != nil {
		t.Skip("no terminals on this machine: ", err)
	}
	t.Cleanup(func() { _ = tty.Close() })
	return screen, tty
}

func TestOutputAndIssuesCannotControlATerminal(t *testing.T) {
	t.Parallel()
	p := newProgram(t, faults.HTTPConfig{})
	p.upload(t, "stdout.log", hostile+"\n", 100)
	line := "{\"title\":\"\u009b31m \u202echeck\"}" // JSON cannot have the other control characters
	p.report(t, api.Report{Outcome: run.Failure, Issues: []api.IssueLine{{Line: line}}, Outputs: []api.Claim{{Name: "stdout.log", Parts: 1}}})
	p = p.as(t, "viewer")
	for name, c := range map[string]struct {
		args []string
		want string
	}{
		"an output":  {[]string{"outputs", "cat", someRun, "stdout.log"}, `dns\x1b[2J\u009b31m \u202echeck`},
		"its issues": {[]string{"runs", "issues", someRun}, `{"title":"\u009b31m \u202echeck"}`},
	} {
		screen, tty := terminal(t)
		if code := p.runTo(t, tty, c.args...); code != 0 {
			t.Errorf("%s: code %d", name, code)
		}
		line, err := bufio.NewReader(screen).ReadString('\n')
		if want := c.want + "\r\n"; line != want || err != nil {
			t.Errorf("%s: the screen shows %q, %v", name, line, err)
		}
	}
}
