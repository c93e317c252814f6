package command

import (
	"context"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"github.com/strongroom-dev/strongroom/scripts/strongroom/api"
)

// sendIDs are the IDs of the requests on the tenant's ledger.
var sendIDs = idKind{
	name: "entry", ls: "strongroom models sends", part: runIDs.part, check: checkSendID, find: findSends, public: true,
}

func checkSendID(id string) error {
	if checkEntryID(id) != nil {
		return usageError("%q is not a valid entry ID, which is a UUID in lower case; to list entries: strongroom models sends", id)
	}
	return nil
}

func findSends(ctx context.Context, c *api.Client, prefix string, limit int) ([]candidate, error) {
	return findNewest(prefix, limit, func(token string) (found []candidate, next string, err error) {
		page, err := c.ModelSends(ctx, false, "", api.MaxModelSendPage, token)
		for _, s := range page.Sends {
			found = append(found, candidate{s.Entry, s.Feature + " " + s.Status + " " + s.Time.UTC().Format(time.RFC3339)})
		}
		return found, page.NextPageToken, err
	})
}

func storedRequestCommand(a *app) *cobra.Command {
	return action[api.StoredRequest]{
		use: "request ENTRY", short: "Print the exact request of an entry of the ledger, if it is stored", public: true,
		long: `Print the exact request that was sent to a language model. ENTRY is the ID that
"strongroom models sends" prints, or a prefix of it that no other entry has. The request is printed
only if its SHA-256 is that of the entry in the audit log. To a pipe or file, it is printed byte for
byte. On a terminal, control characters are printed as visible escapes.

A request is stored only if the tenant's record says for how long, under the tenant's key. Requests
with public data are not stored. The read is in the audit log.`,
		example: `  strongroom models request 01890a5d-ac96-774b-bcce-b302099a8057
  strongroom models request 01890a5d | sha256sum
  strongroom models request 01890a5d | jq .`,
		check: sendIDs.checkPart, ids: &sendIDs, show: func(_ io.Writer, r api.StoredRequest) error { return a.printStored(r) },
		do: func(ctx context.Context, c *api.Client, id string) (api.StoredRequest, error) {
			log, err := a.settings.auditLog()
			if err != nil {
				return api.StoredRequest{}, err
			}
			return c.StoredRequest(ctx, log, id)
		},
	}.command(a)
}

// printStored prints a request. On a terminal, a line break ends it.
func (a *app) printStored(r api.StoredRequest) error {
	a.notice("entry %s: the SHA-256 of the request is that of the ledger: %s", r.Entry, r.SHA256)
	out, flush := a.safeOutput()
	if _, err := io.WriteString(out, r.Request); err != nil {
		return fmt.Errorf("write the request: %w", err)
	}
	if a.isTerminal() {
		if _, err := io.WriteString(out, "\n"); err != nil {
			return fmt.Errorf("write the request: %w", err)
		}
	}
	return flush()
}
