package manifest

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	formats "github.com/transparency-dev/formats/log"
	"github.com/transparency-dev/formats/proof"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// verifyLog verifies that the entry of this export is in the audit log of a
// checkpoint that one of the verifiers has signed.
func (m Manifest) verifyLog(verifiers note.Verifiers) error {
	var p proof.TLogProof
	if err := p.Unmarshal([]byte(m.Log.Proof)); err != nil {
		return fmt.Errorf("the manifest's proof cannot be read: %w", err)
	}
	n, err := note.Open(p.Checkpoint, verifiers)
	if err != nil {
		return fmt.Errorf("the signature of the audit log's checkpoint is not valid for the given keys: %w", err)
	}
	var c formats.Checkpoint
	if _, err := c.Unmarshal([]byte(n.Text)); err != nil {
		return fmt.Errorf("the audit log's checkpoint cannot be read: %w", err)
	}
	if c.Size != uint64(m.Log.Size) || len(c.Hash) != tlog.HashSize || p.Index >= c.Size {
		return errors.New("the audit log's checkpoint has another size than the manifest says")
	}
	hashes := make(tlog.RecordProof, len(p.Hashes))
	for i, h := range p.Hashes {
		hashes[i] = h
	}
	if err := tlog.CheckRecord(hashes, int64(c.Size), tlog.Hash(c.Hash), int64(p.Index), tlog.RecordHash([]byte(m.Log.Entry))); err != nil {
		return errors.New("the request of this export is not in the audit log of the checkpoint")
	}
	return m.checkEntry(c.Origin)
}

// checkEntry verifies that the entry records the request of this export, in the log
// of its tenant.
func (m Manifest) checkEntry(origin string) error {
	var entry struct{ Tenant, Action, Resource string }
	if err := json.Unmarshal([]byte(m.Log.Entry), &entry); err != nil {
		return fmt.Errorf("the audit entry of the request cannot be read: %w", err)
	}
	if entry.Tenant != m.Tenant || entry.Resource != "exports/"+m.Export || !strings.HasPrefix(entry.Action, "exports.") {
		return errors.New("the audit entry is not that of a request of this export")
	}
	if !strings.HasSuffix(origin, "/v1/tenants/"+m.Tenant+"/audit/log") {
		return errors.New("the checkpoint is that of another tenant's audit log")
	}
	return nil
}
