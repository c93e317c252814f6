package command

import (
	"context"
	"fmt"

	"github.com/google/uuid"
	"github.com/spf13/cobra"

	"github.com/strongroom-dev/strongroom/scripts/strongroom/api"
	"github.com/strongroom-dev/strongroom/scripts/strongroom/view"
	"github.com/strongroom-dev/strongroom/shared/auditverify"
	"github.com/strongroom-dev/strongroom/shared/noteverify"
)

func checkEntryID(id string) error {
	if parsed, err := uuid.Parse(id); err != nil || parsed.String() != id {
		return usageError("%q is not a valid entry ID, which is a UUID in lower case; to list entries: strongroom audit ls", id)
	}
	return nil
}

// shownEntry is what audit show --json prints.
type shownEntry struct {
	api.AuditEntry
	Proved     bool   `json:"proved" doc:"the entry is in the log that the checkpoint signs"`
	Checkpoint string `json:"checkpoint,omitempty" doc:"empty: the entry is not in the published log yet"`
}

func showEntryCommand(a *app) *cobra.Command {
	var keys []string
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "show ID",
		Short: "Show an entry of the audit log, and verify the proof that the log has it",
		Long: `Show an entry of the audit log. ID is the receipt that --verbose and --json print, or
a prefix of it that no other entry has.
The command also verifies, on this machine, the proof that the entry is in the log
that the platform has signed, and prints the signed checkpoint. An entry that was
recorded less than a minute ago may not have a proof yet.`,
		Example: "  strongroom audit show 01890a5d-ac96-774b-bcce-b302099a8057",
		Args:    exactArgs("ID"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.showEntry(cmd.Context(), args[0], keys, asJSON)
		},
	}
	cmd.Flags().StringArrayVar(&keys, "key", nil, "verifier key of the log to trust, or a file of them (repeatable; default: the keys that the platform lists)")
	addJSONFlag(cmd, &asJSON, shownEntry{})
	completeArgs(a, cmd, completeEntry)
	return cmd
}

// entryIDs are the IDs of the entries of a log.
func entryIDs(log api.AuditLog) idKind {
	return idKind{
		name: "entry", ls: "strongroom audit ls", part: runIDs.part, check: checkEntryID, public: true,
		find: func(ctx context.Context, c *api.Client, prefix string, limit int) (found []candidate, err error) {
			page, err := c.AuditEntries(ctx, log, api.AuditFilter{IDPrefix: prefix}, limit, "")
			for _, e := range page.Entries {
				id, description := view.EntryLine(e)
				found = append(found, candidate{id, description})
			}
			return found, err
		},
	}
}

// completeEntry completes the IDs of entries.
func completeEntry(ctx context.Context, a *app, args []string, prefix string) ([]candidate, error) {
	log, err := a.settings.auditLog()
	if err != nil {
		return nil, err
	}
	return entryIDs(log).complete(ctx, a, args, prefix)
}

func (a *app) showEntry(ctx context.Context, id string, keyFlags []string, asJSON bool) error {
	if err := entryIDs(api.AuditLog{}).checkPart(id); err != nil {
		return err
	}
	client, log, fetch, err := a.logFetcher()
	if err != nil {
		return err
	}
	if id, err = entryIDs(log).resolve(ctx, client, id); err != nil {
		return err
	}
	entry, err := withRetry(ctx, func(ctx context.Context) (api.AuditEntry, error) { return client.AuditEntry(ctx, log, id) })
	if err != nil {
		return err
	}
	shown := shownEntry{AuditEntry: entry}
	proof, err := withRetry(ctx, func(ctx context.Context) ([]byte, error) { return client.AuditProof(ctx, log, id) })
	switch {
	case api.IsNotIntegrated(err):
		a.notice("the entry is not in the published log yet, so it has no proof; try again in a minute")
	case err != nil:
		return err
	default:
		keys, err := logKeys(ctx, keyFlags, fetch)
		if err != nil {
			return err
		}
		proved, err := auditverify.VerifyProof(proof, entry.Entry, id, keys)
		if err != nil {
			return fmt.Errorf("the proof of entry %s is NOT valid: %w", id, err)
		}
		shown.Index, shown.Proved, shown.Checkpoint = &proved.Index, true, string(proved.Checkpoint)
	}
	if asJSON {
		return a.writeJSON(a.stdout, shown)
	}
	return view.Entry(a.stdout, shown.AuditEntry, shown.Checkpoint)
}

// logKeys returns the keys of the flags, or those that the platform lists.
func logKeys(ctx context.Context, flags []string, fetch func(context.Context, string, int) ([]byte, error)) (keys []noteverify.Key, err error) {
	for _, flag := range flags {
		more, err := readKeys(flag)
		if err != nil {
			return nil, err
		}
		keys = append(keys, more...)
	}
	if len(keys) > 0 {
		return keys, nil
	}
	data, err := fetch(ctx, auditverify.KeysFile, noteverify.MaxFile)
	if err != nil {
		return nil, err
	}
	return noteverify.ParseKeys(data)
}
