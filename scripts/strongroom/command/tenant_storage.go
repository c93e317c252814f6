package command

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/strongroom-dev/strongroom/scripts/strongroom/api"
	"github.com/strongroom-dev/strongroom/scripts/strongroom/view"
)

func storageCommand(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use: "storage", Short: "Verify the bucket with the tenant's output or exports, or another one before it is used (admins only)",
		Example: "  strongroom tenant storage verify --bucket acme-strongroom-outputs",
	}
	cmd.AddCommand(showStorageCommand(a), verifyStorageCommand(a))
	return cmd
}

func showStorageCommand(a *app) *cobra.Command {
	var component string
	var asJSON bool
	cmd := &cobra.Command{
		Use: "show", Short: "Show the last verification of the storage",
		Example: "  strongroom tenant storage show\n  strongroom tenant storage show --component exports",
		Args:    exactArgs(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return printStorage(cmd.Context(), a, asJSON, func(ctx context.Context, c *api.Client) (api.Storage, error) { return c.Storage(ctx, component) })
		},
	}
	addComponentFlag(cmd, &component)
	addJSONFlag(cmd, &asJSON, api.Storage{})
	return cmd
}

func addComponentFlag(cmd *cobra.Command, component *string) {
	cmd.Flags().StringVar(component, "component", "outputs", "what the bucket is for: outputs or exports")
}

func verifyStorageCommand(a *app) *cobra.Command {
	var component, bucket, key string
	var asJSON bool
	cmd := &cobra.Command{
		Use: "verify", Short: "Try everything that a bucket must allow and refuse",
		Long: `Try everything that a bucket must allow and refuse, before its name is in the tenant's record: it
creates one object with an upload URL, as a runner does, and then tries what an upload URL must not
do. Each check prints what was seen and how to fix it. The object stays in the bucket.

With --component exports, it checks the settings of a bucket for exports and creates nothing: only
an export shows whether the platform may write there.

The notification of the bucket may take minutes. Then the result is "waiting", and
"strongroom tenant storage show" prints it later.

Exits with code 1 if the bucket is not usable.`,
		Example: `  strongroom tenant storage verify
  strongroom tenant storage verify --bucket acme-strongroom-outputs
  strongroom tenant storage verify --component exports --bucket acme-strongroom-exports`,
		Args: exactArgs(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return printStorage(cmd.Context(), a, asJSON, func(ctx context.Context, c *api.Client) (api.Storage, error) {
				return c.VerifyStorage(ctx, component, bucket, key)
			})
		},
	}
	addComponentFlag(cmd, &component)
	cmd.Flags().StringVar(&bucket, "bucket", "", "`name` of the bucket to verify; default: the one of the tenant")
	cmd.Flags().StringVar(&key, "key", "", "`name` of the key that must encrypt it, projects/…/cryptoKeys/…; default: the one of the tenant's record")
	addJSONFlag(cmd, &asJSON, api.Storage{})
	return cmd
}

// printStorage prints a verification, and fails if its bucket is not usable.
func printStorage(ctx context.Context, a *app, asJSON bool, call func(context.Context, *api.Client) (api.Storage, error)) error {
	var s api.Storage
	err := printCall(ctx, a, asJSON, view.Storage, func(ctx context.Context, c *api.Client) (_ api.Storage, err error) {
		s, err = call(ctx, c)
		return s, err
	})
	if err == nil && s.Result == api.StorageUnusable {
		err = fmt.Errorf("the bucket %s is not usable; see the checks that failed", s.Bucket)
	}
	return err
}
