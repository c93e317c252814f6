package exportworker

import (
	"context"
	"errors"
	"fmt"
	"time"

	"cloud.google.com/go/storage"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/strongroom-dev/strongroom/shared/auditlog"
	"github.com/strongroom-dev/strongroom/shared/bucket"
	"github.com/strongroom-dev/strongroom/shared/directory"
	"github.com/strongroom-dev/strongroom/shared/event"
	"github.com/strongroom-dev/strongroom/shared/export"
	"github.com/strongroom-dev/strongroom/shared/exportjob"
	"github.com/strongroom-dev/strongroom/shared/function"
	"github.com/strongroom-dev/strongroom/shared/gcp"
	"github.com/strongroom-dev/strongroom/shared/keys"
	"github.com/strongroom-dev/strongroom/shared/memory"
	"github.com/strongroom-dev/strongroom/shared/outbox"
	"github.com/strongroom-dev/strongroom/shared/quarantine"
	"github.com/strongroom-dev/strongroom/shared/tenant"
)

// partTimeout limits the execution of one part. The function's own limit is longer,
// so that the end of a part can still be recorded.
const partTimeout = 2 * time.Minute

// partMemory is the memory in bytes that a part needs: its rows, as they are read and
// compressed.
const partMemory = 40 << 20

// bundleMemory is the memory in bytes that a part needs that writes a bundle: the objects
// of a configuration, and their packs before and after.
const bundleMemory = memory.Max

// Worker executes the parts of exports. It is safe for concurrent use, also by
// several processes.
type Worker struct {
	config    Config
	deps      function.Deps
	directory *directory.Directory
	keys      *keys.Tenants
	audit     *auditlog.Reader
	jobs      *exportjob.Jobs
	storage   gcp.Lazy[*storage.Client]
	handle    event.Handler
	limits    limits
	memory    *memory.Budget
}

// limits bound one part. Tests use smaller ones.
type limits struct {
	documents int   // read
	bytes     int   // of rows, before compression
	listed    int   // parts whose files one list names
	files     int   // that one list names
	copies    int   // objects that a part copies
	copied    int64 // bytes of these objects
}

// New returns the function. It makes no calls.
func New(ctx context.Context, config Config, deps function.Deps) (*Worker, error) {
	audit, err := auditlog.OpenReader(ctx, config.Audit, deps.Clients, deps.Now)
	if err != nil {
		return nil, err
	}
	log, err := auditlog.Open(ctx, config.Audit, deps.Clients, deps.Now)
	if err != nil {
		return nil, err
	}
	w := &Worker{
		config: config, deps: deps, directory: directory.New(deps.Clients, deps.Now), keys: keys.NewTenants(deps.Clients, deps.Now),
		audit: audit, jobs: &exportjob.Jobs{Audit: log, Publisher: outbox.NewPublisher(deps.Clients), Now: deps.Now},
		limits: limits{documents: export.MaxPartDocuments, bytes: export.MaxPartBytes, listed: export.MaxListedParts, files: export.MaxListedFiles, copies: export.MaxPartCopies, copied: export.MaxCopiedBytes},
		memory: memory.NewBudget(),
	}
	w.handle = quarantine.Recorder{
		Function: "export-worker", References: []string{"tenant", "export", "part", "entry"},
		Clients: deps.Clients, Now: deps.Now,
	}.Wrap(w.receive)
	return w, nil
}

// Handle returns nil once the part that m names is done, or nothing more can be done
// for it. An error that event.IsPermanent reports is in the quarantine. Any other
// error asks for another delivery.
func (w *Worker) Handle(ctx context.Context, m event.Message) error { return w.handle(ctx, m) }

func (w *Worker) receive(ctx context.Context, m event.Message) error {
	ref, err := parseReference(m)
	if err != nil {
		return event.Refuse("bad-reference", err)
	}
	t, err := w.open(ctx, ref)
	switch {
	case errors.Is(err, tenant.ErrNotFound):
		return event.Refuse("no-such-tenant", err)
	case errors.Is(err, exportjob.ErrNotFound), errors.Is(err, exportjob.ErrNoPart):
		return event.Refuse("no-such-part", err)
	case err != nil:
		return err
	}
	return t.run(ctx)
}

// reference is the part that a message names.
type reference struct {
	tenant tenant.ID
	export export.ID
	part   string
}

func parseReference(m event.Message) (reference, error) {
	t, errTenant := tenant.ParseID(m.Attributes["tenant"])
	id, errExport := export.ParseID(m.Attributes["export"])
	part := m.Attributes["part"]
	if err := errors.Join(errTenant, errExport); err != nil {
		return reference{}, err
	}
	if !export.ValidPartID(part) {
		return reference{}, errors.New("the ID of the part is not valid")
	}
	return reference{tenant: t, export: id, part: part}, nil
}

// task is the execution of one part.
type task struct {
	*Worker
	record tenant.Record
	home   exportjob.Home
	export export.Export
	part   export.Part
	keys   *keys.Tenant
	bucket *storage.BucketHandle // of the export
	client *storage.Client       // of the buckets with the tenant's outputs, which are copied and never read
	packs  *storage.BucketHandle // of the tenant's configurations
	tiles  *storage.BucketHandle // of the tenant's audit log
}

// open reads the part that a message names.
func (w *Worker) open(ctx context.Context, ref reference) (*task, error) {
	record, err := w.directory.Tenant(ctx, ref.tenant)
	if err != nil {
		return nil, fmt.Errorf("find tenant: %w", err)
	}
	db, err := w.directory.Database(ctx, record)
	if err != nil {
		return nil, err
	}
	client, err := w.storage.Get(ctx, func(ctx context.Context) (*storage.Client, error) {
		return bucket.NewClient(ctx, w.deps.Clients.Config)
	})
	if err != nil {
		return nil, err
	}
	t := &task{
		Worker: w, record: record, home: exportjob.Home{DB: db, Tenant: record.ID},
		client: client, packs: client.Bucket(record.ConfigsBucket), tiles: client.Bucket(record.AuditBucket),
	}
	if t.keys, err = w.keys.Of(ctx, record, db); err != nil {
		return nil, err
	}
	t.export, t.part, err = t.home.Part(ctx, ref.export, ref.part)
	return t, err
}

// tenantsBucket returns a bucket of the tenant that the export, or a grant, remembers. The export
// fails if the bucket is not the tenant's.
func (t *task) tenantsBucket(ctx context.Context, c tenant.Component, remembered string) (*storage.BucketHandle, error) {
	name, _, err := t.directory.BucketOf(ctx, t.record, c, remembered)
	if errors.Is(err, tenant.ErrForeignBucket) {
		return nil, unreadableError{export.BucketWithdrawn, err}
	}
	if err != nil {
		return nil, err
	}
	return t.client.Bucket(name), nil
}

// errTooSoon is the error of a part that is delivered before the read time.
var errTooSoon = errors.New("the read time of the export has not come; deliver the part again later")

// errTooOld is the cause of the failure of an export that took too long.
var errTooOld = errors.New("the database cannot be read at the read time any more")

// run executes the part unless it is done or its export has ended.
func (t *task) run(ctx context.Context) error {
	now := t.deps.Now()
	switch {
	case !t.export.Active:
		return nil
	case t.part.Done:
		return t.follow(ctx)
	case now.Before(t.export.ReadTime):
		return errTooSoon
	case t.export.TooOld(now):
		return t.fail(ctx, export.ReadTimeTooOld, errTooOld)
	}
	release, err := t.memory.Reserve(ctx, t.neededMemory())
	if err != nil {
		return err
	}
	defer release()
	limited, cancel := context.WithTimeout(ctx, partTimeout)
	defer cancel()
	return t.conclude(ctx, t.execute(limited))
}

// neededMemory returns the memory in bytes that the part needs.
func (t *task) neededMemory() int64 {
	if t.part.Type == export.RowsPart && t.part.Table == export.ConfigsTable {
		return bundleMemory
	}
	return partMemory
}

// execute does the work of the part.
func (t *task) execute(ctx context.Context) (err error) {
	if t.bucket, err = t.tenantsBucket(ctx, tenant.Exports, t.export.Bucket); err != nil {
		return err
	}
	switch t.part.Type {
	case export.PlanPart:
		return t.plan(ctx)
	case export.RowsPart:
		return t.rows(ctx)
	case export.ListPart:
		return t.list(ctx)
	case export.ManifestPart:
		return t.manifest(ctx)
	default:
		return fmt.Errorf("the part has the unknown type %q", t.part.Type)
	}
}

// finish records what the part wrote and the parts that follow from it.
func (t *task) finish(ctx context.Context, next []export.Part, files ...export.File) error {
	t.part.Finish(files...)
	if err := t.jobs.FinishPart(ctx, t.home, t.export, t.part, next...); err != nil {
		return err
	}
	if len(next) > 0 {
		return nil
	}
	return t.follow(ctx)
}

// follow begins the lists if the part was the last one that plans or has rows.
func (t *task) follow(ctx context.Context) error {
	if t.part.Type == export.ListPart || t.part.Type == export.ManifestPart {
		return nil
	}
	return t.jobs.List(ctx, t.home, t.export.ID)
}

// unreadableError is the error of a document that will never be readable.
type unreadableError struct {
	reason export.Reason
	err    error
}

// Error implements error.
func (e unreadableError) Error() string { return e.err.Error() }

// Unwrap returns the cause.
func (e unreadableError) Unwrap() error { return e.err }

// conclude returns nil for an error after which another delivery of the message
// would not help: it has ended or paused the export instead.
func (t *task) conclude(ctx context.Context, err error) error {
	var unreadable unreadableError
	switch {
	case err == nil, errors.Is(err, export.ErrEnded):
		return nil
	case errors.Is(err, keys.ErrKeyUnavailable), bucket.IsKeyLocked(err):
		t.deps.Log.WarnContext(ctx, "export paused: the tenant's key cannot be used", "tenant", t.home.Tenant, "export", t.export.ID)
		return t.jobs.Pause(ctx, t.home, t.export.ID, export.KeyLocked)
	case bucket.IsForbidden(err):
		t.deps.Log.WarnContext(ctx, "export paused: a bucket cannot be used", "tenant", t.home.Tenant, "export", t.export.ID, "error", err.Error())
		return t.jobs.Pause(ctx, t.home, t.export.ID, export.BucketWithdrawn)
	case errors.As(err, &unreadable):
		return t.fail(ctx, unreadable.reason, err)
	case status.Code(err) == codes.FailedPrecondition && t.deps.Now().Sub(t.export.ReadTime) > time.Hour:
		// Without point-in-time recovery, Firestore reads the last hour only.
		return t.fail(ctx, export.ReadTimeTooOld, err)
	}
	return err
}

// fail ends the export because of the part.
func (t *task) fail(ctx context.Context, reason export.Reason, cause error) error {
	t.deps.Log.ErrorContext(ctx, "export failed", "tenant", t.home.Tenant, "export", t.export.ID, "part", t.part.ID,
		"reason", reason, "error", cause.Error())
	return t.jobs.Fail(ctx, t.home, t.export.ID, reason, t.part.ID)
}
