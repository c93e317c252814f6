package command

import (
	"cmp"
	"errors"
	"fmt"
	"io"
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
	"github.com/strongroom-dev/strongroom/shared/openid"
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
	envProfile   = "STRONGROOM_PROFILE"
	envConfig    = "STRONGROOM_CONFIG"
	envDebug     = "STRONGROOM_DEBUG"
)

const embeddedURL = "http://127.0.0.1:8080" // default of the embedded cloud

// settings select the platform, the workspace and the caller. A flag overrides the
// profile that --profile names, which overrides the environment, which overrides the
// active profile.
type settings struct {
	env       func(string) string
	clock     *clock.Clock
	url       string
	workspace string
	tokenFile string
	profile   string
	bucket    string
	insecure  bool
	quiet     bool
	verbose   bool
	debug     bool
	noPager   bool
	stderr    io.Writer
	receipts  *receipts
}

func (s *settings) addFlags(root *cobra.Command) {
	flags := root.PersistentFlags()
	flags.StringVar(&s.url, "url", "", "URL of the platform ($"+envURL+"; default "+embeddedURL+", for tokens of the embedded cloud only)")
	flags.StringVar(&s.workspace, "workspace", "", "workspace to use ($"+envWorkspace+")")
	flags.StringVar(&s.tokenFile, "token-file", "", "file with the token, which is read again for each request ($"+envTokenFile+"; or set the token in $"+envToken+")")
	flags.StringVar(&s.profile, "profile", "", "profile to use, which login creates ($"+envProfile+"; default: the active profile, unless the environment has a token)")
	flags.StringVar(&s.bucket, "bucket", "", "tenant's bucket: send output to no other ($"+envBucket+"; default: the bucket that the platform names)")
	flags.BoolVar(&s.insecure, "insecure", false, "allow http:// to other machines, which sends tokens and output unencrypted")
	flags.BoolVarP(&s.verbose, "verbose", "v", false, "print the audit entry that records each request")
	flags.BoolVar(&s.debug, "debug", false, "print each request to stderr: method, path, status, duration and trace, and no token, query, body or signed URL ($"+envDebug+"=1)")
	flags.BoolVar(&s.noPager, "no-pager", false, "print to the terminal without a pager ($"+envPager+"; default "+defaultPager+", where it is installed; cat for none)")
	flags.BoolVarP(&s.quiet, "quiet", "q", false, "print no progress; the run command also does not print the task's output")
}

// address returns the URL of the platform. There is a default only for tokens
// that the embedded cloud issued: at another machine's address, whoever listens
// there would receive the token. A profile's token is sent to its own platform only.
func (s *settings) address() (string, error) {
	address := cmp.Or(s.url, s.env(envURL))
	caller, err := s.caller()
	switch {
	case err != nil:
		return "", err
	case caller.named && s.url == "":
		return caller.profile.URL, nil
	case caller.name != "" && address != "" && !samePlatform(address, caller.profile.URL):
		return "", usageError("profile %s is signed in at %s, and not at the platform that --url or %s names; use another --profile, or --token-file", caller.name, caller.profile.URL, envURL)
	case caller.name != "":
		return caller.profile.URL, nil
	case address != "":
		return address, nil
	}
	issuer, err := url.Parse(s.claims().Issuer)
	if err == nil && issuer.Scheme == "http" && api.IsLoopback(issuer.Hostname()) {
		return embeddedURL, nil
	}
	return "", usageError("no platform: use --url URL, or set %s", envURL)
}

// samePlatform reports whether two URLs have the same origin.
func samePlatform(one, other string) bool {
	a, err := url.Parse(one)
	b, otherErr := url.Parse(other)
	return err == nil && otherErr == nil && sameOrigin(a, b.Scheme, b.Host)
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
		Bucket: cmp.Or(s.bucket, s.env(envBucket)), Receipt: s.receipts.add, Clock: s.clock, Trace: s.trace(),
	})
	if err != nil {
		return nil, &exitError{exitUsage, err}
	}
	return client, nil
}

// tokenlessClient returns a client that sends no token, for what everybody may read.
func (s *settings) tokenlessClient() (*api.Client, error) {
	address := cmp.Or(s.url, s.env(envURL))
	if address == "" {
		var err error
		if address, err = s.address(); err != nil {
			return nil, err
		}
	}
	client, err := api.New(api.Config{URL: address, Insecure: s.insecure, Trace: s.trace()})
	if err != nil {
		return nil, &exitError{exitUsage, err}
	}
	return client, nil
}

func (s *settings) workspaceID() (tenant.WorkspaceID, error) {
	caller, err := s.caller()
	if err != nil {
		return "", err
	}
	name := cmp.Or(s.workspace, s.env(envWorkspace), caller.profile.Workspace)
	if caller.named {
		name = cmp.Or(s.workspace, caller.profile.Workspace, s.env(envWorkspace))
	}
	if name == "" {
		return "", usageError("no workspace: use --workspace NAME, or set %s", envWorkspace)
	}
	id, err := tenant.ParseWorkspaceID(name)
	if err != nil {
		return "", usageError("--workspace: %w", err)
	}
	return id, nil
}

// token returns the caller's token. It reads a file for each request, because Kubernetes
// rotates it, and renews the token of a profile before it ends.
func (s *settings) token() (secret.String, error) {
	caller, err := s.caller()
	if err != nil {
		return secret.String{}, err
	}
	value := s.env(envToken)
	switch {
	case caller.name != "":
		if value, err = s.profileToken(caller.name); err != nil {
			return secret.String{}, err
		}
	case caller.file != "":
		content, err := os.ReadFile(caller.file)
		if err != nil {
			return secret.String{}, fmt.Errorf("read the token: %w", err)
		}
		value = string(content)
	}
	value = strings.TrimSpace(value)
	if value == "" {
		return secret.String{}, signInError("no token: sign in with strongroom login, use --token-file FILE, or set %s or %s", envTokenFile, envToken)
	}
	if strings.ContainsFunc(value, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return secret.String{}, errors.New("the token has characters that are not valid in a token")
	}
	return secret.New(value), nil
}

// claims returns the token's claims. They are empty if the token is not a
// readable JWT. The platform verifies the token; this function does not.
func (s *settings) claims() openid.Claims {
	token, err := s.token()
	if err != nil {
		return openid.Claims{}
	}
	claims, err := openid.ParseClaims(token.Reveal())
	if err != nil {
		return openid.Claims{}
	}
	return claims
}

// audience returns the token's audience, which names the tenant. It is empty if
// the token has none or several.
func (s *settings) audience() string {
	if audience := s.claims().Audience; len(audience) == 1 {
		return audience[0]
	}
	return ""
}

// auditLog returns the audit log that the token's audience selects: that of a
// tenant, or the platform's own.
func (s *settings) auditLog() (api.AuditLog, error) {
	caller, err := s.caller()
	if err != nil {
		return api.AuditLog{}, err
	}
	if caller.profile.Tenant == staffName {
		return api.AuditLog{}, nil
	}
	if caller.profile.Tenant != "" { // the audience of its token is a client ID
		return api.AuditLog{Tenant: caller.profile.Tenant}, nil
	}
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
