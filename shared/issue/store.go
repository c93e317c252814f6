package issue

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"time"

	"cloud.google.com/go/firestore"

	"github.com/strongroom-dev/strongroom/shared/keys"
	"github.com/strongroom-dev/strongroom/shared/run"
	"github.com/strongroom-dev/strongroom/shared/tenant"
)

// The names of the collections, also as groups.
const (
	Collection          = "issues"
	ChecksCollection    = "checks"
	SightingsCollection = "sightings" // below a run
)

// Ref is where an issue rests.
func Ref(db *firestore.Client, t tenant.ID, w tenant.WorkspaceID, id ID) *firestore.DocumentRef {
	return run.Workspace(db, t, w).Collection(Collection).Doc(string(id))
}

// CheckRef is where a check rests.
func CheckRef(db *firestore.Client, t tenant.ID, w tenant.WorkspaceID, id CheckID) *firestore.DocumentRef {
	return run.Workspace(db, t, w).Collection(ChecksCollection).Doc(string(id))
}

// SightingRef is where a run's sighting rests; numbers count from 1.
func SightingRef(run *firestore.DocumentRef, number int) *firestore.DocumentRef {
	return run.Collection(SightingsCollection).Doc(fmt.Sprintf("%05d", number))
}

// Concerned finds the issues of a check, beside those they saw, that runs which
// looked may change, the oldest started at oldest and the newest at newest:
// those that had been seen by then, and stand or were resolved later. What was
// first seen after a late run is none of its business, however much that is.
func Concerned(db *firestore.Client, t tenant.ID, w tenant.WorkspaceID, check CheckID, oldest, newest time.Time) firestore.Query {
	return run.Workspace(db, t, w).Collection(Collection).
		Where("check", "==", string(check)).Where("resolvedAt", ">", oldest).Where("firstSeen", "<", newest).
		OrderBy("resolvedAt", firestore.Asc).OrderBy("firstSeen", firestore.Asc)
}

// Record is a sighting as it rests. Task, SLX, Resource and Start are the run's:
// what the line says of them is free text, and sealed with it.
type Record struct {
	Number          int       `firestore:"number"` // within its run, from 1
	Issue           ID        `firestore:"fingerprint"`
	Severity        int       `firestore:"severity"`
	SeverityFlagged bool      `firestore:"severityFlagged"`
	ObservedAt      time.Time `firestore:"observedAt"` // zero: not told
	Run             run.ID    `firestore:"run"`
	Task            string    `firestore:"task"`
	SLX             string    `firestore:"slx"`
	Resource        string    `firestore:"resource"`
	Start           time.Time `firestore:"start"`
	Line            []byte    `firestore:"line"` // sealed
}

// NewRecord gives the record of a run's sighting, but for its sealed Line. key
// is the tenant's fingerprint key.
func NewRecord(key []byte, id run.ID, start run.Start, number int, s Sighting) Record {
	return Record{
		Number: number, Issue: Fingerprint(key, start, s), Severity: s.Severity, SeverityFlagged: s.SeverityFlagged,
		ObservedAt: s.ObservedAt, Run: id, Task: start.Task, SLX: start.SLX, Resource: start.Resource, Start: start.Time,
	}
}

// Seen is what Fold needs of the record.
func (r Record) Seen() Seen {
	return Seen{r.Number, r.Issue, r.Severity, r.SeverityFlagged, r.ObservedAt}
}

// Decode reads an Issue, a Check or a Record out of its document; of an absent
// one it gives the zero value.
func Decode[T Issue | Check | Record](doc *firestore.DocumentSnapshot) (T, error) {
	var value T
	if !doc.Exists() {
		return value, nil
	}
	if err := doc.DataTo(&value); err != nil {
		return value, fmt.Errorf("read %T: %w", value, err)
	}
	return value, nil
}

// Crypt is the Seal or the Open of a keys.Sealer.
type Crypt func(ctx context.Context, value, associatedData []byte) ([]byte, error)

// On seals or opens a value of the document at ref.
func (c Crypt) On(ctx context.Context, ref *firestore.DocumentRef, value []byte) ([]byte, error) {
	return c(ctx, value, []byte(keys.RelativePath(ref)))
}

// Text is an issue's free text: that of its newest sighting.
type Text struct {
	Title string
	Line  []byte // of issues.jsonl, byte for byte
}

// errText is the fault of a value that opened and is no Text.
var errText = errors.New("read the text of an issue: it is cut short")

// SealText seals an issue's text for its document at ref: the length of the
// title (unsigned varint), the title, the line.
func SealText(ctx context.Context, seal Crypt, ref *firestore.DocumentRef, t Text) ([]byte, error) {
	value := binary.AppendUvarint(make([]byte, 0, binary.MaxVarintLen64+len(t.Title)+len(t.Line)), uint64(len(t.Title)))
	return seal.On(ctx, ref, append(append(value, t.Title...), t.Line...))
}

// OpenText opens what SealText gave for the same document.
func OpenText(ctx context.Context, open Crypt, ref *firestore.DocumentRef, sealed []byte) (Text, error) {
	value, err := open.On(ctx, ref, sealed)
	if err != nil {
		return Text{}, err
	}
	size, used := binary.Uvarint(value)
	if used <= 0 || size > uint64(len(value)-used) {
		return Text{}, errText
	}
	title, line := value[used:used+int(size)], value[used+int(size):]
	return Text{string(title), line}, nil
}
