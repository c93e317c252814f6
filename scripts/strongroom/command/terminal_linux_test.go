package command_test

import (
	"bufio"
	"fmt"
	"os"
	"syscall"
	"testing"
	"unsafe"

	"github.com/strongroom-dev/strongroom/scripts/strongroom/api"
	"github.com/strongroom-dev/strongroom/scripts/strongroom/platformtest"
)

// terminal gives both ends of a pseudoterminal: what a program writes to its
// tty, a person sees on its screen.
func terminal(t *testing.T) (screen, tty *os.File) {
	t.Helper()
	screen, err := os.OpenFile("/dev/ptmx", os.O_RDWR, 0)
	if err != nil {
		t.Skip("there are no terminals here: ", err)
	}
	t.Cleanup(func() { _ = screen.Close() })
	var number, unlocked int32
	for request, value := range map[uintptr]*int32{syscall.TIOCGPTN: &number, syscall.TIOCSPTLCK: &unlocked} {
		if _, _, errno := syscall.Syscall(syscall.SYS_IOCTL, screen.Fd(), request, uintptr(unsafe.Pointer(value))); errno != 0 {
			t.Skip("there are no terminals here: ", errno)
		}
	}
	if tty, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", number), os.O_RDWR|syscall.O_NOCTTY, 0); err != nil {
		t.Skip("there are no terminals here: ", err)
	}
	t.Cleanup(func() { _ = tty.Close() })
	return screen, tty
}

func TestWhatARunLeftCannotSteerATerminal(t *testing.T) {
	t.Parallel()
	p := newPlace(t, platformtest.Config{})
	p.keep("stdout.log", hostile+"\n", 100)
	p.server.End(someRun, api.Report{Issues: []api.IssueLine{{Line: hostile}}, Outputs: []api.Claim{{Name: "stdout.log", Parts: 1}}})
	for name, args := range map[string][]string{
		"an output":  {"outputs", "cat", someRun, "stdout.log"},
		"its issues": {"runs", "issues", someRun},
	} {
		screen, tty := terminal(t)
		if code := p.runTo(t, tty, args...); code != 0 {
			t.Errorf("%s: code %d", name, code)
		}
		line, err := bufio.NewReader(screen).ReadString('\n')
		if want := `dns\x1b[2J\u009b31m \u202echeck` + "\r\n"; line != want || err != nil {
			t.Errorf("%s: the screen shows %q, %v", name, line, err)
		}
	}
}
