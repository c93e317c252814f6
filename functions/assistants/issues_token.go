package assistants

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"time"

	"github.com/strongroom-dev/strongroom/shared/issue"
)

// cursor is where a page of a list of issues ended. The whole list is as of its
// first page: lest an issue that is seen again in between, or stops being
// ignored, be passed over.
type cursor struct {
	at    time.Time // of the first page, whole microseconds
	read  time.Time // the same by Firestore's clock: what it held then is listed
	phase int       // that goes on
	after time.Time // key of the last issue shown in that phase
	id    issue.ID  // of that issue; empty: the phase begins
}

// maxTokenAge is how long a list may be turned over, and Firestore tells of what
// it held: cloud.google.com/firestore/native/docs/use-pitr.
const maxTokenAge = time.Hour

// maxTokenAhead is how far a token's time may be ahead of this machine's.
const maxTokenAhead = time.Minute

var errToken = errors.New("pageToken is no nextPageToken of a page before with the same filters, or it is more than an hour old; begin anew without it")

// A token is, in base64url without padding: its version (1 byte), a hash of the
// filters (8), at (8), read (8), phase (1), after (8), id (0 or 52); times are
// microseconds since 1970, and numbers big-endian.
const (
	tokenVersion = 2
	tokenHead    = 1 + 8 + 8 + 8 + 1 + 8
	tokenMax     = tokenHead + 52
)

func (c cursor) token(f filter) string {
	text := append([]byte{tokenVersion}, f.hash()...)
	text = binary.BigEndian.AppendUint64(text, uint64(c.at.UnixMicro()))
	text = binary.BigEndian.AppendUint64(text, uint64(c.read.UnixMicro()))
	text = append(text, byte(c.phase))
	text = binary.BigEndian.AppendUint64(text, uint64(c.after.UnixMicro()))
	return base64.RawURLEncoding.EncodeToString(append(text, c.id...))
}

// parseCursor reads a token; an empty one begins a list at the time now, and
// leaves the time of Firestore to be asked.
func parseCursor(token string, f filter, now time.Time) (cursor, error) {
	if token == "" {
		return cursor{at: now.UTC().Truncate(time.Microsecond)}, nil
	}
	text, err := base64.RawURLEncoding.Strict().DecodeString(token)
	if err != nil || (len(text) != tokenHead && len(text) != tokenMax) {
		return cursor{}, errToken
	}
	if text[0] != tokenVersion || string(text[1:9]) != string(f.hash()) {
		return cursor{}, errToken
	}
	c := cursor{
		at: microseconds(text[9:17]), read: microseconds(text[17:25]),
		phase: int(text[25]), after: microseconds(text[26:34]), id: issue.ID(text[34:]),
	}
	if !c.valid(f, now) {
		return cursor{}, errToken
	}
	return c, nil
}

func (c cursor) valid(f filter, now time.Time) bool {
	for _, t := range []time.Time{c.at, c.read} {
		if t.Before(now.Add(-maxTokenAge)) || t.After(now.Add(maxTokenAhead)) {
			return false
		}
	}
	if c.phase >= len(f.phases()) {
		return false
	}
	if c.id == "" {
		return true
	}
	_, ok := issue.ParseID(string(c.id))
	return ok && c.after.Year() >= 1 && c.after.Year() <= 9999 // what Firestore keeps
}

func microseconds(b []byte) time.Time {
	return time.UnixMicro(int64(binary.BigEndian.Uint64(b))).UTC()
}

// hash tells filters apart.
func (f filter) hash() []byte {
	sum := sha256.Sum256(fmt.Appendf(nil, "%q %d %q %q %q %d %d", f.State, f.Severity, f.SLX, f.Resource, f.Task, f.From.UnixMicro(), f.To.UnixMicro()))
	return sum[:8]
}
