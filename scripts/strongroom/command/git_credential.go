package command

import (
	"bufio"
	"fmt"
	"io"
	"net/url"
	"os"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/term"
)

func gitCredentialCommand(a *app) *cobra.Command {
	return &cobra.Command{
		Use: "git-credential OPERATION", Short: "Give git the token for the platform (git calls it)",
		Long: `Give git the token for the repositories of configurations. git calls it as a credential helper
(git-scm.com/docs/gitcredentials); people have no reason to. It answers only for the platform's own
URL, and never on a terminal. git asks for each command, so the token may rotate.`,
		Example: `  git config --global credential.https://strongroom.example.com.helper '!strongroom git-credential'
  git clone https://strongroom.example.com/v1/workspaces/prod/config.git`,
		Args: exactArgs("OPERATION"),
		RunE: func(_ *cobra.Command, args []string) error {
			if args[0] != "get" { // git also says which credentials work; there is nothing to store
				return nil
			}
			return a.giveCredential()
		},
	}
}

// maxCredentialRequest limits what git asks.
const maxCredentialRequest = 64 << 10

// giveCredential prints the token if git asks for the platform.
func (a *app) giveCredential() error {
	if file, ok := a.stdout.(*os.File); ok && term.IsTerminal(int(file.Fd())) {
		return usageError("this would show the token on the terminal; let git call it as a credential helper")
	}
	asked := readAttributes(io.LimitReader(a.stdin, maxCredentialRequest))
	address, err := a.settings.address()
	if err != nil {
		return err
	}
	platform, err := url.Parse(address)
	if err != nil || !sameOrigin(platform, asked["protocol"], asked["host"]) {
		return nil // git asks the next helper
	}
	if _, err := a.settings.publicClient(); err != nil { // it rejects an address that would send the token unencrypted
		return err
	}
	token, err := a.settings.token()
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(a.stdout, "username=token\npassword=%s\n", token.Reveal())
	return err
}

// readAttributes reads lines of the form key=value, up to an empty line.
func readAttributes(r io.Reader) map[string]string {
	attributes := map[string]string{}
	lines := bufio.NewScanner(r)
	for lines.Scan() && lines.Text() != "" {
		if key, value, ok := strings.Cut(lines.Text(), "="); ok {
			attributes[key] = value
		}
	}
	return attributes
}

func sameOrigin(platform *url.URL, protocol, host string) bool {
	asked := &url.URL{Scheme: protocol, Host: host}
	return strings.EqualFold(platform.Scheme, protocol) && strings.EqualFold(platform.Hostname(), asked.Hostname()) && port(platform) == port(asked)
}

// port returns the port of a URL, also if it is the default.
func port(u *url.URL) string {
	if p := u.Port(); p != "" {
		return p
	}
	if strings.EqualFold(u.Scheme, "https") {
		return "443"
	}
	return "80"
}
