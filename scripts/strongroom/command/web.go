package command

import (
	"cmp"
	"context"
	"net/url"
	"strings"

	"github.com/spf13/cobra"
)

// addWeb adds --web to a command whose result is also a page of the console. Page returns
// the page's segments for the arguments, whose IDs are complete.
func addWeb(a *app, cmd *cobra.Command, page func(ctx context.Context, args []string) ([]string, error)) {
	var web bool
	cmd.Flags().BoolVar(&web, "web", false, "open the page of the console, or print its address where there is no browser")
	run := cmd.RunE
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if !web {
			return run(cmd, args)
		}
		segments, err := page(cmd.Context(), args)
		if err != nil {
			return err
		}
		address, err := a.settings.consolePage(segments...)
		if err != nil {
			return err
		}
		return a.showInBrowser(address)
	}
}

// webList adds --web to a list.
func webList(a *app, cmd *cobra.Command, page string) *cobra.Command {
	addWeb(a, cmd, func(context.Context, []string) ([]string, error) { return []string{page}, nil })
	return cmd
}

// consolePage returns the address of a page of the console in the workspace. It has IDs and
// codes only, because browsers keep addresses.
func (s *settings) consolePage(segments ...string) (string, error) {
	workspace, err := s.workspaceID()
	if err != nil && s.hasWorkspace() {
		return "", err
	}
	address, err := s.address()
	if err != nil {
		return "", err
	}
	var path strings.Builder // without a workspace, the console chooses one
	for _, segment := range append([]string{string(workspace)}, segments...) {
		path.WriteString("/" + url.PathEscape(segment))
	}
	return strings.TrimSuffix(address, "/") + "/console#" + path.String(), nil
}

// hasWorkspace reports whether the settings name a workspace.
func (s *settings) hasWorkspace() bool {
	caller, err := s.caller()
	return err == nil && cmp.Or(s.workspace, s.env(envWorkspace), caller.profile.Workspace) != ""
}
