package command

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/strongroom-dev/strongroom/scripts/strongroom/api"
	"github.com/strongroom-dev/strongroom/scripts/strongroom/catalogue"
	"github.com/strongroom-dev/strongroom/scripts/strongroom/view"
)

func (a *app) catalogCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "catalog", Short: "Fill and search the public catalogue of tasks"}
	cmd.AddCommand(a.importCatalogCommand(), a.searchCatalogCommand())
	return cmd
}

func (a *app) importCatalogCommand() *cobra.Command {
	var source string
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "import DIR",
		Short: "Put the tasks of Robot Framework files into the catalogue",
		Long: `Puts the tasks of all .robot files below a directory, a checkout of a code
collection, into the public catalogue. It takes a token of platform staff, and no
workspace. It may be repeated: what is there already is not written again. A search
finds it within a minute.`,
		Example: `  strongroom token --as platform > staff.token     # embedded cloud only
  strongroom catalog import ./rw-cli-codecollection --token-file staff.token \
    --source https://github.com/runwhen-contrib/rw-cli-codecollection/blob/main/`,
		Args: exactly("DIR"),
		RunE: func(cmd *cobra.Command, args []string) error {
			ctx, stop := interruptible(cmd.Context())
			defer stop()
			return a.importCatalog(ctx, args[0], source, asJSON)
		},
	}
	cmd.Flags().StringVar(&source, "source", "", "what goes before a file's path within DIR to make its address (default: nothing)")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print what was done as JSON")
	return cmd
}

// catalogSummary is what catalog import --json prints.
type catalogSummary struct {
	Tasks   int      `json:"tasks"`           // put
	Written int      `json:"written"`         // of them, new or other than before
	Notes   []string `json:"notes,omitempty"` // what was passed over or cut
}

func (a *app) importCatalog(ctx context.Context, dir, source string, asJSON bool) error {
	if info, err := os.Stat(dir); err != nil || !info.IsDir() {
		return usage("%s is no directory: give a checkout of a code collection", dir)
	}
	client, err := a.settings.publicClient()
	if err != nil {
		return err
	}
	found := catalogue.Read(dir, source)
	sum := catalogSummary{Notes: found.Notes}
	for _, note := range found.Notes {
		fmt.Fprintln(a.stderr, "strongroom:", note)
	}
	if len(found.Tasks) == 0 {
		return fmt.Errorf("there are no tasks in the .robot files below %s", dir)
	}
	for batch := range catalogue.Batches(found.Tasks) {
		written, err := retried(ctx, func(ctx context.Context) (int, error) { return client.PutTasks(ctx, batch) })
		if err != nil {
			return fmt.Errorf("after %d of %d tasks: %w; repeat it to go on", sum.Tasks, len(found.Tasks), err)
		}
		sum.Tasks, sum.Written = sum.Tasks+len(batch), sum.Written+written
		if !a.settings.quiet {
			fmt.Fprintf(a.stderr, "strongroom: %d of %d tasks\n", sum.Tasks, len(found.Tasks))
		}
	}
	return a.concludeCatalog(sum, found.Failed, asJSON)
}

func (a *app) concludeCatalog(sum catalogSummary, failed, asJSON bool) error {
	var err error
	if asJSON {
		err = writeJSON(a.stdout, sum)
	} else {
		_, err = fmt.Fprintf(a.stdout, "%d tasks, %d of them new or changed\n", sum.Tasks, sum.Written)
	}
	if failed {
		err = errors.Join(err, errors.New("some tasks were passed over: see above"))
	}
	return err
}

func (a *app) searchCatalogCommand() *cobra.Command {
	var size int
	var asJSON bool
	cmd := &cobra.Command{
		Use:     "search WORDS…",
		Short:   "Search the catalogue, the best first",
		Example: "  strongroom catalog search check dns latency",
		RunE: func(cmd *cobra.Command, words []string) error {
			return a.searchCatalog(cmd.Context(), strings.Join(words, " "), size, asJSON)
		},
	}
	cmd.Flags().IntVar(&size, "limit", 20, "show so many at most, 100 or less")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print what was found as JSON")
	return cmd
}

func (a *app) searchCatalog(ctx context.Context, words string, size int, asJSON bool) error {
	switch {
	case strings.TrimSpace(words) == "":
		return usage("no words: give some, as in: strongroom catalog search dns latency")
	case size < 1 || size > api.MaxFoundTasks:
		return usage("--limit is 1 to %d", api.MaxFoundTasks)
	}
	client, err := a.settings.publicClient()
	if err != nil {
		return err
	}
	found, err := retried(ctx, func(ctx context.Context) (api.FoundTasks, error) { return client.SearchTasks(ctx, words, size) })
	if err != nil {
		return err
	}
	if asJSON {
		return writeJSON(a.stdout, found)
	}
	return view.Found(a.stdout, found)
}
