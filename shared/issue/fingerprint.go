package issue

import (
	"cmp"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base32"
	"encoding/binary"
	"hash"

	"github.com/strongroom-dev/strongroom/shared/lazyregexp"
	"github.com/strongroom-dev/strongroom/shared/run"
)

// ID identifies an issue. It is the issue's fingerprint, 52 characters from a-z
// and 2-7, and the ID of its document. The zero ID is not valid.
type ID string

// CheckID identifies a check, which is a task on a resource. It has the same
// form as an ID.
type CheckID string

var idPattern = lazyregexp.New(`^[a-z2-7]{52}$`)

// ParseID reports whether s has the form of an ID.
func ParseID(s string) (ID, bool) { return ID(s), idPattern.MatchString(s) }

// Each kind of hash starts with its own text, so that no two kinds can have the
// same result. A change of these texts changes every ID.
const (
	explicitDomain = "strongroom issue: given by its task"
	derivedDomain  = "strongroom issue: derived from its title"
	checkDomain    = "strongroom check"
)

// Fingerprint returns the issue that s is a sighting of, in a run with this
// start. It is an HMAC-SHA256 under key, the tenant's fingerprint key, of:
//   - the run's task and resource, because an issue belongs to one check
//   - the fingerprint that the task gave, or if it gave none: the SLX, the task,
//     the resource (of the line, otherwise of the run) and the normalized title
func Fingerprint(key []byte, start run.Start, s Sighting) ID {
	mac := hmac.New(sha256.New, key)
	if s.Fingerprint != "" {
		hashTexts(mac, explicitDomain, start.Task, start.Resource, s.Fingerprint)
	} else {
		hashTexts(mac, derivedDomain, start.Task, start.Resource,
			cmp.Or(s.SLX, start.SLX), cmp.Or(s.TaskName, start.Task), cmp.Or(s.Resource, start.Resource), Normalize(s.Title))
	}
	return ID(encodeSum(mac))
}

// NewCheckID returns the ID of the check of a task on a resource.
func NewCheckID(task, resource string) CheckID {
	h := sha256.New()
	hashTexts(h, checkDomain, task, resource)
	return CheckID(encodeSum(h))
}

// hashTexts hashes each text after its length (8 bytes, big-endian), so that no
// two lists of texts hash the same bytes.
func hashTexts(h hash.Hash, texts ...string) {
	var size [8]byte
	for _, text := range texts {
		binary.BigEndian.PutUint64(size[:], uint64(len(text)))
		h.Write(size[:])
		h.Write([]byte(text))
	}
}

var lowercaseBase32 = base32.NewEncoding("abcdefghijklmnopqrstuvwxyz234567").WithPadding(base32.NoPadding)

func encodeSum(h hash.Hash) string { return lowercaseBase32.EncodeToString(h.Sum(nil)) }
