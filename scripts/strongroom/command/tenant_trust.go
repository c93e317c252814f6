package command

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/strongroom-dev/strongroom/scripts/strongroom/api"
	"github.com/strongroom-dev/strongroom/scripts/strongroom/view"
	"github.com/strongroom-dev/strongroom/shared/secret"
)

func trustCommand(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use: "trust", Short: "Show, test, add and remove the rules that give tokens a role (changes: admins only)",
		Long: `Show, test, add and remove the rules that give tokens a role. Terraform has the issuers, their keys
and its own rules. This command adds rules to these issuers, for one person or program each. The
rules of Terraform are tried first, and the first rule that matches applies.`,
		Example: `  strongroom tenant trust ls
  strongroom tenant trust test ann.token
  strongroom tenant trust add ann.token --role viewer`,
	}
	cmd.AddCommand(listTrustCommand(a), testTrustCommand(a), addTrustCommand(a), removeTrustCommand(a))
	return cmd
}

func listTrustCommand(a *app) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use: "ls", Short: "List the issuers, their unusable keys, and the rules in their order",
		Long: `List the issuers, their unusable keys, and the rules in the order in which they are tried. OWNER says
who can remove a rule: terraform, or api, which is this program.`,
		Example: "  strongroom tenant trust ls",
		Args:    exactArgs(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return printCall(cmd.Context(), a, asJSON, view.Trust, func(ctx context.Context, c *api.Client) (api.Trust, error) { return c.Trust(ctx) })
		},
	}
	addJSONFlag(cmd, &asJSON, api.Trust{})
	return cmd
}

// trustFlags describe a rule for the token of a file.
type trustFlags struct {
	role, issuer string
	claims       []string
	workspaces   []string
}

func (o *trustFlags) add(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringVar(&o.role, "role", "", "`role` of the rule: runner, viewer, auditor or admin")
	flags.StringVar(&o.issuer, "issuer", "", "`issuer` of the rule (default: the one of the token)")
	flags.StringArrayVar(&o.claims, "claim", nil, "claim that must match, as NAME=VALUE (repeatable; default: the sub of the token, which is always needed)")
	flags.StringSliceVar(&o.workspaces, "write", nil, "`workspace` in which a runner may write (repeatable)")
}

// rule returns the rule. What the flags do not say is that of the token, which the platform verifies.
func (o *trustFlags) rule(token secret.String) (*api.NewTrustRule, error) {
	rule := &api.NewTrustRule{Issuer: o.issuer, Role: o.role, Workspaces: o.workspaces}
	hasSubject := false
	for _, text := range o.claims {
		name, value, ok := strings.Cut(text, "=")
		if !ok || name == "" || value == "" {
			return nil, usageError("--claim must be NAME=VALUE, such as sub=108234")
		}
		hasSubject = hasSubject || name == "sub"
		rule.Claims = append(rule.Claims, api.TrustClaim{Name: name, Value: value})
	}
	if rule.Issuer != "" && hasSubject {
		return rule, nil
	}
	issuer, subject, err := ownerOfToken(token)
	if err != nil {
		return nil, usageError("the issuer and the subject of the token cannot be read; use --issuer and --claim sub=SUBJECT")
	}
	if rule.Issuer == "" {
		rule.Issuer = issuer
	}
	if !hasSubject {
		rule.Claims = append([]api.TrustClaim{{Name: "sub", Value: subject}}, rule.Claims...)
	}
	return rule, nil
}

// ownerOfToken reads the issuer and the subject of a token without verifying it.
func ownerOfToken(token secret.String) (issuer, subject string, err error) {
	parts := strings.Split(token.Reveal(), ".")
	if len(parts) != 3 {
		return "", "", errors.New("not a JSON Web Token")
	}
	payload, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		return "", "", err
	}
	var claims struct {
		Issuer  string `json:"iss"`
		Subject string `json:"sub"`
	}
	if err := json.Unmarshal(payload, &claims); err != nil {
		return "", "", err
	}
	if claims.Issuer == "" || claims.Subject == "" {
		return "", "", errors.New("no issuer or subject")
	}
	return claims.Issuer, claims.Subject, nil
}

// maxTokenFile bounds what is read of a file with a token: the platform accepts 16 KiB.
const maxTokenFile = 16 << 10

// readToken reads the token in a file, or the standard input for "-". Its errors quote nothing of it.
func (a *app) readToken(name string) (secret.String, error) {
	from := io.Reader(nil)
	if name == "-" && a.stdin != nil {
		from = a.stdin
	} else {
		file, err := os.Open(name)
		if err != nil {
			return secret.String{}, usageError("TOKEN-FILE is a file with the token, or - for the standard input, and not the token itself: it cannot be opened")
		}
		defer file.Close()
		from = file
	}
	content, err := io.ReadAll(io.LimitReader(from, maxTokenFile+2))
	if err != nil {
		return secret.String{}, usageError("TOKEN-FILE cannot be read: %w", err)
	}
	content = bytes.TrimSpace(content)
	if len(content) == 0 || len(content) > maxTokenFile {
		return secret.String{}, usageError("TOKEN-FILE has no token, or one of more than 16 KiB")
	}
	return secret.New(string(content)), nil
}

func testTrustCommand(a *app) *cobra.Command {
	var o trustFlags
	var asJSON bool
	cmd := &cobra.Command{
		Use: "test TOKEN-FILE", Short: "Show which rule assigns a role to a token, and why the others do not",
		Long: `Show which rule gives the token in a file its role, and which claims differ from the other rules. With
--role, also try a rule that is not saved. The platform does not store the token. The file - is the
standard input.

Exits with code 1 if the token is not accepted, or if the rule of --role does not give it its role.`,
		Example: `  strongroom tenant trust test ann.token
  strongroom tenant trust test ann.token --role viewer`,
		Args: exactArgs("TOKEN-FILE"),
		RunE: func(cmd *cobra.Command, args []string) error {
			token, rule, err := a.tokenAndRule(args[0], o)
			if err != nil {
				return err
			}
			var result api.TrustTest
			err = printCall(cmd.Context(), a, asJSON, view.TrustTest, func(ctx context.Context, c *api.Client) (_ api.TrustTest, err error) {
				result, err = c.TestTrust(ctx, token, rule)
				return result, err
			})
			switch {
			case err != nil:
				return err
			case !result.Verified:
				return errors.New("the token is not accepted")
			case rule != nil && !result.Candidate:
				return errors.New("the rule does not give the token its role")
			}
			return nil
		},
	}
	o.add(cmd)
	addJSONFlag(cmd, &asJSON, api.TrustTest{})
	return cmd
}

// tokenAndRule reads a token and the rule of the flags; nil: no rule.
func (a *app) tokenAndRule(file string, o trustFlags) (secret.String, *api.NewTrustRule, error) {
	if o.role == "" && (o.issuer != "" || len(o.claims)+len(o.workspaces) > 0) {
		return secret.String{}, nil, usageError("--issuer, --claim and --write describe a rule, which also needs --role")
	}
	token, err := a.readToken(file)
	if err != nil || o.role == "" {
		return token, nil, err
	}
	rule, err := o.rule(token)
	return token, rule, err
}

func addTrustCommand(a *app) *cobra.Command {
	var o trustFlags
	var asJSON bool
	cmd := &cobra.Command{
		Use: "add TOKEN-FILE --role ROLE", Short: "Add a rule for the person or program of a token",
		Long: `Add a rule for the person or program of a token. The platform adds it only if it gives this token its
role, and does not store the token. The file - is the standard input. It is safe to run again.

An admin who is added like this may be a second account of yours. So this admin cannot confirm what
needs two persons: the destruction of the key (for 24 hours), the end of a legal hold, and a push of a
configuration.`,
		Example: `  strongroom tenant trust add ann.token --role viewer
  strongroom tenant trust add ci.token --role runner --write prod --claim environment=prod`,
		Args: exactArgs("TOKEN-FILE"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if o.role == "" {
				return usageError("no role: use --role, for example --role viewer")
			}
			token, rule, err := a.tokenAndRule(args[0], o)
			if err != nil {
				return err
			}
			return printCall(cmd.Context(), a, asJSON, view.TrustRule, func(ctx context.Context, c *api.Client) (api.TrustRule, error) {
				return c.AddTrustRule(ctx, token, *rule)
			})
		},
	}
	o.add(cmd)
	addJSONFlag(cmd, &asJSON, api.TrustRule{})
	return cmd
}

func removeTrustCommand(a *app) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use: "rm RULE", Aliases: []string{"remove"}, Short: "Remove a rule that was added with this command",
		Long: `Remove a rule that was added with this command. RULE is its ID, which "strongroom tenant trust ls"
prints. Whoever has a role by it has none after a minute. Rules of Terraform are removed there.`,
		Example: "  strongroom tenant trust rm 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
		Args:    exactArgs("RULE"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return printCall(cmd.Context(), a, asJSON, view.TrustRule, func(ctx context.Context, c *api.Client) (api.TrustRule, error) {
				return c.RemoveTrustRule(ctx, args[0])
			})
		},
	}
	addJSONFlag(cmd, &asJSON, api.TrustRule{})
	return cmd
}
