package command

import (
	"context"
	"io/fs"

	"github.com/spf13/cobra"

	"github.com/strongroom-dev/strongroom/scripts/strongroom/api"
	"github.com/strongroom-dev/strongroom/scripts/strongroom/mirror"
)

func auditCommand(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "audit",
		Short: "Read, copy and verify the audit log",
		Long: `Read, copy and verify the audit log, which records who did what. These commands
require a token with the role auditor or admin. With a token of platform staff, they
use the platform's own log.

The log is a Merkle tree in the C2SP formats, so other tools can read and verify it
too. Reading it adds an entry to it, at most one for each reader, kind of read and
hour.`,
		Example: `  strongroom audit ls --action outputs.read --from 7d
  strongroom audit pull ./audit-log
  strongroom audit verify ./audit-log --policy auditor.policy --receipts receipts.txt`,
	}
	a.addSubcommands(cmd, func() []*cobra.Command {
		return []*cobra.Command{
			webList(a, listEntriesCommand(a), "audit"), showEntryCommand(a), tailCommand(a), pullCommand(a), verifyCommand(a),
			witnessCommand(a),
		}
	})
	return cmd
}

// logFetcher returns a function that fetches the files of the token's log.
func (a *app) logFetcher() (*api.Client, api.AuditLog, mirror.Fetch, error) {
	log, err := a.settings.auditLog()
	if err != nil {
		return nil, log, nil, err
	}
	client, err := a.settings.publicClient()
	if err != nil {
		return nil, log, nil, err
	}
	return client, log, func(ctx context.Context, path string, limit int) ([]byte, error) {
		data, err := withRetry(ctx, func(ctx context.Context) ([]byte, error) { return client.LogFile(ctx, log, path, limit) })
		if api.IsNotFound(err) {
			return nil, &notFoundError{err}
		}
		return data, err
	}, nil
}

// notFoundError is an error of the platform that is also fs.ErrNotExist.
type notFoundError struct{ error }

func (e *notFoundError) Is(target error) bool { return target == fs.ErrNotExist }

func (e *notFoundError) Unwrap() error { return e.error }
