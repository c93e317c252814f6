// Package directory finds tenants: their records, their databases, and who is
// a member of their workspaces.
package directory

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"sync"
	"time"

	"cloud.google.com/go/firestore"
	"google.golang.org/api/iterator"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/strongroom-dev/strongroom/shared/dataclass"
	"github.com/strongroom-dev/strongroom/shared/gcp"
	"github.com/strongroom-dev/strongroom/shared/records"
	"github.com/strongroom-dev/strongroom/shared/tenant"
)

// maxAge is how long a record is kept: a change is in force after it.
const maxAge = time.Minute

// maxAbsence is how long it is kept that there is no such tenant: anybody may
// ask for any name before a signature is looked at.
const maxAbsence = 5 * time.Second

// maxHeld bounds the records kept in memory.
const maxHeld = 10_000

// Directory reads the tenants' records in the platform's database. It is safe
// for concurrent use.
type Directory struct {
	clients *gcp.Clients
	now     func() time.Time

	mu   sync.Mutex
	held map[string]held // by "id:" or "bucket:" and name
}

type held struct {
	record  tenant.Record
	err     error // tenant.ErrNotFound, or nil
	expires time.Time
}

// New gives the directory that clients reach.
func New(clients *gcp.Clients, now func() time.Time) *Directory {
	return &Directory{clients: clients, now: now, held: map[string]held{}}
}

// Tenant is the record of a tenant, at most a minute old, or
// tenant.ErrNotFound.
func (d *Directory) Tenant(ctx context.Context, id tenant.ID) (tenant.Record, error) {
	return d.cached("id:"+string(id), func() (tenant.Record, error) {
		db, err := d.clients.Default(ctx)
		if err != nil {
			return tenant.Record{}, err
		}
		doc, err := db.Collection("tenants").Doc(string(id)).Get(ctx)
		if status.Code(err) == codes.NotFound {
			return tenant.Record{}, tenant.ErrNotFound
		}
		if err != nil {
			return tenant.Record{}, fmt.Errorf("read tenant: %w", err)
		}
		return decode(doc)
	})
}

// TenantOfBucket is the tenant whose outputs bucket this is, or
// tenant.ErrNotFound. It fails where two tenants name one bucket: neither may
// get the other's objects.
func (d *Directory) TenantOfBucket(ctx context.Context, bucket string) (tenant.Record, error) {
	return d.cached("bucket:"+bucket, func() (tenant.Record, error) {
		db, err := d.clients.Default(ctx)
		if err != nil {
			return tenant.Record{}, err
		}
		docs, err := db.Collection("tenants").Where("outputsBucket", "==", bucket).Limit(2).Documents(ctx).GetAll()
		if err != nil {
			return tenant.Record{}, fmt.Errorf("find tenant: %w", err)
		}
		switch len(docs) {
		case 0:
			return tenant.Record{}, tenant.ErrNotFound
		case 1:
			return decode(docs[0])
		}
		return tenant.Record{}, fmt.Errorf("tenants %s and %s have one outputs bucket", docs[0].Ref.ID, docs[1].Ref.ID)
	})
}

// Each calls do with every tenant. An error of do ends it; a record that cannot
// be read is passed over, and part of the error at the end.
func (d *Directory) Each(ctx context.Context, do func(tenant.Record) error) error {
	db, err := d.clients.Default(ctx)
	if err != nil {
		return err
	}
	docs := db.Collection("tenants").Documents(ctx)
	defer docs.Stop()
	var broken []error
	for {
		doc, err := docs.Next()
		if errors.Is(err, iterator.Done) {
			return errors.Join(broken...)
		}
		if err != nil {
			return fmt.Errorf("list tenants: %w", err)
		}
		record, err := decode(doc)
		if err != nil {
			broken = append(broken, err)
			continue
		}
		if err := do(record); err != nil {
			return errors.Join(append(broken, err)...)
		}
	}
}

// Put writes a tenant's record.
func (d *Directory) Put(ctx context.Context, record tenant.Record) error {
	if err := record.Validate(); err != nil {
		return err
	}
	db, err := d.clients.Default(ctx)
	if err != nil {
		return err
	}
	if _, err := db.Collection("tenants").Doc(string(record.ID)).Set(ctx, record); err != nil {
		return fmt.Errorf("write tenant: %w", err)
	}
	return nil
}

// Database is the client of the database that holds a tenant's documents.
func (d *Directory) Database(ctx context.Context, record tenant.Record) (*firestore.Client, error) {
	project := record.ProjectID
	if record.DatabaseID == "" {
		project = d.clients.Config.ProjectID // the shared one is the platform's
	}
	return d.clients.Firestore(ctx, project, record.DatabaseID)
}

// PlatformTrust is whom the platform trusts to name its staff.
func (d *Directory) PlatformTrust(ctx context.Context) ([]tenant.Trust, error) {
	db, err := d.clients.Default(ctx)
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
	if err := doc.DataTo(&staff); err != nil {
		return nil, fmt.Errorf("read platform staff: %w", err)
	}
	return staff.Trust, nil
}

// staffRecord says whose tokens may name the platform's staff.
type staffRecord struct {
	Trust []tenant.Trust `firestore:"trust"`
}

// membership says that a user is a member of a workspace: by being there. The
// subject is for those who list members.
type membership struct {
	Subject string `firestore:"subject" class:"configuration"`
}

var (
	_ = dataclass.Stored[tenant.Record]("tenants/{tenant}")
	_ = dataclass.Stored[staffRecord]("platform/staff")
	_ = dataclass.Stored[membership]("tenants/{tenant}/workspaces/{workspace}/members/{member}")
)

// Staff is where whom the platform trusts rests: one field, trust.
func Staff(db *firestore.Client) *firestore.DocumentRef {
	return db.Collection("platform").Doc("staff")
}

// Member is where a user's membership of a workspace rests. Subjects are any
// text, so the name is a hash.
func Member(db *firestore.Client, t tenant.ID, w tenant.WorkspaceID, issuer, subject string) *firestore.DocumentRef {
	sum := sha256.Sum256([]byte(issuer + "\x00" + subject))
	return records.Workspace(db, t, w).Collection("members").Doc(hex.EncodeToString(sum[:]))
}

func (d *Directory) cached(key string, read func() (tenant.Record, error)) (tenant.Record, error) {
	d.mu.Lock()
	h, ok := d.held[key]
	d.mu.Unlock()
	if ok && d.now().Before(h.expires) {
		return h.record, h.err
	}
	record, err := read()
	keep := maxAge
	if errors.Is(err, tenant.ErrNotFound) {
		keep = maxAbsence
	} else if err != nil {
		return tenant.Record{}, err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if len(d.held) >= maxHeld {
		clear(d.held)
	}
	d.held[key] = held{record, err, d.now().Add(keep)}
	return record, err
}

func decode(doc *firestore.DocumentSnapshot) (tenant.Record, error) {
	var record tenant.Record
	if err := doc.DataTo(&record); err != nil {
		return tenant.Record{}, fmt.Errorf("read tenant: %w", err)
	}
	if string(record.ID) != doc.Ref.ID {
		return tenant.Record{}, fmt.Errorf("the record of tenant %s names another", doc.Ref.ID)
	}
	return record, nil
}
