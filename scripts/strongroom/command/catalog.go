package command

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/strongroom-dev/strongroom/scripts/strongroom/api"
	"github.com/strongroom-dev/strongroom/scripts/strongroom/catalogimport"
	"github.com/strongroom-dev/strongroom/scripts/strongroom/view"
)

func (a *app) catalogCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "catalog", Short: "Fill and search the public catalogue of tasks"}
	cmd.AddCommand(a.importCatalogCommand(), a.searchCatalogCommand())
	return cmd
}

func (a *app) importCatalogCommand() *cobra.Command {
	var in catalogImport
	cmd := &cobra.Command{
		Use:   "import DIR",
		Short: "Put the tasks of Robot Framework files into the catalogue",
		Long: `Puts the tasks of all .robot files below a directory, a checkout of a code
collection, into the public catalogue. It takes a token of platform staff, and no
workspace. It may be repeated: what is there already is not written again. A search
finds it within a minute.

With --prune, tasks go away whose source begins as --source says and that DIR no
longer has, once all others are put. Nothing goes if anything was passed over. Do not
import other editions of one source at the same time.`,
		Example: `  strongroom token --as platform > staff.token     # embedded cloud only
  strongroom catalog import ./rw-cli-codecollection --token-file staff.token --prune \
    --source https://github.com/runwhen-contrib/rw-cli-codecollection/blob/main/`,
		Args: exactly("DIR"),
		RunE: func(cmd *cobra.Command, args []string) error {
			ctx, stop := interruptible(cmd.Context())
			defer stop()
			in.dir = args[0]
			return a.importCatalog(ctx, in)
		},
	}
	cmd.Flags().StringVar(&in.source, "source", "", "what goes before a file's path within DIR to make its address (default: nothing)")
	cmd.Flags().BoolVar(&in.prune, "prune", false, "remove the tasks of --source that DIR no longer has")
	cmd.Flags().BoolVar(&in.asJSON, "json", false, "print what was done as JSON")
	return cmd
}

// catalogImport is what is asked of catalog import.
type catalogImport struct {
	dir, source   string
	prune, asJSON bool
}

func (i catalogImport) check() error {
	if info, err := os.Stat(i.dir); err != nil || !info.IsDir() {
		return usage("%s is no directory: give a checkout of a code collection", i.dir)
	}
	if i.prune && (len(i.source) < 2 || !strings.HasSuffix(i.source, "/")) {
		return usage("--prune takes a --source that ends in a slash: tasks whose source begins with it may go")
	}
	return nil
}

// catalogSummary is what catalog import --json prints.
type catalogSummary struct {
	Tasks   int      `json:"tasks"`             // put
	Written int      `json:"written"`           // of them, new or other than before
	Removed *int     `json:"removed,omitempty"` // null: not asked for, or not dared
	Notes   []string `json:"notes,omitempty"`   // what was passed over or cut
}

func (a *app) importCatalog(ctx context.Context, in catalogImport) error {
	if err := in.check(); err != nil {
		return err
	}
	client, err := a.settings.publicClient()
	if err != nil {
		return err
	}
	found := catalogimport.Read(in.dir, in.source)
	sum := catalogSummary{Notes: found.Notes}
	for _, note := range found.Notes {
		fmt.Fprintln(a.stderr, "strongroom:", note)
	}
	if len(found.Tasks) == 0 {
		return fmt.Errorf("there are no tasks in the .robot files below %s", in.dir)
	}
	edition := ""
	if in.prune {
		edition = found.Edition()
	}
	if err := a.putCatalog(ctx, client, found.Tasks, edition, &sum); err != nil {
		return err
	}
	if in.prune && found.Failed {
		fmt.Fprintln(a.stderr, "strongroom: nothing is pruned, as something was passed over")
	} else if in.prune {
		if err := pruneCatalog(ctx, client, in.source, edition, &sum); err != nil {
			return err
		}
	}
	return a.concludeCatalog(sum, found.Failed, in.asJSON)
}

func (a *app) putCatalog(ctx context.Context, client *api.Client, tasks []api.Task, edition string, sum *catalogSummary) error {
	for batch := range catalogimport.Batches(tasks) {
		written, err := retried(ctx, func(ctx context.Context) (int, error) { return client.PutTasks(ctx, batch, edition) })
		if err != nil {
			return fmt.Errorf("after %d of %d tasks: %w; repeat it to go on", sum.Tasks, len(tasks), err)
		}
		sum.Tasks, sum.Written = sum.Tasks+len(batch), sum.Written+written
		if !a.settings.quiet {
			fmt.Fprintf(a.stderr, "strongroom: %d of %d tasks\n", sum.Tasks, len(tasks))
		}
	}
	return nil
}

func pruneCatalog(ctx context.Context, client *api.Client, source, edition string, sum *catalogSummary) error {
	sum.Removed = new(int)
	for token := ""; ; {
		pruned, err := retried(ctx, func(ctx context.Context) (api.Pruned, error) { return client.PruneTasks(ctx, source, edition, token) })
		if err != nil {
			return fmt.Errorf("after %d tasks were removed: %w; repeat it to go on", *sum.Removed, err)
		}
		*sum.Removed += pruned.Removed
		if token = pruned.NextPageToken; token == "" {
			return nil
		}
	}
}

func (a *app) concludeCatalog(sum catalogSummary, failed, asJSON bool) error {
	var err error
	if asJSON {
		err = writeJSON(a.stdout, sum)
	} else {
		_, err = fmt.Fprintf(a.stdout, "%d tasks, %d of them new or changed%s\n", sum.Tasks, sum.Written, removed(sum.Removed))
	}
	if failed {
		err = errors.Join(err, errors.New("some tasks were passed over: see above"))
	}
	return err
}

func removed(n *int) string {
	if n == nil {
		return ""
	}
	return fmt.Sprintf(", %d removed", *n)
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
