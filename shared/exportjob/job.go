// Package exportjob stores exports, their parts and their schedules, and changes
// them together with the audit log and the outbox:
//
//	tenants/{t}/exports/{export}               export.Export
//	tenants/{t}/exports/{export}/parts/{part}  export.Part
//	tenants/{t}/exportSchedules/{schedule}     export.Schedule
//
// A part that is not done has a message: the transaction that creates the part also
// writes its outbox entry. The transaction that finishes a part creates the parts
// that follow from it. So an export has parts that are not done until all its files
// are written, whatever crashes, and none is forgotten.
package exportjob

import (
	"context"
	"errors"
	"fmt"
	"time"

	"cloud.google.com/go/firestore"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/strongroom-dev/strongroom/shared/auditlog"
	"github.com/strongroom-dev/strongroom/shared/dataclass"
	"github.com/strongroom-dev/strongroom/shared/export"
	"github.com/strongroom-dev/strongroom/shared/outbox"
	"github.com/strongroom-dev/strongroom/shared/tenant"
)

// The names of collections, also as groups.
const (
	ExportsCollection   = "exports"
	PartsCollection     = "parts"
	SchedulesCollection = "exportSchedules"
)

var (
	_ = dataclass.Stored[export.Export]("tenants/{tenant}/exports/{export}")
	_ = dataclass.Stored[export.Part]("tenants/{tenant}/exports/{export}/parts/{part}")
	_ = dataclass.Stored[export.Schedule]("tenants/{tenant}/exportSchedules/{schedule}")
)

// Errors of exports.
var (
	ErrNotFound = errors.New("no such export")
	ErrConflict = errors.New("the export ID is used for another request")
	ErrTooMany  = errors.New("too many exports are active")
	ErrNoPart   = errors.New("no such part")
)

// Jobs changes the exports of tenants. It is safe for concurrent use.
type Jobs struct {
	Audit     *auditlog.Log
	Publisher *outbox.Publisher
	Now       func() time.Time
}

// Home is the place of a tenant's exports.
type Home struct {
	DB     *firestore.Client // with the tenant's documents
	Tenant tenant.ID
}

func (h Home) tenant() *firestore.DocumentRef {
	return h.DB.Collection("tenants").Doc(string(h.Tenant))
}

// Exports returns the collection of the tenant's exports.
func (h Home) Exports() *firestore.CollectionRef { return h.tenant().Collection(ExportsCollection) }

// Schedules returns the collection of the tenant's schedules.
func (h Home) Schedules() *firestore.CollectionRef {
	return h.tenant().Collection(SchedulesCollection)
}

// Parts returns the collection of an export's parts.
func (h Home) Parts(id export.ID) *firestore.CollectionRef {
	return h.Exports().Doc(string(id)).Collection(PartsCollection)
}

// Get reads an export. It returns ErrNotFound if none exists.
func (h Home) Get(ctx context.Context, id export.ID) (export.Export, error) {
	doc, err := h.Exports().Doc(string(id)).Get(ctx)
	if status.Code(err) == codes.NotFound {
		return export.Export{}, ErrNotFound
	}
	if err != nil {
		return export.Export{}, fmt.Errorf("read export: %w", err)
	}
	return Decode[export.Export](doc)
}

// Part reads an export and one of its parts. It returns ErrNotFound or ErrNoPart if
// none exists.
func (h Home) Part(ctx context.Context, id export.ID, part string) (export.Export, export.Part, error) {
	docs, err := h.DB.GetAll(ctx, h.refs(id, part))
	if err != nil {
		return export.Export{}, export.Part{}, fmt.Errorf("read part: %w", err)
	}
	return decodePart(docs)
}

func (h Home) refs(id export.ID, part string) []*firestore.DocumentRef {
	return []*firestore.DocumentRef{h.Exports().Doc(string(id)), h.Parts(id).Doc(part)}
}

// decodePart decodes the documents of refs.
func decodePart(docs []*firestore.DocumentSnapshot) (e export.Export, p export.Part, err error) {
	if !docs[0].Exists() {
		return e, p, ErrNotFound
	}
	if e, err = Decode[export.Export](docs[0]); err != nil {
		return e, p, err
	}
	if !docs[1].Exists() {
		return e, p, ErrNoPart
	}
	p, err = Decode[export.Part](docs[1])
	return e, p, err
}

// Decode reads an export, a part or a schedule from its document, which exists.
func Decode[T export.Export | export.Part | export.Schedule](doc *firestore.DocumentSnapshot) (T, error) {
	var value T
	if err := doc.DataTo(&value); err != nil {
		return value, fmt.Errorf("read %T: %w", value, err)
	}
	return value, nil
}

// Progress is how much of an export is written.
type Progress struct {
	Parts int64 // known so far; planning adds some
	Done  int64
	Rows  int64
	Bytes int64 // of files
}

// Progress counts the parts of an export.
func (h Home) Progress(ctx context.Context, id export.ID) (p Progress, err error) {
	parts := h.Parts(id)
	done := parts.Where("done", "==", true)
	for _, one := range []struct {
		query *firestore.AggregationQuery
		into  *int64
	}{
		{parts.NewAggregationQuery().WithCount("n"), &p.Parts},
		{done.NewAggregationQuery().WithCount("n"), &p.Done},
		{parts.NewAggregationQuery().WithSum("rows", "n"), &p.Rows},
		{parts.NewAggregationQuery().WithSum("bytes", "n"), &p.Bytes},
	} {
		result, err := one.query.Get(ctx)
		if err != nil {
			return Progress{}, fmt.Errorf("count the parts of an export: %w", err)
		}
		if *one.into, err = number(result, "n"); err != nil {
			return Progress{}, err
		}
	}
	return p, nil
}
