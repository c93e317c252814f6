package command

import (
	"context"
	"io"

	"github.com/spf13/cobra"

	"github.com/strongroom-dev/strongroom/scripts/strongroom/api"
	"github.com/strongroom-dev/strongroom/scripts/strongroom/view"
	"github.com/strongroom-dev/strongroom/shared/tenant"
)

func holdsCommand(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use: "holds", Short: "List, place and lift legal holds (admins only)",
		Long: `List, place and lift legal holds. A hold keeps the tenant, a workspace or a run from every
deletion until two persons have lifted it.`,
		Example: `  strongroom tenant holds ls
  strongroom tenant holds place case-17 --in prod`,
	}
	cmd.AddCommand(listHoldsCommand(a), placeHoldCommand(a), liftHoldCommand(a))
	return cmd
}

// holdList is what tenant holds ls --json prints.
type holdList struct {
	Holds []api.Hold `json:"holds"`
}

func listHoldsCommand(a *app) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use: "ls", Short: "List the legal holds",
		Example: "  strongroom tenant holds ls",
		Args:    exactArgs(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			show := func(w io.Writer, l holdList) error { return view.Holds(w, l.Holds) }
			return printCall(cmd.Context(), a, asJSON, show, func(ctx context.Context, c *api.Client) (holdList, error) {
				all, err := c.Holds(ctx)
				return holdList{all}, err
			})
		},
	}
	addJSONFlag(cmd, &asJSON, holdList{})
	return cmd
}

func printHold(w io.Writer, h api.Hold) error { return view.Holds(w, []api.Hold{h}) }

func placeHoldCommand(a *app) *cobra.Command {
	var workspace, run string
	var asJSON bool
	cmd := &cobra.Command{
		Use: "place HOLD", Short: "Keep the tenant, a workspace or a run from every deletion",
		Long: `Keep the tenant, a workspace or a run from every deletion. The platform's functions refuse to
delete what the hold covers from now on. Within minutes, each object in the buckets has an object
hold too, so that lifecycle rules and operators cannot delete it: then "strongroom tenant holds ls"
says "marked".

HOLD is an ID that you choose: 1 to 63 lowercase letters, digits and hyphens.`,
		Example: `  strongroom tenant holds place case-17
  strongroom tenant holds place case-18 --in prod --run 0198c2b4-5d1e-7c3a-9f00-2a6b1c4d8e31`,
		Args: exactArgs("HOLD"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if run != "" && workspace == "" {
				return usageError("--run needs --in, the workspace of the run")
			}
			return printCall(cmd.Context(), a, asJSON, printHold, func(ctx context.Context, c *api.Client) (api.Hold, error) {
				return c.PlaceHold(ctx, args[0], workspace, run)
			})
		},
	}
	cmd.Flags().StringVar(&workspace, "in", "", "cover only this `workspace`; default: everything of the tenant")
	cmd.Flags().StringVar(&run, "run", "", "cover only the run with this `ID`; default: the whole workspace")
	addJSONFlag(cmd, &asJSON, api.Hold{})
	return cmd
}

func liftHoldCommand(a *app) *cobra.Command {
	var confirm, tenantID string
	var asJSON bool
	cmd := &cobra.Command{
		Use: "lift HOLD", Short: "Request that a legal hold ends, or confirm a request",
		Long: `Request that a legal hold ends. The hold stays in effect until the request is confirmed with
--confirm: by another admin, or by the platform's staff, who name the tenant. You cannot confirm
your own request, however long you wait.`,
		Example: `  strongroom tenant holds lift case-17
  strongroom tenant holds lift case-17 --confirm 0198c2b4-5d1e-7c3a-9f00-2a6b1c4d8e31                 # another admin
  strongroom tenant holds lift case-17 --tenant acme --confirm 0198c2b4-5d1e-7c3a-9f00-2a6b1c4d8e31   # the platform's staff`,
		Args: exactArgs("HOLD"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if tenantID != "" {
				if _, err := tenant.ParseID(tenantID); err != nil {
					return usageError("--tenant: %w", err)
				}
				if confirm == "" {
					return usageError("--tenant needs --confirm: the platform's staff can only confirm a request")
				}
			}
			return printCall(cmd.Context(), a, asJSON, printHold, func(ctx context.Context, c *api.Client) (api.Hold, error) {
				return c.LiftHold(ctx, tenantID, args[0], confirm)
			})
		},
	}
	cmd.Flags().StringVar(&confirm, "confirm", "", "`ID` of the request that you confirm; default: make a request")
	cmd.Flags().StringVar(&tenantID, "tenant", "", "the tenant whose hold to lift (platform staff only)")
	addJSONFlag(cmd, &asJSON, api.Hold{})
	return cmd
}
