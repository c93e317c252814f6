package sli

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"regexp"
	"unicode/utf8"

	"cloud.google.com/go/firestore"

	"github.com/strongroom-dev/strongroom/shared/run"
	"github.com/strongroom-dev/strongroom/shared/tenant"
)

// The names of the collections below a workspace.
const (
	Collection       = "slis"
	SeriesCollection = "series"
)

var nameForm = regexp.MustCompile(`^[^\x00-\x1f\x7f]{1,256}$`)

// CheckName refuses what no report may name an SLI.
func CheckName(name string) error {
	if !utf8.ValidString(name) || !nameForm.MatchString(name) {
		return errors.New("an SLI is named by 1 to 256 characters, none of them a control character")
	}
	return nil
}

// Ref is where an SLI rests. Names are any text, so it is a hash.
func Ref(db *firestore.Client, t tenant.ID, w tenant.WorkspaceID, name string) *firestore.DocumentRef {
	sum := sha256.Sum256([]byte(name))
	return run.Workspace(db, t, w).Collection(Collection).Doc(hex.EncodeToString(sum[:]))
}

// SeriesRef is where a run's series of an SLI rests.
func SeriesRef(db *firestore.Client, t tenant.ID, w tenant.WorkspaceID, id run.ID, name string) *firestore.DocumentRef {
	sum := sha256.Sum256([]byte(name))
	return run.Workspace(db, t, w).Collection(SeriesCollection).Doc(string(id) + "-" + hex.EncodeToString(sum[:16]))
}

// Decode reads an SLI out of its document; of an absent one it gives the zero
// SLI.
func Decode(doc *firestore.DocumentSnapshot) (SLI, error) { return decode[SLI](doc) }

// DecodeSeries reads a series out of its document, and gives the zero Series
// likewise.
func DecodeSeries(doc *firestore.DocumentSnapshot) (Series, error) { return decode[Series](doc) }

func decode[T SLI | Series](doc *firestore.DocumentSnapshot) (T, error) {
	var value T
	if !doc.Exists() {
		return value, nil
	}
	if err := doc.DataTo(&value); err != nil {
		return value, fmt.Errorf("read %T: %w", value, err)
	}
	return value, nil
}
