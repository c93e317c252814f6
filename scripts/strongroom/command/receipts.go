package command

import (
	"bytes"
	"fmt"
	"slices"
	"sync"

	"github.com/strongroom-dev/strongroom/scripts/strongroom/api"
)

// maxReceipts is how many receipts one invocation keeps. A run of a week that
// calls every minute has 10,080.
const maxReceipts = 100_000

// receipts collects the IDs of the audit entries that record this program's
// requests. It is safe for concurrent use.
type receipts struct {
	print func(api.Receipt) // called for each receipt

	mu      sync.Mutex
	entries []string
	omitted int // receipts over maxReceipts
}

func (r *receipts) add(receipt api.Receipt) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.print(receipt)
	switch {
	case len(r.entries) > 0 && slices.Contains(r.entries[max(0, len(r.entries)-8):], receipt.Entry): // a retry
	case len(r.entries) >= maxReceipts:
		r.omitted++
	default:
		r.entries = append(r.entries, receipt.Entry)
	}
}

// printReceipt prints a receipt if --verbose is set.
func (a *app) printReceipt(r api.Receipt) {
	if a.settings.verbose {
		fmt.Fprintf(a.stderr, "strongroom: audit entry %s records: %s\n", r.Entry, r.What)
	}
}

// addTo encodes a result as JSON. To an object, it adds "auditEntries": the IDs of
// the audit entries that record what the command did since the last result. For more
// than maxReceipts, "auditEntriesOmitted" is how many are not listed.
func (r *receipts) addTo(result any) ([]byte, error) {
	data, err := api.Encode(result)
	if err != nil {
		return nil, err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if !bytes.HasPrefix(data, []byte("{")) || len(r.entries) == 0 {
		return data, nil
	}
	members, err := api.Encode(struct {
		Entries []string `json:"auditEntries"`
		Omitted int      `json:"auditEntriesOmitted,omitempty"`
	}{r.entries, r.omitted})
	if err != nil {
		return nil, err
	}
	r.entries, r.omitted = nil, 0
	if data = bytes.TrimSuffix(data, []byte("}")); len(data) > 1 {
		data = append(data, ',')
	}
	return append(data, members[1:]...), nil
}
