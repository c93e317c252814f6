package assistant

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"regexp"

	"cloud.google.com/go/firestore"

	"github.com/strongroom-dev/strongroom/shared/api"
	"github.com/strongroom-dev/strongroom/shared/run"
	"github.com/strongroom-dev/strongroom/shared/sli"
	"github.com/strongroom-dev/strongroom/shared/tenant"
)

// slisCollection is where SLIs rest, below a workspace.
const slisCollection = "slis"

// sliID names an SLI's document: names are any text, so it is a hash.
func sliID(name string) string {
	sum := sha256.Sum256([]byte(name))
	return hex.EncodeToString(sum[:])
}

// sliRef is where an SLI rests.
func sliRef(db *firestore.Client, t tenant.ID, w tenant.WorkspaceID, name string) *firestore.DocumentRef {
	return run.Workspace(db, t, w).Collection(slisCollection).Doc(sliID(name))
}

// decodeSLI reads an SLI out of its document; of an absent one it gives the
// zero SLI.
func decodeSLI(doc *firestore.DocumentSnapshot) (sli.SLI, error) {
	var s sli.SLI
	if !doc.Exists() {
		return s, nil
	}
	if err := doc.DataTo(&s); err != nil {
		return s, fmt.Errorf("read SLI: %w", err)
	}
	return s, nil
}

// sliForm is what a report may name an SLI.
var sliForm = regexp.MustCompile(`^[^\x00-\x1f\x7f]{1,256}$`)

func checkSLI(name string) error {
	if !sliForm.MatchString(name) {
		return api.Refuse(http.StatusBadRequest, "an SLI is named by 1 to 256 characters, none of them a control character")
	}
	return nil
}
