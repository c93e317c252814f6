package command

import (
	"context"
	"io"

	"github.com/spf13/cobra"

	"github.com/strongroom-dev/strongroom/scripts/strongroom/api"
	"github.com/strongroom-dev/strongroom/scripts/strongroom/view"
)

func membersCommand(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use: "members", Short: "List, add and remove the users who may read a workspace (admins only)",
		Long: `List, add and remove the users who may read a workspace. A member also needs the role viewer,
which a rule of the tenant's trust gives. All other roles need no membership.`,
		Example: `  strongroom tenant members ls --workspace prod
  strongroom tenant members add --workspace prod https://accounts.google.com 108234`,
	}
	cmd.AddCommand(listMembersCommand(a),
		memberCommand(a, "add", "Let a user read the workspace", "strongroom tenant members add https://accounts.google.com 108234",
			func(ctx context.Context, c *api.Client, issuer, subject string) (api.Member, error) {
				return c.AddMember(ctx, issuer, subject)
			}),
		memberCommand(a, "rm", "End a user's membership of the workspace", "strongroom tenant members rm https://accounts.google.com 108234",
			func(ctx context.Context, c *api.Client, issuer, subject string) (api.Member, error) {
				return c.RemoveMember(ctx, issuer, subject)
			}))
	return cmd
}

// memberList is what tenant members ls --json prints.
type memberList struct {
	Members []api.Member `json:"members"`
	More    bool         `json:"more"` // the limit may have cut off more members
}

func listMembersCommand(a *app) *cobra.Command {
	var o listOptions
	cmd := &cobra.Command{
		Use: "ls", Short: "List the members of the workspace",
		Long:    "List the members of the workspace. OWNER says who can remove each: terraform, or api, which is this program.",
		Example: "  strongroom tenant members ls --workspace prod",
		Args:    exactArgs(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return list[api.Member]{
				pageSize: api.MaxMemberPage, show: view.Members,
				fetch: func(ctx context.Context, c *api.Client, size int, token string) ([]api.Member, string, error) {
					page, err := c.Members(ctx, size, token)
					return page.Members, page.NextPageToken, err
				},
				wrap: func(members []api.Member, more bool) any { return memberList{members, more} },
			}.print(cmd.Context(), a, o)
		},
	}
	o.addFlags(cmd, memberList{})
	return cmd
}

// memberCommand is a command about one member.
func memberCommand(a *app, use, short, example string, do func(ctx context.Context, c *api.Client, issuer, subject string) (api.Member, error)) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use: use + " ISSUER SUBJECT", Short: short,
		Long: short + `. ISSUER and SUBJECT are exactly the iss and the sub of the user's
tokens. It takes effect with the user's next request. Members that Terraform
has added are removed there.`,
		Example: "  " + example,
		Args:    exactArgs("ISSUER", "SUBJECT"),
		RunE: func(cmd *cobra.Command, args []string) error {
			client, err := a.settings.client("")
			if err != nil {
				return err
			}
			m, err := withRetry(cmd.Context(), func(ctx context.Context) (api.Member, error) { return do(ctx, client, args[0], args[1]) })
			if err != nil {
				return err
			}
			if asJSON {
				return a.writeJSON(a.stdout, m)
			}
			return printMember(a.stdout, m)
		},
	}
	addJSONFlag(cmd, &asJSON, api.Member{})
	return cmd
}

func printMember(w io.Writer, m api.Member) error { return view.Members(w, []api.Member{m}) }
