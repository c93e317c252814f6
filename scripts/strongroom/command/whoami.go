package command

import (
	"cmp"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/strongroom-dev/strongroom/scripts/strongroom/view"
	"github.com/strongroom-dev/strongroom/shared/openid"
	"github.com/strongroom-dev/strongroom/shared/tenant"
)

// identity is what whoami prints.
type identity struct {
	Source    string     `json:"source" doc:"where the token comes from"`
	Profile   string     `json:"profile,omitempty" doc:"name of the profile that has the token"`
	URL       string     `json:"url" doc:"of the platform"`
	Tenant    string     `json:"tenant,omitempty" doc:"that the token is for; platform for the staff"`
	Workspace string     `json:"workspace,omitempty" doc:"that commands use"`
	Subject   string     `json:"subject,omitempty"`
	Issuer    string     `json:"issuer,omitempty"`
	Expires   *time.Time `json:"expires,omitempty" doc:"when the token ends"`
	Renewed   bool       `json:"renewed" doc:"the token is renewed before it ends"`
}

func whoamiCommand(a *app) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "whoami",
		Short: "Show whose token the commands use, and where it comes from",
		Long: `Show whose token the commands use: its tenant, subject, issuer and end, where it comes
from, and the platform and the workspace that it is used for. The token itself is not
printed.`,
		Args: exactArgs(),
		RunE: func(*cobra.Command, []string) error {
			who, err := a.identity()
			if err != nil {
				return err
			}
			if asJSON {
				return a.writeJSON(a.stdout, who)
			}
			return showIdentity(a.stdout, who)
		},
	}
	addJSONFlag(cmd, &asJSON, identity{})
	return cmd
}

func (a *app) identity() (identity, error) {
	s := &a.settings
	caller, err := s.caller()
	if err != nil {
		return identity{}, err
	}
	token, err := s.token()
	if err != nil {
		return identity{}, err
	}
	who := identity{Profile: caller.name, Tenant: caller.profile.Tenant, Renewed: caller.profile.Tokens.Refresh != ""}
	if who.URL, err = s.address(); err != nil {
		return identity{}, err
	}
	switch {
	case caller.name != "":
		who.Source = "profile " + caller.name
	case caller.file != "":
		who.Source = "file " + caller.file
	default:
		who.Source = "environment variable " + envToken
	}
	who.Workspace = cmp.Or(s.workspace, s.env(envWorkspace), caller.profile.Workspace)
	if workspace, err := s.workspaceID(); err == nil {
		who.Workspace = string(workspace)
	}
	if claims, err := openid.ParseClaims(token.Reveal()); err == nil {
		expires := claims.ExpireTime()
		who.Subject, who.Issuer, who.Expires = claims.Subject, claims.Issuer, &expires
		who.Tenant = cmp.Or(who.Tenant, tenantOf(claims.Audience))
	}
	return who, nil
}

// tenantOf returns the tenant that an audience names, platform for the staff's, or "".
func tenantOf(audience openid.Audience) string {
	if len(audience) != 1 {
		return ""
	}
	if strings.HasSuffix(audience[0], "/"+staffName) {
		return staffName
	}
	_, name, _ := strings.Cut(audience[0], "/tenants/")
	id, err := tenant.ParseID(name)
	if err != nil {
		return ""
	}
	return string(id)
}

func showIdentity(w io.Writer, who identity) error {
	table := tabwriter.NewWriter(view.NewEscaper(w), 0, 0, 2, ' ', 0)
	row := func(name, value string) {
		if value != "" {
			fmt.Fprintf(table, "%s\t%s\n", name, view.OneLine(value))
		}
	}
	row("tenant", who.Tenant)
	row("subject", who.Subject)
	row("issuer", who.Issuer)
	row("platform", who.URL)
	row("workspace", who.Workspace)
	if who.Expires != nil {
		row("token ends", view.FormatTime(*who.Expires)+renewal(who))
	}
	row("token from", who.Source)
	return table.Flush()
}

func renewal(who identity) string {
	switch {
	case time.Now().After(*who.Expires):
		return " (it has ended)"
	case who.Profile != "" && who.Renewed:
		return " (it is renewed before that)"
	}
	return ""
}
