package run

import (
	"context"
	"errors"
	"fmt"
	"time"

	"cloud.google.com/go/firestore"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/strongroom-dev/strongroom/shared/tenant"
)

// The faults of a run's record.
var (
	ErrNotFound  = errors.New("no such run")
	ErrElsewhere = errors.New("the run belongs to another workspace")
	ErrConflict  = errors.New("the run was told otherwise before")
)

// Collection is the name of the collection of runs, also as a group.
const Collection = "runs"

// Workspace is where a tenant's workspace rests: tenants/{t}/workspaces/{w}.
func Workspace(db *firestore.Client, t tenant.ID, w tenant.WorkspaceID) *firestore.DocumentRef {
	return db.Collection("tenants").Doc(string(t)).Collection("workspaces").Doc(string(w))
}

// Place is where one run's record rests, and where its id is taken: an id
// belongs to one workspace of a tenant.
type Place struct {
	Record *firestore.DocumentRef // tenants/{t}/workspaces/{w}/runs/{run}
	Taken  *firestore.DocumentRef // tenants/{t}/runIds/{run}
	id     ID
	space  tenant.WorkspaceID
}

// taken says which workspace has a run id.
type taken struct {
	Workspace tenant.WorkspaceID `firestore:"workspace"`
}

// At is the place of a run.
func At(db *firestore.Client, t tenant.ID, w tenant.WorkspaceID, id ID) Place {
	return Place{
		Record: Workspace(db, t, w).Collection(Collection).Doc(string(id)),
		Taken:  db.Collection("tenants").Doc(string(t)).Collection("runIds").Doc(string(id)),
		id:     id, space: w,
	}
}

// Get reads a run: ErrNotFound if this workspace has none of that id.
func (p Place) Get(ctx context.Context) (Run, error) {
	doc, err := p.Record.Get(ctx)
	return found(doc, err)
}

// Read reads the run at ref in tx, or gives ErrNotFound.
func Read(tx *firestore.Transaction, ref *firestore.DocumentRef) (Run, error) {
	doc, err := tx.Get(ref)
	return found(doc, err)
}

// Open reads the run in tx, or begins it: then create tells the caller to
// call Create once tx has read all it reads. ErrElsewhere if the id belongs to
// another workspace.
func (p Place) Open(tx *firestore.Transaction, now time.Time) (r Run, create bool, err error) {
	docs, err := tx.GetAll([]*firestore.DocumentRef{p.Record})
	if err == nil && !docs[0].Exists() {
		return p.Begin(tx, now)
	}
	return p.open(docs, err, now)
}

// Begin is Open of a run that is new most of the time: by one call, which for a
// run that is there reads one document more.
func (p Place) Begin(tx *firestore.Transaction, now time.Time) (r Run, create bool, err error) {
	docs, err := tx.GetAll([]*firestore.DocumentRef{p.Record, p.Taken})
	return p.open(docs, err, now)
}

func (p Place) open(docs []*firestore.DocumentSnapshot, err error, now time.Time) (r Run, create bool, _ error) {
	if err != nil {
		return Run{}, false, fmt.Errorf("read run: %w", err)
	}
	if docs[0].Exists() {
		r, err = Decode(docs[0])
		return r, false, err
	}
	if docs[1].Exists() {
		var of taken
		if err := docs[1].DataTo(&of); err != nil {
			return Run{}, false, fmt.Errorf("read run id: %w", err)
		}
		if of.Workspace != p.space {
			return Run{}, false, ErrElsewhere
		}
	}
	return Run{ID: p.id, State: Running, Created: now}, true, nil
}

// Create writes a run that Open began.
func (p Place) Create(tx *firestore.Transaction, r Run) error {
	if err := tx.Set(p.Taken, taken{p.space}); err != nil {
		return fmt.Errorf("take run id: %w", err)
	}
	if err := tx.Create(p.Record, r); err != nil {
		return fmt.Errorf("create run: %w", err)
	}
	return nil
}

// Save writes a run that Open read or began.
func (p Place) Save(tx *firestore.Transaction, r Run, create bool) error {
	if create {
		return p.Create(tx, r)
	}
	if err := tx.Set(p.Record, r); err != nil {
		return fmt.Errorf("write run: %w", err)
	}
	return nil
}

func found(doc *firestore.DocumentSnapshot, err error) (Run, error) {
	if status.Code(err) == codes.NotFound {
		return Run{}, ErrNotFound
	}
	if err != nil {
		return Run{}, fmt.Errorf("read run: %w", err)
	}
	return Decode(doc)
}

// Decode reads a run out of its document.
func Decode(doc *firestore.DocumentSnapshot) (Run, error) {
	var r Run
	if err := doc.DataTo(&r); err != nil {
		return Run{}, fmt.Errorf("read run: %w", err)
	}
	return r, nil
}
