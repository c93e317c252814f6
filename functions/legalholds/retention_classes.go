package legalholds

import (
	"fmt"
	"time"

	"cloud.google.com/go/firestore"

	"github.com/strongroom-dev/strongroom/shared/auditlog"
	"github.com/strongroom-dev/strongroom/shared/export"
	"github.com/strongroom-dev/strongroom/shared/exportjob"
	"github.com/strongroom-dev/strongroom/shared/issue"
	"github.com/strongroom-dev/strongroom/shared/records"
	"github.com/strongroom-dev/strongroom/shared/retention"
	"github.com/strongroom-dev/strongroom/shared/run"
	"github.com/strongroom-dev/strongroom/shared/sli"
	"github.com/strongroom-dev/strongroom/shared/tenant"
)

// class is a kind of documents with a retention of its own.
type class struct {
	name       retention.Class
	collection string
	ofTenant   bool     // the collection is below the tenant, and not below each workspace
	order      string   // time field in whose order the documents are looked at; empty: their IDs, which begin with the ID of a run
	fields     []string // that read needs
	read       func(*firestore.DocumentSnapshot) (facts, error)

	// children returns queries for the documents that are deleted with a document. Firestore
	// deletes nothing below a document by itself.
	children func(*firestore.DocumentRef) []firestore.Query
}

// facts are what decides whether a document is due.
type facts struct {
	base       time.Time // the retention begins; zero: it has not begun
	run        run.ID    // that the document belongs to; empty: every hold on something of the workspace covers it
	expireTime time.Time
	index      int64 // of an audit entry
}

// classes are in the order in which a pass looks at them. Each workspace has all of them but those
// of the tenant.
var classes = []class{
	{name: retention.Exports, collection: exportjob.ExportsCollection, ofTenant: true, order: "ended", fields: []string{"ended", "active"}, read: readExport,
		children: func(ref *firestore.DocumentRef) []firestore.Query {
			return []firestore.Query{ref.Collection(exportjob.PartsCollection).Query}
		}},
	{name: retention.Runs, collection: records.RunsCollection, fields: []string{"created", "state", "pending", "grantsFinal"}, read: readRun,
		children: func(ref *firestore.DocumentRef) []firestore.Query {
			return []firestore.Query{
				ref.Collection(records.SightingsCollection).Query, ref.Collection(records.IndexesCollection).Query,
				ref.Parent.Parent.Collection(records.GrantsCollection).Where("run", "==", ref.ID),
			}
		}},
	{name: retention.Samples, collection: records.SeriesCollection, fields: []string{"run", "waiting"}, read: readSeries},
	{name: retention.AuditEntries, collection: auditlog.EntriesCollection, ofTenant: true, fields: []string{"time", "index"}, read: readAuditEntry},
	{name: retention.Issues, collection: records.IssuesCollection, order: "resolvedCreated", fields: []string{"resolvedAt", "resolvedCreated", "lastReported"}, read: readIssue},
}

// readRun: a run that has ended is due when it is processed. A lost run is due without a report.
func readRun(doc *firestore.DocumentSnapshot) (f facts, err error) {
	var r run.Run
	if err := doc.DataTo(&r); err != nil {
		return f, fmt.Errorf("read run: %w", err)
	}
	f = facts{run: run.ID(doc.Ref.ID), expireTime: r.ExpireTime}
	if r.State == run.Ended && r.GrantsFinal && !r.Pending || r.State == run.Lost {
		f.base = r.Created
	}
	return f, nil
}

// readSeries: the document is created with the report.
func readSeries(doc *firestore.DocumentSnapshot) (f facts, err error) {
	var s sli.Series
	if err := doc.DataTo(&s); err != nil {
		return f, fmt.Errorf("read samples: %w", err)
	}
	f = facts{run: s.Run, expireTime: s.ExpireTime}
	if !s.Waiting {
		f.base = doc.CreateTime
	}
	return f, nil
}

func readIssue(doc *firestore.DocumentSnapshot) (f facts, err error) {
	var i issue.Issue
	if err := doc.DataTo(&i); err != nil {
		return f, fmt.Errorf("read issue: %w", err)
	}
	f.expireTime = i.ExpireTime
	if i.ResolvedAt.Before(issue.Unresolved) {
		f.base = i.ResolvedCreated
		if i.LastReported.After(f.base) {
			f.base = i.LastReported
		}
	}
	return f, nil
}

func readExport(doc *firestore.DocumentSnapshot) (f facts, err error) {
	var e export.Export
	if err := doc.DataTo(&e); err != nil {
		return f, fmt.Errorf("read export: %w", err)
	}
	f.expireTime = e.ExpireTime
	if !e.Active {
		f.base = e.Ended
	}
	return f, nil
}

// readAuditEntry: without an index, the entry is only in its document.
func readAuditEntry(doc *firestore.DocumentSnapshot) (f facts, err error) {
	age, err := auditlog.AgeOf(doc)
	if err != nil {
		return f, err
	}
	f = facts{expireTime: age.ExpireTime, index: age.Index}
	if age.Index >= 0 {
		f.base = age.Time
	}
	return f, nil
}

// in returns the collection of a class.
func (c class) in(db *firestore.Client, t tenant.ID, w tenant.WorkspaceID) *firestore.CollectionRef {
	if c.ofTenant {
		return db.Collection("tenants").Doc(string(t)).Collection(c.collection)
	}
	return records.Workspace(db, t, w).Collection(c.collection)
}

// due returns the documents whose retention began after since and until a time, or before by
// their IDs. A document whose ID has a later time than its run is found later.
func (c class) due(collection *firestore.CollectionRef, since, until time.Time) firestore.Query {
	if c.order != "" {
		return collection.Where(c.order, ">", since).Where(c.order, "<=", until).OrderBy(c.order, firestore.Asc).OrderBy(firestore.DocumentID, firestore.Asc)
	}
	query := collection.OrderBy(firestore.DocumentID, firestore.Asc).EndBefore(idAt(until))
	if !since.IsZero() {
		query = query.StartAt(idAt(since))
	}
	return query
}

// idAt is the beginning of a UUIDv7 of a time: its first 48 bits are milliseconds.
func idAt(at time.Time) string {
	digits := fmt.Sprintf("%012x", max(at.UnixMilli(), 0))
	return digits[:8] + "-" + digits[8:]
}
