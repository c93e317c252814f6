package auditverify

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/go-json-experiment/json/jsontext"
)

// Actions that have a counterpart: a read whose end is recorded, and a mint of upload
// URLs, of which the final state of the run's uploads is recorded.
const (
	actionRead    = "outputs.read"
	actionReadEnd = "outputs.read.end"
	actionMint    = "uploads.mint"
	actionFinal   = "uploads.final"
)

const outcomeAllowed = "allowed"

// entryID is the ID of an entry: a UUID.
type entryID [16]byte

// String writes the ID as entries have it.
func (id entryID) String() string {
	var text [36]byte
	hex.Encode(text[0:8], id[0:4])
	hex.Encode(text[9:13], id[4:6])
	hex.Encode(text[14:18], id[6:8])
	hex.Encode(text[19:23], id[8:10])
	hex.Encode(text[24:36], id[10:16])
	text[8], text[13], text[18], text[23] = '-', '-', '-', '-'
	return string(text[:])
}

// parseID reads a UUID in lower case.
func parseID(text []byte) (id entryID, ok bool) {
	if len(text) != 36 || text[8] != '-' || text[13] != '-' || text[18] != '-' || text[23] != '-' || bytes.ContainsAny(text, "ABCDEF") {
		return id, false
	}
	var digits [32]byte
	n := copy(digits[:], text[0:8])
	n += copy(digits[n:], text[9:13])
	n += copy(digits[n:], text[14:18])
	n += copy(digits[n:], text[19:23])
	copy(digits[n:], text[24:36])
	_, err := hex.Decode(id[:], digits[:])
	return id, err == nil
}

// leaf is what verification needs of an entry. The members are as
// shared/auditlog writes them.
type leaf struct {
	id     entryID
	of     entryID // of an entry that ends another one
	read   bool    // a read of an output that was allowed
	ends   bool    // the end of a read
	run    entryID // of a mint or a final state
	mints  bool    // a mint that was allowed
	final  bool    // the final state of a run's uploads
	tenant []byte  // shares the bundle's memory
}

// members are the members of an entry that are checked, as bytes of JSON. Other
// members are allowed: the tree proves them too, and a later version of the
// platform may write more.
type members struct{ id, time, tenant, actor, action, outcome, of, resource []byte }

// Errors of leaves.
var (
	errNotCanonical = errors.New("it is not canonical JSON (RFC 8785)")
	errNotAnEntry   = errors.New("it is not an entry of an audit log")
)

// parseLeaf reads an entry and checks that it is canonical.
func parseLeaf(data []byte) (leaf, error) {
	m, fast := scanMembers(data)
	if !fast {
		var err error
		if m, err = decodeMembers(data); err != nil {
			return leaf{}, err
		}
	}
	return m.leaf()
}

// decodeMembers reads any canonical JSON, which scanMembers does not.
func decodeMembers(data []byte) (members, error) {
	canonical := jsontext.Value(bytes.Clone(data))
	if err := canonical.Canonicalize(); err != nil || !bytes.Equal(canonical, data) {
		return members{}, errNotCanonical
	}
	var all map[string]json.RawMessage
	if err := json.Unmarshal(data, &all); err != nil {
		return members{}, errNotAnEntry
	}
	var m members
	for name, value := range all {
		m.set([]byte(name), value)
	}
	return m, nil
}

// leaf checks the members.
func (m members) leaf() (l leaf, err error) {
	var ok bool
	if l.id, ok = parseID(plainString(m.id)); !ok {
		return l, fmt.Errorf("%w: its id is not a UUID in lower case", errNotAnEntry)
	}
	at := plainString(m.time)
	if _, err := time.Parse(time.RFC3339Nano, string(at)); err != nil || at[len(at)-1] != 'Z' {
		return l, fmt.Errorf("%w: its time is not of RFC 3339 in UTC", errNotAnEntry)
	}
	action, outcome, tenant := plainString(m.action), plainString(m.outcome), plainString(m.tenant)
	if len(action) == 0 || len(outcome) == 0 || tenant == nil || len(m.actor) == 0 || m.actor[0] != '{' {
		return l, fmt.Errorf("%w: it lacks an actor, action, outcome or tenant", errNotAnEntry)
	}
	l.tenant = tenant
	l.read = string(action) == actionRead && string(outcome) == outcomeAllowed
	if l.ends = string(action) == actionReadEnd; l.ends {
		if l.of, ok = parseID(plainString(m.of)); !ok {
			return l, fmt.Errorf("%w: it ends a read, but its of is not the ID of an entry", errNotAnEntry)
		}
	}
	l.setRun(string(action), string(outcome), plainString(m.resource))
	return l, nil
}

// setRun sets the run of a mint or of a final state. An entry whose resource is not
// a run says nothing about one.
func (l *leaf) setRun(action, outcome string, resource []byte) {
	mints, final := action == actionMint && outcome == outcomeAllowed, action == actionFinal
	if !mints && !final {
		return
	}
	if run, ok := parseID(bytes.TrimPrefix(resource, []byte("runs/"))); ok {
		l.run, l.mints, l.final = run, mints, final
	}
}

// plainString returns the content of a JSON string without escapes. It is nil
// for anything else.
func plainString(value []byte) []byte {
	if len(value) < 2 || value[0] != '"' || bytes.IndexByte(value, '\\') >= 0 {
		return nil
	}
	return value[1 : len(value)-1]
}
