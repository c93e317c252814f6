// Package library stores the public catalog of tasks in the platform's database
// and keeps a searchable copy of it in memory.
//
// There are two kinds of documents:
//
//	catalog/{id}      an Entry: one task, and the newest edition of its source that contains it
//	platform/catalog  the Register: which version of the catalog is current
//
// The function catalog writes both. Functions that only read use a Cache. A Cache
// reads the Register once a minute, and all entries only if the version changed.
package library

import (
	"fmt"
	"slices"
	"time"

	"cloud.google.com/go/firestore"

	"github.com/strongroom-dev/strongroom/shared/catalog"
	"github.com/strongroom-dev/strongroom/shared/dataclass"
)

// Collection is the collection of entries in the platform's database. The ID of
// a document is the ID of its task.
const Collection = "catalog"

// Limits of the catalog, because each instance of a function that uses it keeps all of
// it in memory, and two versions of it while it reads a newer one.
const (
	MaxTasks = 20_000
	MaxBytes = 8 << 20 // of the texts of all tasks; see Bytes
)

// Bytes returns the length of all texts of a task.
func Bytes(t catalog.Task) int {
	n := len(t.Name) + len(t.Documentation) + len(t.Suite) + len(t.Source) + len(t.DisplayName) + len(t.SuiteDocumentation) + len(t.Kind)
	for _, text := range slices.Concat(t.Tags, t.Supports) {
		n += len(text)
	}
	return n
}

// Entry is a task as it is stored at catalog/{id}.
type Entry struct {
	catalog.Task
	Edition    string             `firestore:"edition" class:"public"` // the edition of its source that had it last; may be empty
	Enrichment catalog.Enrichment `firestore:"enrichment"`             // of this version of the task; may be zero
}

// Register describes the current catalog. It is stored at platform/catalog. The
// zero Register means that there is no catalog yet.
type Register struct {
	Version string    `firestore:"version" class:"operational"` // changes with every change of the catalog; empty: there is no catalog
	Tasks   int       `firestore:"tasks" class:"operational"`   // number of entries
	Bytes   int       `firestore:"bytes" class:"operational"`   // of all entries; see the function Bytes
	Changed time.Time `firestore:"changed" class:"operational"` // time of the last change
}

var (
	_ = dataclass.Stored[Entry](Collection + "/{task}")
	_ = dataclass.Stored[Register]("platform/catalog")
)

// EntryRef returns the document of the task with an ID.
func EntryRef(db *firestore.Client, id string) *firestore.DocumentRef {
	return db.Collection(Collection).Doc(id)
}

// RegisterRef returns the document of the Register.
func RegisterRef(db *firestore.Client) *firestore.DocumentRef {
	return db.Collection("platform").Doc("catalog")
}

// DecodeRegister decodes the Register. It is the zero Register if the document
// does not exist.
func DecodeRegister(doc *firestore.DocumentSnapshot) (r Register, err error) {
	if !doc.Exists() {
		return Register{}, nil
	}
	if err := doc.DataTo(&r); err != nil {
		return Register{}, fmt.Errorf("decode the catalog's register: %w", err)
	}
	return r, nil
}
