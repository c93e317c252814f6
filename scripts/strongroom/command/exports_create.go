package command

import (
	"cmp"
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/spf13/cobra"

	"github.com/strongroom-dev/strongroom/scripts/strongroom/api"
	"github.com/strongroom-dev/strongroom/scripts/strongroom/view"
	"github.com/strongroom-dev/strongroom/shared/export"
	"github.com/strongroom-dev/strongroom/shared/tenant"
)

// exportContent is the flags that set what an export contains.
type exportContent struct{ kinds, workspaces []string }

func (e *exportContent) addFlags(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringSliceVar(&e.kinds, "kind", nil, "what to export: audit, configuration, inventory, metadata or outputs (repeatable; default: all)")
	flags.StringSliceVar(&e.workspaces, "workspace", nil, "export only this workspace (repeatable; default: all, also if $"+envWorkspace+" is set). The kind audit has no workspaces")
}

func (e *exportContent) parse() (api.ExportContent, error) {
	for _, w := range e.workspaces {
		if _, err := tenant.ParseWorkspaceID(w); err != nil {
			return api.ExportContent{}, usageError("--workspace: %w", err)
		}
	}
	for _, kind := range e.kinds {
		if err := checkOneOf("--kind", export.Kind(kind), export.Kinds...); err != nil {
			return api.ExportContent{}, err
		}
	}
	content := api.ExportContent{Kinds: e.kinds, Workspaces: e.workspaces}
	if len(content.Kinds) == 0 {
		for _, kind := range export.Kinds {
			content.Kinds = append(content.Kinds, string(kind))
		}
	}
	return content, nil
}

// createExportOptions are the flags of exports create.
type createExportOptions struct {
	exportContent
	id     string
	times  timeRange
	wait   bool
	waited waitOptions
	dir    string
	pulled pullExportOptions
	json   bool
}

func createExportCommand(a *app) *cobra.Command {
	var o createExportOptions
	cmd := &cobra.Command{
		Use:   "create",
		Short: "Create an export",
		Long: `Create an export. It has everything as it was at one time: at --to, or at the next
whole minute. With --from, it has only what was written at or after that time. So the
exports of consecutive times have every change.

With --wait, wait until the export has ended, as "strongroom exports wait" does, with
the same exit codes. With --pull, also copy it to a directory and verify it.

The ID is printed first. If the command is interrupted, run it again with --id and the
same flags: it continues with the same export. Times such as 7d depend on when the
command runs, so use --from and --to with RFC 3339 times together with --id.`,
		Example: `  strongroom exports create --pull ./export
  strongroom exports create --kind metadata --kind inventory --workspace prod --wait
  strongroom exports create --kind audit --from 2026-01-01T00:00:00Z --to 2026-02-01T00:00:00Z`,
		Args: exactArgs(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			ctx, stop := interruptible(cmd.Context())
			defer stop()
			return a.createExport(ctx, o)
		},
	}
	o.addFlags(cmd)
	flags := cmd.Flags()
	flags.StringVar(&o.id, "id", "", "ID of the export, a UUIDv7 (default: a new one)")
	flags.StringVar(&o.times.from, "from", "", "leave out what was last written before this time: RFC 3339, or a duration before now such as 90m, 12h or 7d")
	flags.StringVar(&o.times.to, "to", "", "export as of this time, at most 6 days ago (same formats; default: the next whole minute)")
	flags.BoolVar(&o.wait, "wait", false, "wait until the export has ended")
	flags.StringVar(&o.dir, "pull", "", "wait, and copy the export to this `directory`")
	o.waited.addFlags(cmd)
	o.pulled.addFlags(cmd)
	addJSONFlag(cmd, &o.json, api.Export{})
	return cmd
}

// request checks the flags.
func (o *createExportOptions) request(now time.Time) (id string, r api.ExportRequest, err error) {
	if r.ExportContent, err = o.parse(); err != nil {
		return "", r, err
	}
	if r.From, r.To, err = o.times.parse(now); err != nil {
		return "", r, err
	}
	for _, t := range []struct {
		flag, text string
		at         *time.Time
	}{{"--from", o.times.from, &r.From}, {"--to", o.times.to, &r.To}} {
		whole := t.at.Truncate(export.Precision)
		if _, err := time.Parse(time.RFC3339, t.text); err == nil && !whole.Equal(*t.at) {
			return "", r, usageError("%s %s: exports begin and end at whole minutes; use %s", t.flag, t.text, whole.UTC().Format(time.RFC3339))
		}
		*t.at = whole
	}
	if o.id != "" {
		return o.id, r, checkExportID(o.id)
	}
	created, err := uuid.NewV7()
	return created.String(), r, err
}

func (a *app) createExport(ctx context.Context, o createExportOptions) error {
	id, request, err := o.request(a.settings.clock.Now())
	if err != nil {
		return err
	}
	if err := cmp.Or(o.waited.check(), o.pulled.check()); err != nil {
		return err
	}
	client, err := a.settings.publicClient()
	if err != nil {
		return err
	}
	a.notice("creating the export %s; to repeat this command, add --id %[1]s", id)
	e, err := withRetry(ctx, func(ctx context.Context) (api.Export, error) { return client.CreateExport(ctx, id, request) })
	if err != nil {
		return err
	}
	switch {
	case o.dir != "":
		if _, err := a.waitForExport(ctx, client, id, o.waited); err != nil {
			return err
		}
		return a.pullExport(ctx, id, o.dir, o.pulled, o.json)
	case o.wait:
		return a.waitAndShow(ctx, client, id, o.waited, o.json)
	case o.json:
		return a.writeJSON(a.stdout, e)
	}
	if err := view.Export(a.stdout, e); err != nil {
		return err
	}
	if !e.HasEnded() {
		a.notice("to wait for it: strongroom exports wait %s", id)
	}
	return nil
}

// exportNotDone is the error of an export that ended, or did not end, without all of
// its files.
func exportNotDone(e api.Export) error {
	switch e.State {
	case api.ExportFailed:
		return &exitError{exitExportFailed, fmt.Errorf("the export %s failed: %s", e.ID, view.ExportReason(e))}
	case api.ExportCanceled:
		return &exitError{exitExportCanceled, fmt.Errorf("the export %s was canceled; it is not complete", e.ID)}
	}
	return nil
}
