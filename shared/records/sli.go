package records

import (
	"crypto/sha256"
	"encoding/hex"

	"cloud.google.com/go/firestore"

	"github.com/strongroom-dev/strongroom/shared/run"
	"github.com/strongroom-dev/strongroom/shared/tenant"
)

// SLIRef returns the reference of an SLI. Its name may be any text, so the
// document's ID is a hash of the name.
func SLIRef(db *firestore.Client, t tenant.ID, w tenant.WorkspaceID, name string) *firestore.DocumentRef {
	sum := sha256.Sum256([]byte(name))
	return Workspace(db, t, w).Collection(SLIsCollection).Doc(hex.EncodeToString(sum[:]))
}

// SeriesRef returns the reference of a run's samples of an SLI.
func SeriesRef(db *firestore.Client, t tenant.ID, w tenant.WorkspaceID, id run.ID, name string) *firestore.DocumentRef {
	sum := sha256.Sum256([]byte(name))
	return Workspace(db, t, w).Collection(SeriesCollection).Doc(string(id) + "-" + hex.EncodeToString(sum[:16]))
}
