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

// cursor is a position in a list of issues. All pages of a list show the issues as of
// the first page. Otherwise an issue that is seen again between two pages, or is no
// longer ignored, would move and might be skipped.
type cursor struct {
	at    time.Time // time of the first page, in whole microseconds
	read  time.Time // the same by Firestore's clock: the time that all pages read
	phase int       // index of the current phase
	after time.Time // key of the last issue of the phase so far
	id    issue.ID  // of that issue; empty: the phase starts
}

// maxTokenAge is how long a token is valid, because Firestore serves reads of the past
// for an hour: cloud.google.com/firestore/native/docs/use-pitr.
const maxTokenAge = time.Hour

// maxClockSkew is how far the time of a token may be ahead of this machine's clock.
const maxClockSkew = time.Minute

var errPageToken = errors.New("pageToken is not valid for these filters, or is more than an hour old; start again without it")

// A token is base64url without padding of: version (1 byte), hash of the filter (8),
// at (8), read (8), phase (1), after (8), id (0 or 52). Times are microseconds since
// 1970. Numbers are big-endian.
const (
	tokenVersion = 2
	tokenHead    = 1 + 8 + 8 + 8 + 1 + 8
	tokenMax     = tokenHead + 52
)

func (c cursor) token(f issueFilter) string {
	text := append([]byte{tokenVersion}, f.hash()...)
	text = binary.BigEndian.AppendUint64(text, uint64(c.at.UnixMicro()))
	text = binary.BigEndian.AppendUint64(text, uint64(c.read.UnixMicro()))
	text = append(text, byte(c.phase))
	text = binary.BigEndian.AppendUint64(text, uint64(c.after.UnixMicro()))
	return base64.RawURLEncoding.EncodeToString(append(text, c.id...))
}

// parseCursor parses a token. An empty token starts a list at the time now, without a
// read time.
func parseCursor(token string, f issueFilter, now time.Time) (cursor, error) {
	if token == "" {
		return cursor{at: now.UTC().Truncate(time.Microsecond)}, nil
	}
	text, err := base64.RawURLEncoding.Strict().DecodeString(token)
	if err != nil || (len(text) != tokenHead && len(text) != tokenMax) {
		return cursor{}, errPageToken
	}
	if text[0] != tokenVersion || string(text[1:9]) != string(f.hash()) {
		return cursor{}, errPageToken
	}
	c := cursor{
		at: microseconds(text[9:17]), read: microseconds(text[17:25]),
		phase: int(text[25]), after: microseconds(text[26:34]), id: issue.ID(text[34:]),
	}
	if !c.valid(f, now) {
		return cursor{}, errPageToken
	}
	return c, nil
}

func (c cursor) valid(f issueFilter, now time.Time) bool {
	for _, t := range []time.Time{c.at, c.read} {
		if t.Before(now.Add(-maxTokenAge)) || t.After(now.Add(maxClockSkew)) {
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
	return ok && c.after.Year() >= 1 && c.after.Year() <= 9999 // what Firestore can store
}

func microseconds(b []byte) time.Time {
	return time.UnixMicro(int64(binary.BigEndian.Uint64(b))).UTC()
}

// hash identifies a filter.
func (f issueFilter) hash() []byte {
	sum := sha256.Sum256(fmt.Appendf(nil, "%q %d %q %q %q %d %d", f.State, f.Severity, f.SLX, f.Resource, f.Task, f.From.UnixMicro(), f.To.UnixMicro()))
	return sum[:8]
}
