package legalholds

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"time"

	"cloud.google.com/go/firestore"
	"cloud.google.com/go/storage"
	"github.com/danielgtaylor/huma/v2"

	"github.com/strongroom-dev/strongroom/shared/api"
	"github.com/strongroom-dev/strongroom/shared/bucket"
	"github.com/strongroom-dev/strongroom/shared/directory"
	"github.com/strongroom-dev/strongroom/shared/function"
	"github.com/strongroom-dev/strongroom/shared/legalhold"
	"github.com/strongroom-dev/strongroom/shared/retention"
	"github.com/strongroom-dev/strongroom/shared/tenant"
)

const (
	timeLimit  = 4 * time.Minute // of one call; the next one continues
	passAfter  = 12 * time.Hour  // under a hold, new objects are marked by then; lifecycle rules and TTLs delete nothing that is younger than a day
	perPage    = 1000            // objects of one page of a list
	perBatch   = 200             // documents of one commit
	concurrent = 16              // objects that are marked at the same time
)

// Handler marks what legal holds cover when the scheduler calls. It is safe for concurrent
// use: what is marked depends on the holds only.
type Handler struct {
	http.Handler
	API       *api.API
	deps      function.Deps
	directory *directory.Directory
	storage   *storage.Client
}

// Result is what one call did.
type Result struct {
	Marked   int  `json:"marked" class:"operational" doc:"Objects and documents that were marked because a hold covers them"`
	Released int  `json:"released" class:"operational" doc:"Objects and documents that no hold covers any more"`
	Due      int  `json:"due" class:"operational" doc:"Documents that were marked because they are due for deletion"`
	NotDue   int  `json:"notDue" class:"operational" doc:"Documents that are not due any more, because a hold covers them or the settings have changed"`
	Finished int  `json:"finished" class:"operational" doc:"Tenants of which everything was marked"`
	Failed   int  `json:"failed" class:"operational" doc:"Tenants with an error; the next call tries them again"`
	More     bool `json:"more" class:"operational" doc:"The next call has work left"`
}

// New returns the function. It makes no calls.
func New(ctx context.Context, _ struct{}, deps function.Deps) (*Handler, error) {
	client, err := bucket.NewClient(ctx, deps.Clients.Config)
	if err != nil {
		return nil, err
	}
	deps.Clients.OnClose(client.Close)
	a := api.New("Strongroom legal holds", deps.Now, deps.Log)
	h := &Handler{Handler: a.Handler(), API: a, deps: deps, directory: directory.New(deps.Clients, deps.Now), storage: client}
	api.Register(a, huma.Operation{
		OperationID: "markHolds", Method: http.MethodPost, Path: "/",
		Summary: "Mark what legal holds cover; called by the scheduler",
	}, h.mark)
	return h, nil
}

type markResponse struct{ Body Result }

// mark marks documents of all tenants first, in turns, and then the objects of one tenant after
// another.
func (h *Handler) mark(ctx context.Context, _ *struct{}) (*markResponse, error) {
	out := &markResponse{}
	begin := h.deps.Now()
	jobs, err := h.jobs(ctx, begin.Add(timeLimit), &out.Body)
	h.expire(ctx, jobs, begin.Add(retentionLimit))
	errs := []error{err}
	for _, j := range jobs {
		if err := j.mark(ctx); err != nil {
			j.fail(err)
		}
		if err := errors.Join(j.errs...); err != nil {
			errs = append(errs, fmt.Errorf("tenant %s: %w", j.tenant.ID, err))
			out.Body.Failed++
		}
	}
	api.Logger(ctx).InfoContext(ctx, "legal holds marked", "marked", out.Body.Marked, "released", out.Body.Released, "due", out.Body.Due,
		"notDue", out.Body.NotDue, "finished", out.Body.Finished, "failed", out.Body.Failed, "more", out.Body.More)
	return out, errors.Join(errs...)
}

// jobs reads what there is to do for each tenant. It skips a tenant that fails, and returns its
// error as well.
func (h *Handler) jobs(ctx context.Context, end time.Time, result *Result) (all []*job, err error) {
	directoryDB, err := h.directory.Client(ctx)
	if err != nil {
		return nil, err
	}
	var errs []error
	err = h.directory.Each(ctx, func(t tenant.Record) error {
		j := &job{Handler: h, directoryDB: directoryDB, tenant: t, end: end, result: result}
		if err := j.read(ctx); err != nil {
			errs = append(errs, fmt.Errorf("tenant %s: %w", t.ID, err))
			result.Failed++
			return nil
		}
		all = append(all, j)
		return nil
	})
	rand.Shuffle(len(all), func(i, k int) { all[i], all[k] = all[k], all[i] }) // no tenant is always last
	return all, errors.Join(append(errs, err)...)
}

// job is what there is to do for one tenant.
type job struct {
	*Handler
	directoryDB *firestore.Client
	tenant      tenant.Record
	db          *firestore.Client
	holds       legalhold.Holds
	pass        legalhold.Pass
	retained    retention.Pass
	end         time.Time
	result      *Result
	errs        []error
}

func (j *job) fail(err error) { j.errs = append(j.errs, err) }

func (j *job) read(ctx context.Context) (err error) {
	if j.holds, err = legalhold.Of(ctx, j.directoryDB, j.tenant.ID); err != nil {
		return err
	}
	if j.db, err = j.directory.Database(ctx, j.tenant); err != nil {
		return err
	}
	docs, err := j.db.GetAll(ctx, []*firestore.DocumentRef{legalhold.PassRef(j.db, j.tenant.ID), retention.PassRef(j.db, j.tenant.ID)})
	for i, target := range []any{&j.pass, &j.retained} {
		if err == nil && docs[i].Exists() {
			err = docs[i].DataTo(target)
		}
	}
	if err != nil {
		return fmt.Errorf("read the passes: %w", err)
	}
	return nil
}

// mark continues or begins a pass over the objects, if there is anything to mark.
func (j *job) mark(ctx context.Context) error {
	if !j.due() {
		return nil
	}
	if err := j.buckets(ctx); err != nil || j.pass.Bucket != "" {
		return err
	}
	if err := j.documents(ctx); err != nil {
		return err
	}
	if reviewed := rules(j.tenant, j.holds); j.retained.Rules != "" && j.retained.Reviewed != reviewed {
		j.result.More = true // documents that the holds cover may still be marked for deletion
		return j.save(ctx)
	}
	j.pass.Finished, j.pass.Covers = j.now(), j.pass.Started
	j.result.Finished++
	return j.save(ctx)
}

func (h *Handler) now() time.Time { return h.deps.Now().UTC().Truncate(time.Microsecond) }

// due reports whether there is work, and begins a new pass if the holds have changed or the
// last pass is old.
func (j *job) due() bool {
	want := j.holds.Fingerprint()
	switch {
	case j.pass.Holds == "" && len(j.holds) == 0:
		return false // there has never been a hold
	case j.pass.Holds == want && j.pass.Bucket != "":
		return true
	case j.pass.Holds == want && (len(j.holds) == 0 || j.now().Sub(j.pass.Finished) < passAfter) && !j.pass.Finished.IsZero() && !j.newer():
		return false
	}
	j.pass.Holds, j.pass.Bucket, j.pass.After, j.pass.Started = want, j.names()[0], "", j.now()
	return true
}

// newer reports whether a hold was placed after the last pass began. It may cover the same as
// one that was lifted before.
func (j *job) newer() bool {
	for _, h := range j.holds {
		if !j.pass.Covers.After(h.Placed) {
			return true
		}
	}
	return false
}

// names are the buckets in the order of a pass. In the customer's buckets, only the customer
// can set holds.
func (j *job) names() []string { return j.tenant.ManagedBuckets() }

func (j *job) save(ctx context.Context) error {
	if _, err := legalhold.PassRef(j.db, j.tenant.ID).Set(ctx, j.pass); err != nil {
		return fmt.Errorf("save the pass of the legal holds: %w", err)
	}
	return nil
}
