package command

import (
	"errors"
	"io"
	"os"
	"os/exec"
	"strings"
	"syscall"

	"github.com/spf13/cobra"
)

const (
	envPager     = "PAGER"
	defaultPager = "less"
)

// paged are the commands whose output may be long. A pager shows it on a terminal.
var paged = map[string]bool{"ls": true, "show": true, "search": true, "samples": true, "issues": true, "data-map": true, "sends": true}

// addPager makes a command print to a pager, if stdout is a terminal and the output is for
// people.
func addPager(a *app, cmd *cobra.Command) {
	run := cmd.RunE
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		for _, name := range []string{"json", "web"} {
			if flag := cmd.Flags().Lookup(name); flag != nil && flag.Changed {
				return run(cmd, args)
			}
		}
		stop, err := a.startPager()
		if err != nil {
			a.notice("the pager does not start, so the output is printed: %v", err)
		}
		err = run(cmd, args)
		if stop == nil {
			return err
		}
		if stopErr := stop(); errors.Is(err, syscall.EPIPE) { // the person has closed the pager
			return stopErr
		}
		return err
	}
}

// startPager starts the pager, and makes stdout its input. Stop waits until the person has
// closed it; it is nil if there is no pager.
func (a *app) startPager() (stop func() error, err error) {
	argv := strings.Fields(a.settings.env(envPager))
	if len(argv) == 0 {
		argv = []string{defaultPager}
		if _, err := exec.LookPath(defaultPager); err != nil {
			return nil, nil
		}
	}
	if a.settings.noPager || !a.isTerminal() || argv[0] == "cat" {
		return nil, nil
	}
	pager := exec.Command(argv[0], argv[1:]...)
	pager.Stdout, pager.Stderr = a.stdout, a.stderr
	pager.Env = os.Environ()
	if os.Getenv("LESS") == "" {
		pager.Env = append(pager.Env, "LESS=FRX") // ends at once if everything fits on the screen
	}
	in, err := pager.StdinPipe()
	if err != nil {
		return nil, err
	}
	if err := pager.Start(); err != nil {
		return nil, err
	}
	terminal := a.stdout
	a.stdout, a.paging = &pagerInput{in}, true
	return func() error {
		a.stdout, a.paging = terminal, false
		_ = in.Close() // the pager may have ended before
		return pager.Wait()
	}, nil
}

// pagerInput writes to the pager.
type pagerInput struct{ io.Writer }
