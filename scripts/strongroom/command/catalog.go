package command

import (
	"context"
	"strings"

	"github.com/spf13/cobra"

	"github.com/strongroom-dev/strongroom/scripts/strongroom/api"
	"github.com/strongroom-dev/strongroom/scripts/strongroom/view"
)

func catalogCommand(a *app) *cobra.Command {
	cmd := &cobra.Command{Use: "catalog", Short: "Import tasks into the public catalog, and search it"}
	a.addSubcommands(cmd, func() []*cobra.Command {
		return []*cobra.Command{
			importCatalogCommand(a), searchCatalogCommand(a),
		}
	})
	return cmd
}

func searchCatalogCommand(a *app) *cobra.Command {
	var limit int
	var asJSON bool
	cmd := &cobra.Command{
		Use:     "search WORDS…",
		Short:   "Search the catalog, the best match first",
		Example: "  strongroom catalog search check dns latency",
		RunE: func(cmd *cobra.Command, words []string) error {
			return a.searchCatalog(cmd.Context(), strings.Join(words, " "), limit, asJSON)
		},
	}
	cmd.Flags().IntVar(&limit, "limit", 20, "maximum number of tasks to list, at most 100")
	addJSONFlag(cmd, &asJSON, api.FoundTasks{})
	return cmd
}

func (a *app) searchCatalog(ctx context.Context, words string, limit int, asJSON bool) error {
	switch {
	case strings.TrimSpace(words) == "":
		return usageError("no words to search for; for example: strongroom catalog search dns latency")
	case limit < 1 || limit > api.MaxFoundTasks:
		return usageError("--limit must be from 1 to %d", api.MaxFoundTasks)
	}
	client, err := a.settings.publicClient()
	if err != nil {
		return err
	}
	found, err := withRetry(ctx, func(ctx context.Context) (api.FoundTasks, error) { return client.SearchTasks(ctx, words, limit) })
	if err != nil {
		return err
	}
	if asJSON {
		return a.writeJSON(a.stdout, found)
	}
	return view.Found(a.stdout, found)
}
