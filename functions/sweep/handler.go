package sweep

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"cloud.google.com/go/firestore"
	"github.com/danielgtaylor/huma/v2"

	"github.com/strongroom-dev/strongroom/shared/api"
	"github.com/strongroom-dev/strongroom/shared/directory"
	"github.com/strongroom-dev/strongroom/shared/function"
	"github.com/strongroom-dev/strongroom/shared/outbox"
	"github.com/strongroom-dev/strongroom/shared/tenant"
)

// Bounds of one sweep: what is left is the next one's.
const (
	pageSize = 100 // documents a transaction
	maxPages = 50  // pages of each kind and database
)

// leftAfter is how old an outbox entry must be: whoever wrote a younger one may
// be about to publish it.
const leftAfter = 15 * time.Second

// Handler sweeps when the scheduler calls. It is safe for concurrent use; two
// sweeps at once do no harm.
type Handler struct {
	http.Handler
	API       *api.API
	deps      function.Deps
	directory *directory.Directory
	publisher *outbox.Publisher
}

// Result is what one sweep did.
type Result struct {
	Expired   int  `json:"expired" doc:"Grants whose time passed without an object, and that no run claims"`
	Missing   int  `json:"missing" doc:"Grants whose time passed, and that a run claims"`
	Settled   int  `json:"settled" doc:"Ended runs whose every grant is decided"`
	Published int  `json:"published" doc:"Events that their writer left behind"`
	Retold    int  `json:"retold" doc:"Runs that nobody has taken in for hours; the next sweep publishes their events again"`
	More      bool `json:"more" doc:"Something is left for the next sweep"`
}

// New makes the function; it calls nothing yet.
func New(deps function.Deps) *Handler {
	a := api.New("Strongroom sweep", deps.Log)
	h := &Handler{
		Handler: a.Handler(), API: a, deps: deps,
		directory: directory.New(deps.Clients, deps.Now), publisher: outbox.NewPublisher(deps.Clients),
	}
	api.Register(a, huma.Operation{
		OperationID: "sweep", Method: http.MethodPost, Path: "/",
		Summary: "Publish what was left, decide overdue grants; called by the scheduler",
	}, h.sweep)
	return h
}

type sweepResponse struct{ Body Result }

// sweep goes through every database once, however many tenants share it. A
// database that fails does not keep the others waiting.
func (h *Handler) sweep(ctx context.Context, _ *struct{}) (*sweepResponse, error) {
	out := &sweepResponse{}
	var faults []error
	seen := map[*firestore.Client]bool{}
	err := h.directory.Each(ctx, func(t tenant.Record) error {
		db, err := h.directory.Database(ctx, t)
		if err != nil || seen[db] {
			faults = append(faults, err)
			return nil
		}
		seen[db] = true
		faults = append(faults, h.database(ctx, db, &out.Body))
		return nil
	})
	if err := errors.Join(append(faults, err)...); err != nil {
		return nil, err
	}
	api.Logger(ctx).InfoContext(ctx, "swept", "expired", out.Body.Expired, "missing", out.Body.Missing,
		"settled", out.Body.Settled, "published", out.Body.Published, "retold", out.Body.Retold, "more", out.Body.More)
	return out, nil
}

// database does one kind of work after the other, even where some of it fails.
func (h *Handler) database(ctx context.Context, db *firestore.Client, result *Result) error {
	var faults []error
	for _, work := range []struct {
		what  string
		query firestore.Query
		do    func([]*firestore.DocumentSnapshot) error
	}{
		{"publish events", outbox.Waiting(db, h.deps.Now().Add(-leftAfter)), func(docs []*firestore.DocumentSnapshot) error {
			n, err := h.publisher.Relay(ctx, db, docs)
			result.Published += n
			return err
		}},
		{"retell runs", h.untaken(db), func(docs []*firestore.DocumentSnapshot) error {
			n, err := h.retell(ctx, db, docs)
			result.Retold += n
			return err
		}},
		{"expire grants", h.overdue(db), func(docs []*firestore.DocumentSnapshot) error { return h.expire(ctx, db, docs, result) }},
		{"settle runs", unsettled(db), func(docs []*firestore.DocumentSnapshot) error { return settle(ctx, db, docs, result) }},
	} {
		if err := pages(ctx, work.query, result, work.do); err != nil {
			faults = append(faults, fmt.Errorf("%s: %w", work.what, err))
		}
	}
	return errors.Join(faults...)
}

// pages calls do with page after page of what query finds. A page that fails
// does not keep the next ones waiting.
func pages(ctx context.Context, query firestore.Query, result *Result, do func([]*firestore.DocumentSnapshot) error) error {
	var faults []error
	for range maxPages {
		docs, err := query.Limit(pageSize).Documents(ctx).GetAll()
		if err != nil {
			return errors.Join(append(faults, err)...)
		}
		if len(docs) > 0 {
			faults = append(faults, do(docs))
		}
		if len(docs) < pageSize {
			return errors.Join(faults...)
		}
		query = query.StartAfter(docs[len(docs)-1])
	}
	result.More = true
	return errors.Join(faults...)
}
