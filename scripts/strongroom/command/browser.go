package command

import (
	"cmp"
	"errors"
	"fmt"
	"os/exec"
	"runtime"
	"strings"
)

// envBrowser is the program that opens an address, by the convention of Unix systems.
const envBrowser = "BROWSER"

// hasBrowser reports whether this machine can show a browser.
func (a *app) hasBrowser() bool {
	if runtime.GOOS == "windows" || runtime.GOOS == "darwin" {
		return true
	}
	return cmp.Or(a.settings.env(envBrowser), a.settings.env("DISPLAY"), a.settings.env("WAYLAND_DISPLAY")) != ""
}

// openBrowser opens an address in the browser.
func (a *app) openBrowser(address string) error {
	if !a.hasBrowser() {
		return errors.New("this machine has no browser")
	}
	argv := []string{"xdg-open"}
	switch {
	case a.settings.env(envBrowser) != "":
		argv = strings.Fields(a.settings.env(envBrowser))
	case runtime.GOOS == "darwin":
		argv = []string{"open"}
	case runtime.GOOS == "windows":
		argv = []string{"rundll32", "url.dll,FileProtocolHandler"}
	}
	cmd := exec.Command(argv[0], append(argv[1:], address)...)
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("open a browser: %w", err)
	}
	go func() { _ = cmd.Wait() }() // the browser may stay open as long as the person likes
	return nil
}

// showInBrowser opens a page of the console, and prints its address.
func (a *app) showInBrowser(address string) error {
	if a.openBrowser(address) != nil || !a.isTerminal() {
		_, err := fmt.Fprintln(a.stdout, address)
		return err
	}
	a.notice("opened %s", address)
	return nil
}
