package records

import (
	"context"
	"errors"
	"fmt"
	"time"

	"cloud.google.com/go/firestore"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/strongroom-dev/strongroom/shared/run"
	"github.com/strongroom-dev/strongroom/shared/tenant"
)

// The errors of reading a run.
var (
	ErrRunNotFound = errors.New("no such run")
	ErrRunIDTaken  = errors.New("the run ID belongs to another workspace of the tenant")
	ErrNotRunOwner = errors.New("the run belongs to another identity")
)

// RunRef refers to the two documents of a run: its record, and the reservation
// of its ID, because an ID belongs to one workspace of a tenant.
type RunRef struct {
	Record        *firestore.DocumentRef // tenants/{t}/workspaces/{w}/runs/{run}
	IDReservation *firestore.DocumentRef // tenants/{t}/runIds/{run}
	id            run.ID
	workspace     tenant.WorkspaceID
}

// idReservation is the document that says which workspace has a run ID.
type idReservation struct {
	Workspace tenant.WorkspaceID `firestore:"workspace" class:"operational"`
}

// Opener is who opens a run.
type Opener struct {
	Owner  run.Owner // of a new run
	Bucket string    // of a new run: the outputs bucket of its tenant
}

// NewRunRef returns the references of a run.
func NewRunRef(db *firestore.Client, t tenant.ID, w tenant.WorkspaceID, id run.ID) RunRef {
	return RunRef{
		Record:        Workspace(db, t, w).Collection(RunsCollection).Doc(string(id)),
		IDReservation: db.Collection("tenants").Doc(string(t)).Collection("runIds").Doc(string(id)),
		id:            id,
		workspace:     w,
	}
}

// Get reads a run. It returns ErrRunNotFound if the workspace has no run with
// this ID.
func (r RunRef) Get(ctx context.Context) (run.Run, error) {
	doc, err := r.Record.Get(ctx)
	return decodeFound(doc, err)
}

// ReadRun reads the run at ref in tx. It returns ErrRunNotFound if none
// exists.
func ReadRun(tx *firestore.Transaction, ref *firestore.DocumentRef) (run.Run, error) {
	doc, err := tx.Get(ref)
	return decodeFound(doc, err)
}

// Open reads the run in tx, or begins a new one. If create is true, the caller
// calls Create after all reads of tx. A new run belongs to by, and its output is in by's bucket. Open returns
// ErrRunIDTaken if the ID belongs to another workspace, and ErrNotRunOwner if the
// run belongs to an identity that by may not act for.
//
// It also reads others, in the same call, and returns them in their order.
func (r RunRef) Open(tx *firestore.Transaction, now time.Time, by Opener, others ...*firestore.DocumentRef) (record run.Run, create bool, also []*firestore.DocumentSnapshot, err error) {
	docs, err := tx.GetAll(append([]*firestore.DocumentRef{r.Record}, others...))
	if err != nil {
		return run.Run{}, false, nil, fmt.Errorf("read run: %w", err)
	}
	var reservation []*firestore.DocumentSnapshot
	if !docs[0].Exists() {
		reservation, err = tx.GetAll([]*firestore.DocumentRef{r.IDReservation})
	}
	record, create, err = r.open(append(docs[:1:1], reservation...), err, now, by)
	return record, create, docs[1:], err
}

// OpenExpectingNew is Open for a run that is usually new. It reads both
// documents in one call, so an existing run costs one read more.
func (r RunRef) OpenExpectingNew(tx *firestore.Transaction, now time.Time, by Opener) (record run.Run, create bool, err error) {
	docs, err := tx.GetAll([]*firestore.DocumentRef{r.Record, r.IDReservation})
	return r.open(docs, err, now, by)
}

func (r RunRef) open(docs []*firestore.DocumentSnapshot, err error, now time.Time, by Opener) (record run.Run, create bool, _ error) {
	if err != nil {
		return run.Run{}, false, fmt.Errorf("read run: %w", err)
	}
	if docs[0].Exists() {
		record, err = openExisting(docs[0], by.Owner)
		return record, false, err
	}
	if docs[1].Exists() {
		var reserved idReservation
		if err := docs[1].DataTo(&reserved); err != nil {
			return run.Run{}, false, fmt.Errorf("read run ID: %w", err)
		}
		if reserved.Workspace != r.workspace {
			return run.Run{}, false, ErrRunIDTaken
		}
	}
	return r.New(now, by), true, nil
}

// New returns a run that does not exist yet, and that belongs to by.
func (r RunRef) New(now time.Time, by Opener) run.Run {
	return run.Run{ID: r.id, State: run.Running, Created: now, Owner: by.Owner, Bucket: by.Bucket}
}

func openExisting(doc *firestore.DocumentSnapshot, by run.Owner) (run.Run, error) {
	record, err := DecodeRun(doc)
	if err != nil {
		return run.Run{}, err
	}
	if !record.Owner.Admits(by) {
		return run.Run{}, ErrNotRunOwner
	}
	if !record.Owner.Known() {
		record.Owner = by
	}
	return record, nil
}

// Create writes a run that Open began, and reserves its ID.
func (r RunRef) Create(tx *firestore.Transaction, record run.Run) error {
	if err := tx.Set(r.IDReservation, idReservation{r.workspace}); err != nil {
		return fmt.Errorf("reserve run ID: %w", err)
	}
	if err := tx.Create(r.Record, record); err != nil {
		return fmt.Errorf("create run: %w", err)
	}
	return nil
}

// CreateBoth writes a run of New, and reserves its ID. The commit fails with AlreadyExists if
// the run or the reservation exists.
func (r RunRef) CreateBoth(tx *firestore.Transaction, record run.Run) error {
	if err := tx.Create(r.IDReservation, idReservation{r.workspace}); err != nil {
		return fmt.Errorf("reserve run ID: %w", err)
	}
	if err := tx.Create(r.Record, record); err != nil {
		return fmt.Errorf("create run: %w", err)
	}
	return nil
}

// Save writes a run that Open returned, with the create that Open returned.
func (r RunRef) Save(tx *firestore.Transaction, record run.Run, create bool) error {
	if create {
		return r.Create(tx, record)
	}
	if err := tx.Set(r.Record, record); err != nil {
		return fmt.Errorf("write run: %w", err)
	}
	return nil
}

func decodeFound(doc *firestore.DocumentSnapshot, err error) (run.Run, error) {
	if status.Code(err) == codes.NotFound {
		return run.Run{}, ErrRunNotFound
	}
	if err != nil {
		return run.Run{}, fmt.Errorf("read run: %w", err)
	}
	return DecodeRun(doc)
}

// DecodeRun reads a run from its document.
func DecodeRun(doc *firestore.DocumentSnapshot) (run.Run, error) {
	var record run.Run
	if err := doc.DataTo(&record); err != nil {
		return run.Run{}, fmt.Errorf("read run: %w", err)
	}
	return record, nil
}
