package command

import (
	"cmp"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/strongroom-dev/strongroom/scripts/strongroom/api"
	"github.com/strongroom-dev/strongroom/scripts/strongroom/clock"
	"github.com/strongroom-dev/strongroom/scripts/strongroom/credential"
	"github.com/strongroom-dev/strongroom/scripts/strongroom/retry"
	"github.com/strongroom-dev/strongroom/scripts/strongroom/spool"
	"github.com/strongroom-dev/strongroom/shared/grant"
	"github.com/strongroom-dev/strongroom/shared/secret"
	"github.com/strongroom-dev/strongroom/shared/tenant"
)

// Settings in the environment. A token is never an argument, because every
// process on the machine can read arguments.
const (
	envURL       = "STRONGROOM_URL"
	envWorkspace = "STRONGROOM_WORKSPACE"
	envTokenFile = "STRONGROOM_TOKEN_FILE"
	envToken     = credential.Token
	envSpool     = "STRONGROOM_SPOOL"
	envBucket    = "STRONGROOM_BUCKET"
)

const embeddedURL = "http://127.0.0.1:8080" // default of the embedded cloud

// settings select the platform, the workspace and the caller. Flags override the
// environment.
type settings struct {
	env       func(string) string
	clock     *clock.Clock
	url       string
	workspace string
	tokenFile string
	bucket    string
	insecure  bool
	quiet     bool
	verbose   bool
	receipts  *receipts
}

func (s *settings) addFlags(root *cobra.Command) {
	flags := root.PersistentFlags()
	flags.StringVar(&s.url, "url", "", "URL of the platform ($"+envURL+"; default "+embeddedURL+", for tokens of the embedded cloud only)")
	flags.StringVar(&s.workspace, "workspace", "", "workspace to use ($"+envWorkspace+")")
	flags.StringVar(&s.tokenFile, "token-file", "", "file with the token, which is read again for each request ($"+envTokenFile+"; or set the token in $"+envToken+")")
	flags.StringVar(&s.bucket, "bucket", "", "tenant's bucket: send output to no other ($"+envBucket+"; default: the bucket that the platform names)")
	flags.BoolVar(&s.insecure, "insecure", false, "allow http:// to other machines, which sends tokens and output unencrypted")
	flags.BoolVarP(&s.verbose, "verbose", "v", false, "print the audit entry that records each request")
	flags.BoolVarP(&s.quiet, "quiet", "q", false, "print no progress; the run command also does not print the task's output")
}

// address returns the URL of the platform. There is a default only for tokens
// that the embedded cloud issued: at another machine's address, whoever listens
// there would receive the token.
func (s *settings) address() (string, error) {
	if address := cmp.Or(s.url, s.env(envURL)); address != "" {
		return address, nil
	}
	issuer, err := url.Parse(s.claims().Issuer)
	if err == nil && issuer.Scheme == "http" && api.IsLoopback(issuer.Hostname()) {
		return embeddedURL, nil
	}
	return "", usageError("no platform: use --url URL, or set %s", envURL)
}

// client returns a client for workspace. If workspace is empty, it uses the
// workspace of the settings.
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

// publicClient returns a client for calls that belong to no workspace.
func (s *settings) publicClient() (*api.Client, error) { return s.newClient("") }

func (s *settings) newClient(workspace string) (*api.Client, error) {
	if _, err := s.token(); err != nil {
		return nil, err
	}
	address, err := s.address()
	if err != nil {
		return nil, err
	}
	client, err := api.New(api.Config{
		URL: address, Workspace: workspace, Token: s.token, Insecure: s.insecure,
		Bucket: cmp.Or(s.bucket, s.env(envBucket)), Receipt: s.receipts.add, Clock: s.clock,
	})
	if err != nil {
		return nil, &exitError{exitUsage, err}
	}
	return client, nil
}

func (s *settings) workspaceID() (tenant.WorkspaceID, error) {
	name := cmp.Or(s.workspace, s.env(envWorkspace))
	if name == "" {
		return "", usageError("no workspace: use --workspace NAME, or set %s", envWorkspace)
	}
	id, err := tenant.ParseWorkspaceID(name)
	if err != nil {
		return "", usageError("--workspace: %w", err)
	}
	return id, nil
}

// token reads the file for each request, because Kubernetes rotates it.
func (s *settings) token() (secret.String, error) {
	value := s.env(envToken)
	if path := cmp.Or(s.tokenFile, s.env(envTokenFile)); path != "" {
		content, err := os.ReadFile(path)
		if err != nil {
			return secret.String{}, fmt.Errorf("read the token: %w", err)
		}
		value = string(content)
	}
	value = strings.TrimSpace(value)
	if value == "" {
		return secret.String{}, usageError("no token: use --token-file FILE, or set %s or %s", envTokenFile, envToken)
	}
	if strings.ContainsFunc(value, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return secret.String{}, errors.New("the token has characters that are not valid in a token")
	}
	return secret.New(value), nil
}

// claims are what this program reads from a token.
type claims struct {
	Issuer   string `json:"iss"`
	Audience any    `json:"aud"`
}

// claims returns the token's claims. They are empty if the token is not a
// readable JWT. The platform verifies the token; this function does not.
func (s *settings) claims() (c claims) {
	token, err := s.token()
	if err != nil {
		return c
	}
	parts := strings.Split(token.Reveal(), ".")
	if len(parts) != 3 {
		return c
	}
	payload, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil || json.Unmarshal(payload, &c) != nil {
		return claims{}
	}
	return c
}

// audience returns the token's audience, which names the tenant. It is empty if
// the token has none or several.
func (s *settings) audience() string {
	switch audience := s.claims().Audience.(type) {
	case string:
		return audience
	case []any:
		if len(audience) == 1 {
			one, _ := audience[0].(string)
			return one
		}
	}
	return ""
}

// auditLog returns the audit log that the token's audience selects: that of a
// tenant, or the platform's own.
func (s *settings) auditLog() (api.AuditLog, error) {
	audience := s.audience()
	if strings.HasSuffix(audience, "/platform") {
		return api.AuditLog{}, nil
	}
	if _, name, ok := strings.Cut(audience, "/tenants/"); ok {
		if id, err := tenant.ParseID(name); err == nil {
			return api.AuditLog{Tenant: string(id)}, nil
		}
	}
	if _, err := s.token(); err != nil {
		return api.AuditLog{}, err
	}
	return api.AuditLog{}, usageError("the token does not name one tenant in its audience, so it selects no audit log")
}

// transfer is the flags that set how output is spooled and uploaded.
type transfer struct {
	spool    string
	parallel int
	retryFor time.Duration
	backoff  time.Duration
	partSize int64
}

func (t *transfer) addFlags(cmd *cobra.Command) {
	t.addSpoolFlag(cmd)
	flags := cmd.Flags()
	flags.IntVar(&t.parallel, "parallel", 4, "maximum number of concurrent uploads")
	flags.Int64Var(&t.partSize, "part-size", grant.MaxPartBytes, "maximum size of a part in bytes, at most 8388608")
	addRetryFlags(cmd, &t.retryFor, &t.backoff, 24*time.Hour)
}

func (t *transfer) addSpoolFlag(cmd *cobra.Command) {
	cmd.Flags().StringVar(&t.spool, "spool", "", "directory that stores output until it is uploaded, of this user and with mode 0700 ($"+envSpool+"; default strongroom/spool in the user's cache directory)")
}

// addRetryFlags adds the flags of commands that retry for long.
func addRetryFlags(cmd *cobra.Command, retryFor, backoff *time.Duration, defaultFor time.Duration) {
	cmd.Flags().DurationVar(retryFor, "retry-for", defaultFor, "how long to retry after transient failures")
	cmd.Flags().DurationVar(backoff, "backoff", 250*time.Millisecond, "first pause before a retry, which doubles up to 30s")
}

func (t *transfer) check() error {
	switch {
	case t.partSize < 1 || t.partSize > grant.MaxPartBytes:
		return usageError("--part-size must be from 1 to %d", int64(grant.MaxPartBytes))
	case t.parallel < 1 || t.parallel > 64:
		return usageError("--parallel must be from 1 to 64")
	}
	return nil
}

func (t *transfer) policy() retry.Policy {
	return retry.Policy{For: t.retryFor, First: t.backoff}
}

func (t *transfer) open(env func(string) string) (spool.Dir, error) {
	path := cmp.Or(t.spool, env(envSpool))
	if path == "" {
		cache, err := os.UserCacheDir()
		if err != nil {
			return spool.Dir{}, usageError("no spool directory: use --spool DIR, or set %s", envSpool)
		}
		path = filepath.Join(cache, "strongroom", "spool")
	}
	return spool.Open(path)
}
