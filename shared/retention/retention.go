// Package retention says what of a tenant is due for deletion, and counts what was deleted.
//
// Package tenant has the settings: after how many days which class of documents is deleted.
// Package functions/legalholds sets the field expireTime of each document that is due and that
// no legal hold covers, Notice before the deletion. Firestore deletes the document some time
// after that time, usually within a day (firebase.google.com/docs/firestore/ttl). A hold that
// is placed meanwhile empties the field again.
//
//	class         documents                                   the days begin when
//	runs          runs, their grants, sightings and indexes   the platform first heard of the run
//	samples       the samples of an SLI from one run          they were reported
//	issues        issues that are resolved                    the platform first heard of the run that resolved it
//	exports       records of exports that have ended          the export ended
//	auditEntries  entries that the audit bucket has too       the action
//
// A run is not due before it is processed, an issue not before it is resolved, and an audit entry
// not before a full bundle of the published log has it. See infra/adr/0061-retention.md and
// infra/adr/0081-audit-entries-expire.md.
package retention

import (
	"context"
	"fmt"
	"time"

	"cloud.google.com/go/firestore"

	"github.com/strongroom-dev/strongroom/shared/dataclass"
	"github.com/strongroom-dev/strongroom/shared/tenant"
)

// Field is the field of documents after whose time Firestore deletes them.
const Field = "expireTime"

// Notice is how long before its deletion a document is marked, at least. In this time, an
// admin can list what is due, and a legal hold can keep it.
const Notice = 7 * 24 * time.Hour

// Longest is the longest time between the mark and the deletion: a pass marks what is due
// within Notice after its start.
const Longest = Notice + 24*time.Hour

// Class is a kind of documents with a retention of its own.
type Class string

// The classes.
const (
	Runs    Class = "runs"
	Samples Class = "samples"
	Issues  Class = "issues"
	Exports Class = "exports"

	AuditEntries Class = "auditEntries"
)

// Classes are all classes.
var Classes = []Class{Runs, Samples, Issues, Exports, AuditEntries}

// DaysOf returns after how many days documents of a class are deleted; zero: never.
func DaysOf(r tenant.Retention, c Class) int64 {
	return map[Class]int64{Runs: r.RunDays, Samples: r.SampleDays, Issues: r.IssueDays, Exports: r.ExportDays, AuditEntries: r.AuditEntryDays}[c]
}

// Pass is how far package functions/legalholds is with looking for what is due in a tenant's
// documents. It is in the tenant's database.
type Pass struct {
	Claim    string `firestore:"claim" class:"operational"`    // of the call that continues the pass: no other call may mark anything
	Rules    string `firestore:"rules" class:"operational"`    // fingerprint of the settings and the holds that it applies
	Reviewed string `firestore:"reviewed" class:"operational"` // Rules of the last review that has finished: nothing is marked that they keep

	Phase     Phase     `firestore:"phase" class:"operational"`
	Unit      string    `firestore:"unit" class:"operational"`      // the collection that is being looked at
	AfterTime time.Time `firestore:"afterTime" class:"operational"` // position in the collection: the last document that was looked at
	AfterID   string    `firestore:"afterId" class:"operational"`   // the same; empty: none

	Started time.Time `firestore:"started" class:"operational"`
	Full    time.Time `firestore:"full" class:"operational"`  // start of the last pass that looked at everything
	Since   time.Time `firestore:"since" class:"operational"` // this pass looks at what is due after that; zero: at everything
	Until   time.Time `firestore:"until" class:"operational"` // and not later than that
}

// Phase is what a pass does. The zero Phase is of a pass that has finished.
type Phase string

// The phases, in their order.
const (
	Review Phase = "review" // looks at what is marked, and takes back what is not due any more
	Mark   Phase = "mark"   // looks for what is due, and marks it
)

// Day counts the documents of a tenant that Firestore deletes from a day (UTC) on.
type Day struct {
	Begin   time.Time `firestore:"begin" class:"operational"`
	Runs    int64     `firestore:"runs" class:"operational"`
	Samples int64     `firestore:"samples" class:"operational"`
	Issues  int64     `firestore:"issues" class:"operational"`
	Exports int64     `firestore:"exports" class:"operational"`

	AuditEntries int64 `firestore:"auditEntries" class:"operational"`
}

var (
	_ = dataclass.Stored[Pass]("tenants/{tenant}/retentionPasses/state")
	_ = dataclass.Stored[Day]("tenants/{tenant}/retentionDays/{day}")
)

// PassRef returns the reference of the pass of a tenant. db is the tenant's database.
func PassRef(db *firestore.Client, t tenant.ID) *firestore.DocumentRef {
	return tenantRef(db, t).Collection("retentionPasses").Doc("state")
}

// ReadPass returns the pass of a tenant, or the zero value if there was none.
func ReadPass(ctx context.Context, db *firestore.Client, t tenant.ID) (p Pass, err error) {
	docs, err := db.GetAll(ctx, []*firestore.DocumentRef{PassRef(db, t)})
	if err == nil && docs[0].Exists() {
		err = docs[0].DataTo(&p)
	}
	if err != nil {
		return p, fmt.Errorf("read the retention: %w", err)
	}
	return p, nil
}

func tenantRef(db *firestore.Client, t tenant.ID) *firestore.DocumentRef {
	return db.Collection("tenants").Doc(string(t))
}

// Unmark takes back the deletion of a document of a class that is not due any more, in tx.
func Unmark(tx *firestore.Transaction, db *firestore.Client, t tenant.ID, c Class, ref *firestore.DocumentRef, expireTime time.Time) error {
	if err := tx.Update(ref, []firestore.Update{{Path: Field, Value: firestore.Delete}}); err != nil {
		return fmt.Errorf("take back a deletion: %w", err)
	}
	counts := Counts{}
	counts.Add(expireTime, c, -1)
	return counts.Write(tx, db, t)
}
