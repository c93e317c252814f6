package command

import (
	"context"
	"fmt"
	"io"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/strongroom-dev/strongroom/scripts/strongroom/view"
	"github.com/strongroom-dev/strongroom/shared/openid"
)

func profilesCommand(a *app) *cobra.Command {
	cmd := &cobra.Command{Use: "profiles", Short: "List, switch and delete profiles, which login creates"}
	a.addSubcommands(cmd, func() []*cobra.Command {
		return []*cobra.Command{
			listProfilesCommand(a), switchProfileCommand(a), deleteProfileCommand(a),
		}
	})
	return cmd
}

// profileList is what profiles ls --json prints.
type profileList struct {
	Profiles []profileLine `json:"profiles"`
}

// profileLine is a profile without its tokens.
type profileLine struct {
	Name      string     `json:"name"`
	Active    bool       `json:"active"`
	URL       string     `json:"url"`
	Tenant    string     `json:"tenant"`
	Workspace string     `json:"workspace,omitempty"`
	Subject   string     `json:"subject,omitempty" doc:"of the token; absent if nobody is signed in"`
	Expires   *time.Time `json:"expires,omitempty" doc:"when the token ends; a sign-in is renewed before that, if the identity provider allows it"`
}

func listProfilesCommand(a *app) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "ls",
		Short: "List profiles",
		Args:  exactArgs(),
		RunE: func(*cobra.Command, []string) error {
			lines, err := a.profileLines()
			if err != nil {
				return err
			}
			if asJSON {
				return a.writeJSON(a.stdout, profileList{lines})
			}
			return showProfiles(a.stdout, lines)
		},
	}
	addJSONFlag(cmd, &asJSON, profileList{})
	return cmd
}

func (a *app) profileLines() ([]profileLine, error) {
	dir := a.settings.profiles()
	active, err := dir.Active()
	if err != nil {
		return nil, err
	}
	names, err := dir.Names()
	if err != nil {
		return nil, err
	}
	lines := []profileLine{}
	for _, name := range names {
		p, err := dir.Read(name)
		if err != nil {
			return nil, err
		}
		line := profileLine{Name: name, Active: name == active, URL: p.URL, Tenant: p.Tenant, Workspace: p.Workspace, Subject: p.Tokens.Subject}
		if claims, err := openid.ParseClaims(p.Tokens.ID); err == nil {
			expires := claims.ExpireTime()
			line.Expires = &expires
		}
		lines = append(lines, line)
	}
	return lines, nil
}

func showProfiles(w io.Writer, lines []profileLine) error {
	table := tabwriter.NewWriter(view.NewEscaper(w), 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "ACTIVE\tNAME\tPLATFORM\tTENANT\tWORKSPACE\tSIGNED IN AS")
	for _, l := range lines {
		mark := ""
		if l.Active {
			mark = "*"
		}
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\t%s\n", mark, l.Name, view.OneLine(l.URL), view.OneLine(l.Tenant), view.OneLine(l.Workspace), view.OneLine(l.Subject))
	}
	return table.Flush()
}

func switchProfileCommand(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:     "switch NAME",
		Short:   "Make a profile the active one",
		Example: "  strongroom profiles switch staging",
		Args:    exactArgs("NAME"),
		RunE: func(_ *cobra.Command, args []string) error {
			if _, err := a.settings.profiles().Read(args[0]); err != nil {
				return &exitError{exitUsage, fmt.Errorf("%w; to list profiles: strongroom profiles ls", err)}
			}
			if err := a.settings.profiles().SetActive(args[0]); err != nil {
				return err
			}
			a.notice("profile %s is active", args[0])
			return nil
		},
	}
	completeArgs(a, cmd, completeProfiles)
	return cmd
}

func deleteProfileCommand(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "rm NAME",
		Short: "Delete a profile with its sign-in",
		Long:  `Delete a profile with its sign-in. To revoke the sign-in at the identity provider too, run "strongroom logout --profile NAME" first.`,
		Args:  exactArgs("NAME"),
		RunE: func(cmd *cobra.Command, args []string) error {
			dir := a.settings.profiles()
			unlock, err := dir.Lock(cmd.Context(), args[0])
			if err != nil {
				return &exitError{exitUsage, err}
			}
			defer unlock()
			if _, err := dir.Read(args[0]); err != nil {
				return &exitError{exitUsage, err}
			}
			return dir.Remove(args[0])
		},
	}
	completeArgs(a, cmd, completeProfiles)
	return cmd
}

// completeProfiles completes the names of profiles.
func completeProfiles(_ context.Context, a *app, _ []string, _ string) (found []candidate, err error) {
	lines, err := a.profileLines()
	for _, l := range lines {
		found = append(found, candidate{l.Name, l.URL})
	}
	return found, err
}
