package issue

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base32"
	"encoding/binary"
	"hash"
	"regexp"

	"github.com/strongroom-dev/strongroom/shared/run"
)

// ID names an issue: its fingerprint, 52 of a-z and 2-7. It is also the name of
// its document. The zero ID names none.
type ID string

// CheckID names a check, which is a task on a resource, in the same form.
type CheckID string

var form = regexp.MustCompile(`^[a-z2-7]{52}$`)

// ParseID accepts what Fingerprint makes.
func ParseID(s string) (ID, bool) { return ID(s), form.MatchString(s) }

// What is hashed, so that one kind never gives another's result.
const (
	givenDomain   = "strongroom issue: given by its task"
	derivedDomain = "strongroom issue: derived from its title"
	checkDomain   = "strongroom check"
)

// Fingerprint says which issue s is a sighting of, in a run that began as
// start: HMAC-SHA256 under key, the tenant's fingerprint key. An issue belongs
// to one check, so the run's task and resource always count. Beside them counts
// what the task gave as fingerprint; if it gave none, then SLX, task, resource
// (the line's own, else the run's) and the normalised title.
func Fingerprint(key []byte, start run.Start, s Sighting) ID {
	mac := hmac.New(sha256.New, key)
	if s.Fingerprint != "" {
		write(mac, givenDomain, start.Task, start.Resource, s.Fingerprint)
	} else {
		write(mac, derivedDomain, start.Task, start.Resource,
			or(s.SLX, start.SLX), or(s.TaskName, start.Task), or(s.Resource, start.Resource), Normalise(s.Title))
	}
	return ID(name(mac))
}

// NewCheckID names the check of a task on a resource.
func NewCheckID(task, resource string) CheckID {
	h := sha256.New()
	write(h, checkDomain, task, resource)
	return CheckID(name(h))
}

func or(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

// write hashes texts so that no two lists of texts give the same bytes: each
// after its length, 8 bytes big-endian.
func write(h hash.Hash, texts ...string) {
	var size [8]byte
	for _, text := range texts {
		binary.BigEndian.PutUint64(size[:], uint64(len(text)))
		h.Write(size[:])
		h.Write([]byte(text))
	}
}

var lower = base32.NewEncoding("abcdefghijklmnopqrstuvwxyz234567").WithPadding(base32.NoPadding)

func name(h hash.Hash) string { return lower.EncodeToString(h.Sum(nil)) }
