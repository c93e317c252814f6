package command

import (
	"context"
	"io"
	"time"

	"github.com/spf13/cobra"

	"github.com/strongroom-dev/strongroom/scripts/strongroom/api"
	"github.com/strongroom-dev/strongroom/scripts/strongroom/view"
	"github.com/strongroom-dev/strongroom/shared/tenant"
)

func consentsCommand(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "consents",
		Short: "Show, give and withdraw consents to send data to a language model",
		Long: `Show, give and withdraw consents. A feature sends data to a language model only while
an admin of the tenant and the platform's staff have both given their half, for this feature
and this destination.

An admin needs no flag. The platform's staff name the tenant with --tenant.`,
		Example: `  strongroom consents ls
  strongroom consents show explain-issue shared                 # the text, and its version
  strongroom consents give explain-issue shared --text v1-0123456789ab --until 90d
  strongroom consents withdraw explain-issue shared`,
	}
	a.addSubcommands(cmd, func() []*cobra.Command {
		return []*cobra.Command{
			listConsentsCommand(a), showConsentCommand(a), giveConsentCommand(a), withdrawConsentCommand(a),
		}
	})
	return cmd
}

// consentOptions are the flags of the commands for one consent.
type consentOptions struct {
	tenant string
	json   bool
}

func (o *consentOptions) addFlags(cmd *cobra.Command, result any) {
	cmd.Flags().StringVar(&o.tenant, "tenant", "", "the tenant whose consents to use (platform staff only)")
	addJSONFlag(cmd, &o.json, result)
}

// check validates the tenant.
func (o *consentOptions) check() error {
	if o.tenant == "" {
		return nil
	}
	if _, err := tenant.ParseID(o.tenant); err != nil {
		return usageError("--tenant: %w", err)
	}
	return nil
}

// scope returns the consent that the arguments name. A workspace narrows it only if it is
// a flag: the environment names the workspace of other commands.
func (o *consentOptions) scope(a *app, args []string) (api.ConsentScope, error) {
	s := api.ConsentScope{Tenant: o.tenant, Feature: args[0], Destination: args[1]}
	if err := checkOneOf("DESTINATION", s.Destination, "single-tenant", "shared"); err != nil {
		return s, err
	}
	if a.settings.workspace != "" {
		id, err := a.settings.workspaceID()
		if err != nil {
			return s, err
		}
		s.Workspace = string(id)
	}
	return s, o.check()
}

// print makes a call that is safe to retry, and prints its result.
func printCall[T any](ctx context.Context, a *app, asJSON bool, show func(io.Writer, T) error, call func(context.Context, *api.Client) (T, error)) error {
	client, err := a.settings.publicClient()
	if err != nil {
		return err
	}
	result, err := withRetry(ctx, func(ctx context.Context) (T, error) { return call(ctx, client) })
	if err != nil {
		return err
	}
	if asJSON {
		return a.writeJSON(a.stdout, result)
	}
	return show(a.stdout, result)
}

// consentList is what consents ls --json prints.
type consentList struct {
	Consents []api.Consent `json:"consents"`
}

func listConsentsCommand(a *app) *cobra.Command {
	var o consentOptions
	cmd := &cobra.Command{
		Use: "ls", Short: "List consents, with the state of both halves",
		Example: `  strongroom consents ls
  strongroom consents ls --tenant acme                          # as the platform's staff`,
		Args: exactArgs(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := o.check(); err != nil {
				return err
			}
			show := func(w io.Writer, l consentList) error { return view.Consents(w, l.Consents) }
			return printCall(cmd.Context(), a, o.json, show, func(ctx context.Context, c *api.Client) (consentList, error) {
				all, err := c.Consents(ctx, o.tenant)
				return consentList{all}, err
			})
		},
	}
	o.addFlags(cmd, consentList{})
	return cmd
}

// consentCommand returns a command for the consent of a feature at a destination.
func consentCommand(a *app, o *consentOptions, cmd *cobra.Command, do func(context.Context, *api.Client, api.ConsentScope) (api.Consent, error)) *cobra.Command {
	cmd.Args = exactArgs("FEATURE", "DESTINATION")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		scope, err := o.scope(a, args)
		if err != nil {
			return err
		}
		return printCall(cmd.Context(), a, o.json, view.Consent, func(ctx context.Context, c *api.Client) (api.Consent, error) { return do(ctx, c, scope) })
	}
	o.addFlags(cmd, api.Consent{})
	return cmd
}

func showConsentCommand(a *app) *cobra.Command {
	return consentCommand(a, &consentOptions{}, &cobra.Command{
		Use: "show FEATURE DESTINATION", Short: "Show a consent, its history, and the text to agree to",
		Example: "  strongroom consents show explain-issue shared",
	}, func(ctx context.Context, c *api.Client, s api.ConsentScope) (api.Consent, error) {
		return c.Consent(ctx, s)
	})
}

func withdrawConsentCommand(a *app) *cobra.Command {
	return consentCommand(a, &consentOptions{}, &cobra.Command{
		Use: "withdraw FEATURE DESTINATION", Short: "Withdraw your half of a consent: the next request is refused",
		Example: "  strongroom consents withdraw explain-issue shared",
	}, func(ctx context.Context, c *api.Client, s api.ConsentScope) (api.Consent, error) {
		return c.WithdrawConsent(ctx, s)
	})
}

func giveConsentCommand(a *app) *cobra.Command {
	var until, text string
	cmd := consentCommand(a, &consentOptions{}, &cobra.Command{
		Use: "give FEATURE DESTINATION --text VERSION --until TIME|DURATION", Short: "Give your half of a consent, for at most a year",
		Long: `Give your half of a consent: the tenant's as an admin, the platform's as its staff with
--tenant. It has no effect until somebody else has given the other half. --text is the version of
the text that you agree to, as strongroom consents show prints it.`,
		Example: `  strongroom consents give explain-issue shared --text v1-0123456789ab --until 90d
  strongroom consents give explain-issue shared --text v1-0123456789ab --until 2027-03-01T00:00:00Z --workspace prod
  strongroom consents give explain-issue shared --text v1-0123456789ab --until 90d --tenant acme`,
	}, func(ctx context.Context, c *api.Client, s api.ConsentScope) (api.Consent, error) {
		if text == "" {
			return api.Consent{}, usageError("--text is required: the version of the text, as strongroom consents show %s %s prints it", s.Feature, s.Destination)
		}
		expires, err := parseUntil(until, time.Now())
		if err != nil {
			return api.Consent{}, err
		}
		return c.GiveConsent(ctx, s, expires, text)
	})
	cmd.Flags().StringVar(&until, "until", "", "when the half ends, at most a year ahead: RFC 3339, or a duration from now such as 12h or 90d")
	cmd.Flags().StringVar(&text, "text", "", "`version` of the text that you agree to")
	return cmd
}
