package command

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/strongroom-dev/strongroom/scripts/strongroom/api"
	"github.com/strongroom-dev/strongroom/scripts/strongroom/view"
	"github.com/strongroom-dev/strongroom/shared/certificate"
	"github.com/strongroom-dev/strongroom/shared/tenant"
)

// offboardingCommand completes a command that prints an offboarding.
func offboardingCommand(a *app, cmd *cobra.Command, do func(context.Context, *api.Client, []string) (api.Offboarding, error)) *cobra.Command {
	var asJSON bool
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		return printCall(cmd.Context(), a, asJSON, view.Offboarding, func(ctx context.Context, c *api.Client) (api.Offboarding, error) { return do(ctx, c, args) })
	}
	addJSONFlag(cmd, &asJSON, api.Offboarding{})
	return cmd
}

func leaveCommand(a *app) *cobra.Command {
	return offboardingCommand(a, &cobra.Command{
		Use: "leave TENANT", Short: "Ask that everything of the tenant is erased", Args: exactArgs("TENANT"),
		Long: `Ask for the offboarding of the tenant. Nothing happens until the platform's staff starts it with
the ID of your request. After that, the tenant can read and export everything, and write nothing.
30 days later the key is destroyed, unless there is a legal hold. "strongroom tenant stay" stops
it until then.`,
		Example: "  strongroom tenant leave acme",
	}, func(ctx context.Context, c *api.Client, args []string) (api.Offboarding, error) {
		return c.Leave(ctx, args[0])
	})
}

func stayCommand(a *app) *cobra.Command {
	return offboardingCommand(a, &cobra.Command{
		Use: "stay", Short: "Stop the offboarding, or take the request back", Args: exactArgs(),
		Long: `Stop the offboarding, or take the request back. It can be stopped until a version of the key is
destroyed. If the destruction of the key was scheduled, run "strongroom tenant key enable" next.`,
		Example: "  strongroom tenant stay",
	}, func(ctx context.Context, c *api.Client, _ []string) (api.Offboarding, error) {
		return c.StopOffboarding(ctx, "")
	})
}

func offboardCommand(a *app) *cobra.Command {
	var id string
	cmd := offboardingCommand(a, &cobra.Command{
		Use: "offboard TENANT", Short: "Start the offboarding that an admin has asked for", Args: exactArgs("TENANT"),
		Example: "  strongroom tenants offboard acme --request 0198c2b4-5d1e-7c3a-9f00-2a6b1c4d8e31",
	}, func(ctx context.Context, c *api.Client, args []string) (api.Offboarding, error) {
		if id == "" {
			return api.Offboarding{}, usageError("--request is required: the admin's \"strongroom tenant leave\" prints it")
		}
		return c.Offboard(ctx, args[0], id)
	})
	cmd.Flags().StringVar(&id, "request", "", "`ID` of the request of the tenant's admin")
	return cmd
}

func showOffboardingCommand(a *app) *cobra.Command {
	return offboardingCommand(a, &cobra.Command{
		Use: "offboarding TENANT", Short: "Show how far the offboarding of a tenant is, and why it waits", Args: exactArgs("TENANT"),
		Example: "  strongroom tenants offboarding acme",
	}, func(ctx context.Context, c *api.Client, args []string) (api.Offboarding, error) {
		return c.Offboarding(ctx, args[0])
	})
}

func stopOffboardingCommand(a *app) *cobra.Command {
	return offboardingCommand(a, &cobra.Command{
		Use: "stop TENANT", Short: "Stop the offboarding of a tenant, until its key is destroyed", Args: exactArgs("TENANT"),
		Example: "  strongroom tenants stop acme",
	}, func(ctx context.Context, c *api.Client, args []string) (api.Offboarding, error) {
		return c.StopOffboarding(ctx, args[0])
	})
}

// certificateCommand prints the note as it is, so that it can be redirected to a file.
func certificateCommand(a *app, cmd *cobra.Command, tenantOf func(args []string) string) *cobra.Command {
	var asJSON bool
	cmd.Long = `Print the newest certificate of the offboarding: a signed note. Its verifier keys are in the output
of --json. Keep them apart from the certificate.`
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		show := func(w io.Writer, c api.Certificate) error {
			_, err := io.WriteString(w, c.Note)
			return err
		}
		return printCall(cmd.Context(), a, asJSON, show, func(ctx context.Context, c *api.Client) (api.Certificate, error) {
			return c.Certificate(ctx, tenantOf(args))
		})
	}
	addJSONFlag(cmd, &asJSON, api.Certificate{})
	return cmd
}

func ownCertificateCommand(a *app) *cobra.Command {
	return certificateCommand(a, &cobra.Command{
		Use: "certificate", Short: "Print the newest certificate of the offboarding", Args: exactArgs(),
		Example: "  strongroom tenant certificate > acme.certificate",
	}, func([]string) string { return "" })
}

func staffCertificateCommand(a *app) *cobra.Command {
	return certificateCommand(a, &cobra.Command{
		Use: "certificate TENANT", Short: "Print the newest certificate of a tenant's offboarding", Args: exactArgs("TENANT"),
		Example: "  strongroom tenants certificate acme > acme.certificate",
	}, func(args []string) string { return args[0] })
}

func verifyCertificateCommand(a *app) *cobra.Command {
	var keys []string
	var fetch, asJSON bool
	cmd := &cobra.Command{
		Use: "verify-certificate FILE", Short: "Verify the certificate of an offboarding", Args: exactArgs("FILE"),
		Long: `Verify the certificate of an offboarding, and print what it says. The command fails if no key has
signed the certificate, if anything in it was changed, or if a final certificate says that something
is left.

With --key, nothing is sent. With --fetch-keys, the keys are read from the platform of --url, which
publishes them for everybody: no sign-in is needed, also when the tenant is gone.

A key proves something only if you did not receive it together with the certificate. Who fetches the
keys trusts the platform, so compare them with those that you copied with the interim certificate.`,
		Example: `  strongroom tenant verify-certificate acme.certificate --key api.example.com/v1/tenants/acme/certificates+1c2d3e4f+Ae…
  strongroom tenant verify-certificate acme.certificate --fetch-keys --url https://api.example.com`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if (len(keys) == 0) != fetch {
				return usageError("one of --key and --fetch-keys is required: the verifier key of the tenant's certificates, or where to read it")
			}
			signed, err := os.ReadFile(args[0])
			if err != nil {
				return err
			}
			if fetch {
				if keys, err = a.fetchCertificateKeys(cmd.Context(), signed); err != nil {
					return err
				}
			}
			c, err := certificate.Verify(signed, keys...)
			if err != nil {
				return err
			}
			if asJSON {
				return a.writeJSON(a.stdout, c)
			}
			return view.Certificate(a.stdout, c)
		},
	}
	cmd.Flags().StringArrayVar(&keys, "key", nil, "verifier `key` of the tenant's certificates (repeatable)")
	cmd.Flags().BoolVar(&fetch, "fetch-keys", false, "read the verifier keys from the platform, without a token")
	addJSONFlag(cmd, &asJSON, certificate.Certificate{})
	return cmd
}

// fetchCertificateKeys reads the verifier keys of the tenant that a certificate names. It prints
// them, so that they can be compared with those from before.
func (a *app) fetchCertificateKeys(ctx context.Context, signed []byte) ([]string, error) {
	origin, _, _ := strings.Cut(string(signed), "\n")
	_, path, _ := strings.Cut(origin, "/v1/tenants/")
	name, ok := strings.CutSuffix(path, "/certificates")
	id, err := tenant.ParseID(name)
	if !ok || err != nil {
		return nil, errors.New("the first line of the file is not the name of the certificates of a tenant")
	}
	client, err := a.settings.tokenlessClient()
	if err != nil {
		return nil, err
	}
	keys, err := client.CertificateKeys(ctx, string(id))
	if err != nil {
		return nil, err
	}
	for _, key := range keys {
		fmt.Fprintln(a.stderr, "key from the platform:", key)
	}
	return keys, nil
}
