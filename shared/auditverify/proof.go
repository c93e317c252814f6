package auditverify

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/transparency-dev/formats/proof"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/strongroom-dev/strongroom/shared/noteverify"
)

// maxProofHashes is the most hashes of a proof, of a log of 2^62 entries.
const maxProofHashes = 62

// Proved is an entry that is in a log.
type Proved struct {
	Index      uint64
	Checkpoint []byte // signed
}

// VerifyProof verifies a proof (c2sp.org/tlog-proof) that a log whose keys are given
// has an entry. The entry is JSON in any form, and must have the ID.
func VerifyProof(text []byte, entry json.RawMessage, id string, keys []noteverify.Key) (Proved, error) {
	var p proof.TLogProof
	if err := p.Unmarshal(text); err != nil {
		return Proved{}, err
	}
	if len(p.Hashes) > maxProofHashes || !bytes.Equal(p.Marshal(), text) {
		return Proved{}, errors.New("the proof does not have the form of c2sp.org/tlog-proof")
	}
	c, err := OpenCheckpoint(p.Checkpoint, keys)
	if err != nil {
		return Proved{}, err
	}
	data := jsontext.Value(bytes.Clone(entry))
	if err := data.Canonicalize(); err != nil {
		return Proved{}, fmt.Errorf("the entry is not JSON: %w", err)
	}
	l, err := parseLeaf(data)
	switch {
	case err != nil:
		return Proved{}, err
	case l.id.String() != id:
		return Proved{}, fmt.Errorf("the entry has the ID %s, not %s", l.id, id)
	case p.Index >= c.Size:
		return Proved{}, fmt.Errorf("the index %d is not in the log of %d entries", p.Index, c.Size)
	}
	hashes := make(tlog.RecordProof, len(p.Hashes))
	for i, hash := range p.Hashes {
		hashes[i] = hash
	}
	if err := tlog.CheckRecord(hashes, int64(c.Size), c.Root, int64(p.Index), tlog.RecordHash(data)); err != nil {
		return Proved{}, fmt.Errorf("entry %d of the checkpoint is another one: %w", p.Index, err)
	}
	return Proved{Index: p.Index, Checkpoint: p.Checkpoint}, nil
}
