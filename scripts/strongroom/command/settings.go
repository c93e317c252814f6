package command

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/strongroom-dev/strongroom/scripts/strongroom/api"
	"github.com/strongroom-dev/strongroom/scripts/strongroom/retry"
	"github.com/strongroom-dev/strongroom/scripts/strongroom/spool"
	"github.com/strongroom-dev/strongroom/shared/secret"
	"github.com/strongroom-dev/strongroom/shared/tenant"
)

// Names of settings in the environment. A token is never an argument, since
// every process of the machine can read those.
const (
	envURL       = "STRONGROOM_URL"
	envWorkspace = "STRONGROOM_WORKSPACE"
	envTokenFile = "STRONGROOM_TOKEN_FILE"
	envToken     = "STRONGROOM_TOKEN"
	envSpool     = "STRONGROOM_SPOOL"
)

const defaultURL = "http://127.0.0.1:8080" // of the embedded cloud

// settings say which platform, which workspace, and who calls. Flags go before
// the environment.
type settings struct {
	env       func(string) string
	url       string
	workspace string
	tokenFile string
	insecure  bool
	quiet     bool
}

func (s *settings) addFlags(root *cobra.Command) {
	flags := root.PersistentFlags()
	flags.StringVar(&s.url, "url", "", "the platform's address ($"+envURL+"; default "+defaultURL+")")
	flags.StringVar(&s.workspace, "workspace", "", "the workspace ($"+envWorkspace+")")
	flags.StringVar(&s.tokenFile, "token-file", "", "file with the token, read anew at each use ($"+envTokenFile+"; or the token itself in $"+envToken+")")
	flags.BoolVar(&s.insecure, "insecure", false, "allow http:// to other machines: tokens and output can then be read on the way")
	flags.BoolVarP(&s.quiet, "quiet", "q", false, "show no progress; run: do not pass the task's output through either")
}

func first(values ...string) string {
	for _, v := range values {
		if v != "" {
			return v
		}
	}
	return ""
}

// address is the platform's.
func (s *settings) address() string { return first(s.url, s.env(envURL), defaultURL) }

// client calls for the workspace of the settings, or for the one given.
func (s *settings) client(workspace string) (*api.Client, error) {
	if workspace == "" {
		id, err := s.workspaceID()
		if err != nil {
			return nil, err
		}
		workspace = string(id)
	}
	return s.newClient(workspace)
}

// publicClient calls for what is of no workspace.
func (s *settings) publicClient() (*api.Client, error) { return s.newClient("") }

func (s *settings) newClient(workspace string) (*api.Client, error) {
	if _, err := s.token(); err != nil {
		return nil, err
	}
	client, err := api.New(api.Config{URL: s.address(), Workspace: workspace, Token: s.token, Insecure: s.insecure})
	if err != nil {
		return nil, &exitError{exitUsage, err}
	}
	return client, nil
}

func (s *settings) workspaceID() (tenant.WorkspaceID, error) {
	name := first(s.workspace, s.env(envWorkspace))
	if name == "" {
		return "", usage("no workspace: give --workspace NAME, or set %s", envWorkspace)
	}
	id, err := tenant.ParseWorkspaceID(name)
	if err != nil {
		return "", usage("--workspace: %w", err)
	}
	return id, nil
}

// token reads the file anew each time: Kubernetes rotates it.
func (s *settings) token() (secret.String, error) {
	value := s.env(envToken)
	if path := first(s.tokenFile, s.env(envTokenFile)); path != "" {
		content, err := os.ReadFile(path)
		if err != nil {
			return secret.String{}, fmt.Errorf("read the token: %w", err)
		}
		value = string(content)
	}
	value = strings.TrimSpace(value)
	if value == "" {
		return secret.String{}, usage("no token: give --token-file FILE, or set %s or %s", envTokenFile, envToken)
	}
	if strings.ContainsFunc(value, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return secret.String{}, errors.New("the token holds characters that no token has")
	}
	return secret.New(value), nil
}

// audience is what the token says it is for, which names the tenant; empty if
// it says nothing that can be read. The platform verifies it, this does not.
func (s *settings) audience() string {
	token, err := s.token()
	if err != nil {
		return ""
	}
	parts := strings.Split(token.Reveal(), ".")
	if len(parts) != 3 {
		return ""
	}
	payload, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		return ""
	}
	var one struct{ Aud string }
	if json.Unmarshal(payload, &one) == nil {
		return one.Aud
	}
	var several struct{ Aud []string }
	if json.Unmarshal(payload, &several) == nil && len(several.Aud) == 1 {
		return several.Aud[0]
	}
	return ""
}

// transfer says how output is spooled and uploaded.
type transfer struct {
	spool    string
	parallel int
	retryFor time.Duration
	backoff  time.Duration
	partSize int64
}

func (t *transfer) addFlags(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringVar(&t.spool, "spool", "", "directory that keeps output until it is stored ($"+envSpool+"; default strongroom/spool in the user's cache directory)")
	flags.IntVar(&t.parallel, "parallel", 4, "uploads at once")
	flags.DurationVar(&t.retryFor, "retry-for", 24*time.Hour, "how long to try again what fails for reasons that may pass")
	flags.DurationVar(&t.backoff, "backoff", 250*time.Millisecond, "first pause before trying again; it doubles up to 30s")
	flags.Int64Var(&t.partSize, "part-size", api.MaxPartBytes, "bytes in a part, at most 8388608")
}

func (t *transfer) check() error {
	switch {
	case t.partSize < 1 || t.partSize > api.MaxPartBytes:
		return usage("--part-size must be 1 to %d", int64(api.MaxPartBytes))
	case t.parallel < 1 || t.parallel > 64:
		return usage("--parallel must be 1 to 64")
	}
	return nil
}

func (t *transfer) policy() retry.Policy {
	return retry.Policy{For: t.retryFor, First: t.backoff}
}

func (t *transfer) open(env func(string) string) (spool.Dir, error) {
	path := first(t.spool, env(envSpool))
	if path == "" {
		cache, err := os.UserCacheDir()
		if err != nil {
			return spool.Dir{}, usage("no place to spool: give --spool DIR, or set %s", envSpool)
		}
		path = filepath.Join(cache, "strongroom", "spool")
	}
	return spool.Open(path)
}
