package records

import (
	"fmt"
	"time"

	"cloud.google.com/go/firestore"

	"github.com/strongroom-dev/strongroom/shared/auditlog"
	"github.com/strongroom-dev/strongroom/shared/dataclass"
	"github.com/strongroom-dev/strongroom/shared/run"
	"github.com/strongroom-dev/strongroom/shared/tenant"
)

// ViewsCollection is the collection below a workspace of the views of its outputs,
// also as a collection group.
const ViewsCollection = "views"

var _ = dataclass.Stored[View](workspacePath + ViewsCollection + "/{view}")

// View is one reading of an output by one client, in any number of requests. The
// audit log has one entry when it opens and one when it ends.
//
// Each instance of the function that sends the output reserves bytes before it sends
// them, so Reserved is never less than what was sent.
type View struct {
	Run     run.ID    `firestore:"run" class:"operational"`
	Output  string    `firestore:"output" class:"operational"`
	Actor   viewActor `firestore:"actor"`
	Entry   string    `firestore:"entry" class:"operational"`   // ID of the audit entry that opened it
	Expires time.Time `firestore:"expires" class:"operational"` // it serves nothing from this time
	Open    bool      `firestore:"open" class:"operational"`    // the audit log does not have its end yet

	Sent     map[string]int64 `firestore:"sent" class:"operational"`     // bytes, by instance, when the instance last wrote
	Reserved map[string]int64 `firestore:"reserved" class:"operational"` // bytes, by instance
}

// viewActor is auditlog.Actor as a view has it.
type viewActor struct {
	Issuer  string `firestore:"issuer" class:"metadata"`
	Subject string `firestore:"subject" class:"metadata"`
	Role    string `firestore:"role" class:"operational"`
}

// NewView returns an open view.
func NewView(by auditlog.Actor, id run.ID, output, entry string, expires time.Time) View {
	return View{
		Run: id, Output: output, Actor: viewActor(by), Entry: entry, Expires: expires, Open: true,
		Sent: map[string]int64{}, Reserved: map[string]int64{},
	}
}

// ViewRef returns the reference of a view.
func ViewRef(db *firestore.Client, t tenant.ID, w tenant.WorkspaceID, id string) *firestore.DocumentRef {
	return Workspace(db, t, w).Collection(ViewsCollection).Doc(id)
}

// DecodeView reads a view from its document.
func DecodeView(doc *firestore.DocumentSnapshot) (View, error) {
	var v View
	if err := doc.DataTo(&v); err != nil {
		return View{}, fmt.Errorf("read view: %w", err)
	}
	return v, nil
}

// End returns the audit entry of the end of a view. Its count "bytes" is what the
// instances had sent when each last wrote to the view, and "reserved" is a bound that
// is never exceeded.
func (v View) End(t tenant.ID, w tenant.WorkspaceID) auditlog.Entry {
	return auditlog.Entry{
		Tenant: t, Actor: auditlog.Actor(v.Actor), Action: auditlog.EndReadOutput, Outcome: auditlog.Done,
		Workspace: w, Resource: fmt.Sprintf("runs/%s/outputs/%s", v.Run, v.Output), Of: v.Entry,
		Counts: map[string]int64{"bytes": sum(v.Sent), "reserved": sum(v.Reserved)},
	}
}

func sum(counts map[string]int64) (total int64) {
	for _, n := range counts {
		total += n
	}
	return total
}
