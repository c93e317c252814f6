package command_test

import (
	"bufio"
	"fmt"
	"os"
	"strings"
	"syscall"
	"testing"
	"unsafe"

	"github.com/strongroom-dev/strongroom/emulator/cloudtest"
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
	p.env["PAGER"] = "cat"
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

func TestAStoredRequestCannotControlATerminal(t *testing.T) {
	t.Parallel()
	const request = "{\"text\":\"\u009b31m \u202echeck\"}"
	digest := cloudtest.SHA256([]byte(request))
	p := stubbed(t, newStub(t, fmt.Sprintf(`{"entry":{"action":"models.send","model":{"sha256":%q}}}`, digest),
		fmt.Sprintf(`{"entry":%q,"sha256":%q,"request":"{\"text\":\"\u009b31m \u202echeck\"}"}`, someRun, digest)))
	p.env["STRONGROOM_TOKEN"] = tokenOfAcme
	screen, tty := terminal(t)
	if code := p.runTo(t, tty, "models", "request", someRun); code != 0 {
		t.Fatalf("code %d", code)
	}
	line, err := bufio.NewReader(screen).ReadString('\n')
	if want := `{"text":"\u009b31m \u202echeck"}` + "\r\n"; line != want || err != nil {
		t.Errorf("the screen shows %q, %v", line, err)
	}
}

func TestAPagerShowsLists(t *testing.T) {
	t.Parallel()
	const runs = `{"runs":[{"id":"01890a5d-ac96-774b-bcce-b302099a8057","task":"dns\u001b[2J check","state":"ended"}]}`
	for name, c := range map[string]struct {
		pager string
		args  []string
		want  string
	}{
		"a list":                      {"sed s/^/paged:/", []string{"runs", "ls"}, "paged:RUN"},
		"escapes do not reach it":     {"tail -n 1", []string{"runs", "ls"}, `dns\x1b[2J check`},
		"JSON":                        {"sed s/^/paged:/", []string{"runs", "ls", "--json"}, `{"runs":[{"id":"`},
		"a text that jq selects":      {"sed s/^/paged:/", []string{"runs", "ls", "--jq", ".runs[].task"}, `dns\x1b[2J check`},
		"without a pager":             {"sed s/^/paged:/", []string{"runs", "ls", "--no-pager"}, "RUN  "},
		"cat is no pager":             {"cat", []string{"runs", "ls"}, "RUN  "},
		"a pager that ends early":     {"head -n 1", []string{"runs", "ls"}, "RUN  "},
		"a pager that does not start": {"/nonexistent/pager", []string{"runs", "ls"}, "RUN  "},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := stubbed(t, newStub(t, runs))
			p.env["PAGER"] = c.pager
			screen, tty := terminal(t)
			if code := p.runTo(t, tty, c.args...); code != 0 {
				t.Errorf("code %d", code)
			}
			line, err := bufio.NewReader(screen).ReadString('\n')
			if !strings.Contains(line, c.want) || strings.Contains(line, "\x1b") || err != nil {
				t.Errorf("the screen shows %q, %v", line, err)
			}
		})
	}
	p := stubbed(t, newStub(t, runs))
	p.env["PAGER"] = "false"
	if r := p.run(t, "runs", "ls").want(t); !strings.HasPrefix(r.stdout, "RUN") {
		t.Errorf("there is a pager in a pipe: %+v", r)
	}
}
