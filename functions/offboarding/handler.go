package offboarding

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"cloud.google.com/go/firestore"
	kms "cloud.google.com/go/kms/apiv1"
	"cloud.google.com/go/storage"
	"github.com/danielgtaylor/huma/v2"

	"github.com/strongroom-dev/strongroom/shared/api"
	"github.com/strongroom-dev/strongroom/shared/auditlog"
	"github.com/strongroom-dev/strongroom/shared/bucket"
	"github.com/strongroom-dev/strongroom/shared/directory"
	"github.com/strongroom-dev/strongroom/shared/function"
	"github.com/strongroom-dev/strongroom/shared/legalhold"
	"github.com/strongroom-dev/strongroom/shared/offboard"
	"github.com/strongroom-dev/strongroom/shared/tenant"
)

// timeLimit limits one call. The next one continues.
const timeLimit = 4 * time.Minute

// Config is the function's environment.
type Config struct {
	auditlog.Config
	Host           string `env:"STRONGROOM_HOST,required,notEmpty"`            // host name of the API
	CertificateKey string `env:"STRONGROOM_CERTIFICATE_KEY,required,notEmpty"` // projects/…/cryptoKeys/… of Ed25519
}

// Handler takes the steps of offboardings when the scheduler calls. It is safe for concurrent
// use: each step can be repeated.
type Handler struct {
	http.Handler
	API       *api.API
	config    Config
	deps      function.Deps
	directory *directory.Directory
	audit     *auditlog.Log
	storage   *storage.Client
	kms       *kms.KeyManagementClient
}

// Result is what one call did.
type Result struct {
	Offboarding int  `json:"offboarding" class:"operational" doc:"Tenants that are being offboarded"`
	Steps       int  `json:"steps" class:"operational" doc:"Steps that ended"`
	Done        int  `json:"done" class:"operational" doc:"Tenants of which nothing is left but what the certificate lists"`
	Failed      int  `json:"failed" class:"operational" doc:"Tenants with an error; the next call tries them again"`
	More        bool `json:"more" class:"operational" doc:"The next call has work left"`
}

// New returns the function. It makes no calls.
func New(ctx context.Context, config Config, deps function.Deps) (*Handler, error) {
	audit, err := auditlog.Open(ctx, config.Config, deps.Clients, deps.Now)
	if err != nil {
		return nil, err
	}
	keys, err := deps.Clients.KMS(ctx)
	if err != nil {
		return nil, err
	}
	objects, err := bucket.NewClient(ctx, deps.Clients.Config)
	if err != nil {
		return nil, err
	}
	deps.Clients.OnClose(objects.Close)
	a := api.New("Strongroom offboarding", deps.Now, deps.Log)
	h := &Handler{
		Handler: a.Handler(), API: a, config: config, deps: deps, directory: directory.New(deps.Clients, deps.Now),
		audit: audit, storage: objects, kms: keys,
	}
	api.Register(a, huma.Operation{
		OperationID: "offboard", Method: http.MethodPost, Path: "/",
		Summary: "Take the next steps of each offboarding; called by the scheduler",
	}, h.offboard)
	return h, nil
}

type offboardResponse struct{ Body Result }

func (h *Handler) offboard(ctx context.Context, _ *struct{}) (*offboardResponse, error) {
	out := &offboardResponse{}
	end := h.deps.Now().Add(timeLimit)
	var errs []error
	err := h.directory.EachWithSettings(ctx, func(t tenant.Record, s tenant.Settings) error {
		if t.With(s).State != tenant.Offboarding || s.Leaving == nil || s.Leaving.Start == "" {
			return nil
		}
		out.Body.Offboarding++
		if err := h.advance(ctx, t, *s.Leaving, end, &out.Body); err != nil {
			errs = append(errs, fmt.Errorf("tenant %s: %w", t.ID, err))
			out.Body.Failed++
		}
		return nil
	})
	r := out.Body
	api.Logger(ctx).InfoContext(ctx, "offboarding", "tenants", r.Offboarding, "steps", r.Steps, "done", r.Done, "failed", r.Failed, "more", r.More)
	return out, errors.Join(append(errs, err)...)
}

// job is the offboarding of one tenant.
type job struct {
	*Handler
	tenant   tenant.Record
	leaving  tenant.Leaving
	db       *firestore.Client // the tenant's database
	end      time.Time         // of this call
	progress offboard.Progress
	result   *Result
}

func (h *Handler) now() time.Time { return h.deps.Now().UTC().Truncate(time.Microsecond) }

// advance takes steps until one has to wait, or the time is over.
func (h *Handler) advance(ctx context.Context, t tenant.Record, leaving tenant.Leaving, end time.Time, result *Result) error {
	db, err := h.directory.Database(ctx, t)
	if err != nil {
		return err
	}
	j := &job{Handler: h, tenant: t, leaving: leaving, db: db, end: end, result: result}
	if j.progress, err = offboard.Read(ctx, db, t.ID); err != nil {
		return err
	}
	if j.progress.Start != leaving.Start { // it was stopped, and started again
		j.progress = offboard.Progress{Start: leaving.Start, Step: offboard.Steps[0], Since: j.now()}
	}
	for j.progress.Step != offboard.Done {
		waits, err := steps[j.progress.Step](j, ctx)
		if err != nil {
			return fmt.Errorf("%s: %w", j.progress.Step, err)
		}
		if j.progress.Waits = waits; waits != "" {
			return j.save(ctx)
		}
		j.progress.Step, j.progress.Since = j.progress.Step.Next(), j.now()
		if err := j.save(ctx); err != nil {
			return err
		}
		result.Steps++
	}
	result.Done++
	return nil
}

func (j *job) save(ctx context.Context) error {
	if _, err := offboard.Ref(j.db, j.tenant.ID).Set(ctx, j.progress); err != nil {
		return fmt.Errorf("save the progress: %w", err)
	}
	return nil
}

// allowed is asked before everything that erases: the offboarding may have been stopped, and a
// hold may have been placed, since this call has begun.
func (j *job) allowed(ctx context.Context) (waits string, err error) {
	record, settings, err := j.directory.Read(ctx, j.tenant.ID)
	if err != nil {
		return "", err
	}
	if l := settings.Leaving; record.With(settings).State != tenant.Offboarding || l == nil || l.Start != j.leaving.Start {
		return offboard.Stopped, nil
	}
	db, err := j.directory.Client(ctx)
	if err != nil {
		return "", err
	}
	holds, err := legalhold.Of(ctx, db, j.tenant.ID)
	if err == nil && len(holds) > 0 {
		return offboard.Held, nil
	}
	return "", err
}

// announce records that a step erases something, before it does. Repeating a step after a crash
// uses the same entry.
func (j *job) announce(ctx context.Context) error {
	if j.progress.Entry != "" && j.progress.EntryOf == j.progress.Step {
		return nil
	}
	id, err := j.audit.Append(ctx, j.db, auditlog.Entry{
		Tenant: j.tenant.ID, Actor: auditlog.Actor{Subject: "offboarding"}, Action: auditlog.OffboardStep, Outcome: auditlog.Allowed,
		Reason: string(j.progress.Step), Resource: "tenants/" + string(j.tenant.ID), Of: j.leaving.Start,
	})
	if err != nil {
		return err
	}
	j.progress.Entry, j.progress.EntryOf = id, j.progress.Step
	return j.save(ctx)
}
