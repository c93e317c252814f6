// Package directory looks up tenants: their records, their databases and the
// members of their workspaces.
//
// These documents decide who may do what, so they are in a database of their own.
// The functions can read that database and not write to it; Terraform and package
// functions/tenants write it. Any other function that is taken over cannot make anybody an
// admin.
//
// A tenant has two documents: the record, which Terraform owns, and the settings, which
// package functions/tenants writes. Each lookup returns the record with the settings applied.
// See infra/adr/0029-one-record-two-owners.md.
package directory

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"cloud.google.com/go/firestore"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/strongroom-dev/strongroom/shared/dataclass"
	"github.com/strongroom-dev/strongroom/shared/gcp"
	"github.com/strongroom-dev/strongroom/shared/tenant"
)

// DatabaseID is the ID of the directory's database, in the platform's project.
const DatabaseID = "directory"

// MaxAge is how long a record is cached, so a change takes effect after at most
// this time.
const MaxAge = time.Minute

// maxNotFoundAge is how long the absence of a tenant is cached. A tenant is looked
// up before a signature is verified, so anybody can ask for any name.
const maxNotFoundAge = 5 * time.Second

// maxCached limits the number of cached records.
const maxCached = 10_000

// Directory reads the tenants' records in its own database. It is safe for
// concurrent use.
type Directory struct {
	clients *gcp.Clients
	now     func() time.Time

	mu    sync.Mutex
	cache map[string]cachedRecord // by "id:" or "bucket:" and name
	staff struct {
		trust   []tenant.Trust
		expires time.Time
	}
	workspaces map[workspaceName]time.Time // that exist, with the time from which that must be read again
}

type workspaceName struct {
	tenant    tenant.ID
	workspace tenant.WorkspaceID
}

type cachedRecord struct {
	record  tenant.Record
	err     error // tenant.ErrNotFound, or nil
	expires time.Time
}

// New returns a directory that reads with clients.
func New(clients *gcp.Clients, now func() time.Time) *Directory {
	return &Directory{clients: clients, now: now, cache: map[string]cachedRecord{}, workspaces: map[workspaceName]time.Time{}}
}

// Client returns the client of the directory's own database.
func (d *Directory) Client(ctx context.Context) (*firestore.Client, error) {
	return d.clients.Firestore(ctx, d.clients.Config.ProjectID, DatabaseID)
}

// Tenant returns a tenant's record, which is at most a minute old. It returns
// tenant.ErrNotFound if there is no such tenant.
func (d *Directory) Tenant(ctx context.Context, id tenant.ID) (tenant.Record, error) {
	return d.cached("id:"+string(id), func() (tenant.Record, error) {
		db, err := d.Client(ctx)
		if err != nil {
			return tenant.Record{}, err
		}
		record, settings, err := read(ctx, db, id)
		return record.With(settings), err
	})
}

// BucketOf is tenant.Record.BucketOf for a record that Tenant has returned. If the record does not
// have the bucket, it reads the record again: the storage may have changed within the last minute.
// customers says that the bucket is in the customer's project.
func (d *Directory) BucketOf(ctx context.Context, record tenant.Record, c tenant.Component, remembered string) (bucket string, customers bool, err error) {
	bucket, err = record.BucketOf(c, remembered)
	if errors.Is(err, tenant.ErrForeignBucket) {
		if record, _, err = d.Read(ctx, record.ID); err != nil {
			return "", false, err
		}
		bucket, err = record.BucketOf(c, remembered)
	}
	return bucket, record.IsCustomers(bucket), err
}

// TenantOfBucket returns the tenant that an outputs bucket belongs to, or did before, or
// tenant.ErrNotFound. It fails if two tenants name the same bucket, because neither
// may receive the other's objects.
func (d *Directory) TenantOfBucket(ctx context.Context, bucket string) (tenant.Record, error) {
	return d.cached("bucket:"+bucket, func() (tenant.Record, error) {
		return d.findTenant(ctx, "outputs bucket", firestore.OrFilter{Filters: []firestore.EntityFilter{
			firestore.PropertyFilter{Path: "outputsBucket", Operator: "==", Value: bucket},
			firestore.PropertyFilter{Path: "earlierOutputsBuckets", Operator: "array-contains", Value: bucket},
		}})
	})
}

// TenantOfClient returns the tenant that trusts a client ID of an issuer, or
// tenant.ErrNotFound. It fails if two tenants do, because a token opens one tenant.
func (d *Directory) TenantOfClient(ctx context.Context, issuer, clientID string) (tenant.Record, error) {
	key := tenant.ClientKey(issuer, clientID)
	return d.cached("client:"+key, func() (tenant.Record, error) {
		return d.findTenant(ctx, "the client ID of an issuer", firestore.PropertyFilter{Path: "clients", Operator: "array-contains", Value: key})
	})
}

// findTenant returns the only tenant that a query finds.
func (d *Directory) findTenant(ctx context.Context, what string, filter firestore.EntityFilter) (tenant.Record, error) {
	db, err := d.Client(ctx)
	if err != nil {
		return tenant.Record{}, err
	}
	docs, err := db.Collection("tenants").WhereEntity(filter).Limit(2).Documents(ctx).GetAll()
	if err != nil {
		return tenant.Record{}, fmt.Errorf("find tenant: %w", err)
	}
	switch len(docs) {
	case 0:
		return tenant.Record{}, tenant.ErrNotFound
	case 1:
		record, settings, err := read(ctx, db, tenant.ID(docs[0].Ref.ID))
		return record.With(settings), err
	}
	return tenant.Record{}, fmt.Errorf("tenants %s and %s have the same %s", docs[0].Ref.ID, docs[1].Ref.ID, what)
}

// Each calls visit with the record of every tenant. If visit returns an error,
// Each stops and returns it. Each skips a record that cannot be read, and returns
// its error at the end.
func (d *Directory) Each(ctx context.Context, visit func(tenant.Record) error) error {
	return d.EachWithSettings(ctx, func(record tenant.Record, settings tenant.Settings) error {
		return visit(record.With(settings))
	})
}

// EachRecord is like Each, but calls visit with the record as Terraform wrote it, which costs
// one call less. It is for those who need no setting.
func (d *Directory) EachRecord(ctx context.Context, visit func(tenant.Record) error) error {
	db, err := d.Client(ctx)
	if err != nil {
		return err
	}
	docs, err := db.Collection("tenants").Documents(ctx).GetAll()
	if err != nil {
		return fmt.Errorf("list tenants: %w", err)
	}
	var broken []error
	for _, doc := range docs {
		record, err := decode(doc)
		if err != nil {
			broken = append(broken, err)
			continue
		}
		if err := visit(record); err != nil {
			return errors.Join(append(broken, err)...)
		}
	}
	return errors.Join(broken...)
}

// EachWithSettings is like Each, and calls visit with the record as Terraform wrote it and with the
// settings of the API. As with Each, the trust rules of the API are missing: they can need 200 KiB for
// each tenant, and nobody who visits all tenants verifies tokens.
func (d *Directory) EachWithSettings(ctx context.Context, visit func(tenant.Record, tenant.Settings) error) error {
	db, err := d.Client(ctx)
	if err != nil {
		return err
	}
	docs, err := db.Collection("tenants").Documents(ctx).GetAll()
	if err != nil {
		return fmt.Errorf("list tenants: %w", err)
	}
	changed, err := settingsOfAll(ctx, db)
	if err != nil {
		return err
	}
	var broken []error
	for _, doc := range docs {
		record, err := decode(doc)
		var own tenant.Settings
		if settings := changed[doc.Ref.ID]; settings != nil {
			var settingsErr error
			own, settingsErr = DecodeSettings(settings)
			err = errors.Join(err, settingsErr)
		}
		if err != nil {
			broken = append(broken, err)
			continue
		}
		if err := visit(record, own); err != nil {
			return errors.Join(append(broken, err)...)
		}
	}
	return errors.Join(broken...)
}

// Put writes a tenant's record.
func (d *Directory) Put(ctx context.Context, record tenant.Record) error {
	if err := record.Validate(); err != nil {
		return err
	}
	db, err := d.Client(ctx)
	if err != nil {
		return err
	}
	if _, err := db.Collection("tenants").Doc(string(record.ID)).Set(ctx, record); err != nil {
		return fmt.Errorf("write tenant: %w", err)
	}
	return nil
}

// Database returns the client of the database with a tenant's documents.
func (d *Directory) Database(ctx context.Context, record tenant.Record) (*firestore.Client, error) {
	project := record.ProjectID
	if record.DatabaseID == "" {
		project = d.clients.Config.ProjectID // the shared database is in the platform's project
	}
	return d.clients.Firestore(ctx, project, record.DatabaseID)
}

// PlatformTrust returns the issuers whose tokens identify platform staff. It is at
// most a minute old: anybody can ask for it, because it is read before a signature
// is verified.
func (d *Directory) PlatformTrust(ctx context.Context) ([]tenant.Trust, error) {
	d.mu.Lock()
	staff := d.staff
	d.mu.Unlock()
	if d.now().Before(staff.expires) {
		return staff.trust, nil
	}
	now := d.now() // from before the read, so that the trust is not older than it seems
	trust, err := d.readPlatformTrust(ctx)
	if err != nil {
		return nil, err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.staff.trust, d.staff.expires = trust, now.Add(MaxAge)
	return trust, nil
}

func (d *Directory) readPlatformTrust(ctx context.Context) ([]tenant.Trust, error) {
	db, err := d.Client(ctx)
	if err != nil {
		return nil, err
	}
	doc, err := Staff(db).Get(ctx)
	if status.Code(err) == codes.NotFound {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read platform staff: %w", err)
	}
	var staff staffRecord
	if err := errors.Join(doc.DataTo(&staff), tenant.ValidateStaff(staff.Trust)); err != nil {
		return nil, fmt.Errorf("read platform staff: %w", err)
	}
	return staff.Trust, nil
}

// staffRecord says whose tokens may name the platform's staff.
type staffRecord struct {
	Trust []tenant.Trust `firestore:"trust"`
}

// workspaceRecord says that a workspace exists.
type workspaceRecord struct {
	ID tenant.WorkspaceID `firestore:"id" class:"operational"`
}

var (
	_ = dataclass.Stored[tenant.Record]("tenants/{tenant}")
	_ = dataclass.Stored[staffRecord]("platform/staff")
	_ = dataclass.Stored[workspaceRecord]("tenants/{tenant}/workspaces/{workspace}")
)

// Staff returns the reference of the document with the trust of the platform. db is
// the directory's database.
func Staff(db *firestore.Client) *firestore.DocumentRef {
	return db.Collection("platform").Doc("staff")
}

// Workspace returns the reference of the document that says that a workspace
// exists. db is the directory's database.
func Workspace(db *firestore.Client, t tenant.ID, w tenant.WorkspaceID) *firestore.DocumentRef {
	return db.Collection("tenants").Doc(string(t)).Collection("workspaces").Doc(string(w))
}

// HasWorkspace reports whether a tenant has a workspace now. It does not cache.
func (d *Directory) HasWorkspace(ctx context.Context, t tenant.ID, w tenant.WorkspaceID) (bool, error) {
	db, err := d.Client(ctx)
	if err != nil {
		return false, err
	}
	_, err = Workspace(db, t, w).Get(ctx)
	if status.Code(err) == codes.NotFound {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("read workspace: %w", err)
	}
	return true, nil
}

func (d *Directory) cached(key string, read func() (tenant.Record, error)) (tenant.Record, error) {
	d.mu.Lock()
	entry, ok := d.cache[key]
	d.mu.Unlock()
	if ok && d.now().Before(entry.expires) {
		return entry.record, entry.err
	}
	now := d.now() // from before the read, so that the record is not older than it seems
	record, err := read()
	age := MaxAge
	if errors.Is(err, tenant.ErrNotFound) {
		age = maxNotFoundAge
	} else if err != nil {
		return tenant.Record{}, err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if len(d.cache) >= maxCached {
		clear(d.cache)
	}
	d.cache[key] = cachedRecord{record: record, err: err, expires: now.Add(age)}
	return record, err
}

func decode(doc *firestore.DocumentSnapshot) (tenant.Record, error) {
	var record tenant.Record
	if err := doc.DataTo(&record); err != nil {
		return tenant.Record{}, fmt.Errorf("read tenant: %w", err)
	}
	if string(record.ID) != doc.Ref.ID {
		return tenant.Record{}, fmt.Errorf("the record of tenant %s has the ID of another tenant", doc.Ref.ID)
	}
	if err := record.Validate(); err != nil {
		return tenant.Record{}, fmt.Errorf("the record of tenant %s is invalid: %w", doc.Ref.ID, err)
	}
	return record, nil
}
