package retention

import (
	"context"
	"fmt"
	"time"

	"cloud.google.com/go/firestore"

	"github.com/strongroom-dev/strongroom/shared/tenant"
)

const dayLength = 24 * time.Hour

func beginOf(at time.Time) time.Time { return at.UTC().Truncate(dayLength) }

func dayRef(db *firestore.Client, t tenant.ID, begin time.Time) *firestore.DocumentRef {
	return tenantRef(db, t).Collection("retentionDays").Doc(begin.Format(time.DateOnly))
}

// Counts are changes of the numbers of documents that are deleted, by day. They are written in
// the transaction that marks the documents, so the numbers are exact whatever fails.
type Counts map[time.Time]map[Class]int64

// Add adds documents of a class that are deleted from a time on, or that are not any more.
func (c Counts) Add(at time.Time, class Class, documents int64) {
	begin := beginOf(at)
	if c[begin] == nil {
		c[begin] = map[Class]int64{}
	}
	c[begin][class] += documents
}

// Write adds the changes to the numbers of each day, in tx.
func (c Counts) Write(tx *firestore.Transaction, db *firestore.Client, t tenant.ID) error {
	for begin, classes := range c {
		fields := map[string]any{"begin": begin}
		for class, n := range classes {
			fields[string(class)] = firestore.Increment(n)
		}
		if err := tx.Set(dayRef(db, t, begin), fields, firestore.MergeAll); err != nil {
			return fmt.Errorf("count what is deleted: %w", err)
		}
	}
	return nil
}

// Of returns the number of a class.
func (d Day) Of(c Class) int64 {
	return map[Class]int64{Runs: d.Runs, Samples: d.Samples, Issues: d.Issues, Exports: d.Exports, AuditEntries: d.AuditEntries}[c]
}

// ReadDays returns the numbers of each day from the day of from to that of to, oldest first. A
// day without a document has zeros.
func ReadDays(ctx context.Context, db *firestore.Client, t tenant.ID, from, to time.Time) (days []Day, err error) {
	var refs []*firestore.DocumentRef
	for begin := beginOf(from); !begin.After(to); begin = begin.Add(dayLength) {
		refs, days = append(refs, dayRef(db, t, begin)), append(days, Day{Begin: begin})
	}
	docs, err := db.GetAll(ctx, refs)
	if err != nil {
		return nil, fmt.Errorf("read what is deleted: %w", err)
	}
	for i, doc := range docs {
		if !doc.Exists() {
			continue
		}
		if err := doc.DataTo(&days[i]); err != nil {
			return nil, fmt.Errorf("read what is deleted: %w", err)
		}
	}
	return days, nil
}
