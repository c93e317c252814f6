package quota

import (
	"context"
	"fmt"
	"time"

	"cloud.google.com/go/firestore"

	"github.com/strongroom-dev/strongroom/shared/dataclass"
	"github.com/strongroom-dev/strongroom/shared/tenant"
)

// Count is how much of a kind was used in a day.
type Count struct {
	Used   int64 `firestore:"used" class:"operational"`   // as processes have reported
	Leased int64 `firestore:"leased" class:"operational"` // by processes, also what they did not use
}

// Usage is what a tenant has used in a day.
type Usage struct {
	Begin   time.Time `firestore:"begin" class:"operational"`
	Expires time.Time `firestore:"expires" class:"operational"` // Firestore deletes the document some time after that; zero under a legal hold
	Held    time.Time `firestore:"heldUntil" class:"operational"`

	Bytes      Count `firestore:"bytes"`
	Parts      Count `firestore:"parts"`
	Runs       Count `firestore:"runs"`
	Samples    Count `firestore:"samples"`
	Sightings  Count `firestore:"sightings"`
	Exports    Count `firestore:"exports"`
	ModelSends Count `firestore:"modelSends"`
	Requests   Count `firestore:"requests"`
}

// minute counts the requests of a minute.
type minute struct {
	Begin    time.Time `firestore:"begin" class:"operational"`
	Expires  time.Time `firestore:"expires" class:"operational"`
	Requests Count     `firestore:"requests"`
}

var (
	_ = dataclass.Stored[Usage]("tenants/{tenant}/usage/{day}")
	_ = dataclass.Stored[minute]("tenants/{tenant}/requestMinutes/{minute}")
)

// Of returns the count of a kind.
func (u Usage) Of(kind Kind) Count {
	return map[Kind]Count{
		Bytes: u.Bytes, Parts: u.Parts, Runs: u.Runs, Samples: u.Samples, Sightings: u.Sightings,
		Exports: u.Exports, ModelSends: u.ModelSends, Requests: u.Requests,
	}[kind]
}

// Read returns what a tenant has used in each day from the day of from to that of to, oldest
// first. A day without a document has used nothing.
func Read(ctx context.Context, db *firestore.Client, t tenant.ID, from, to time.Time) ([]Usage, error) {
	var refs []*firestore.DocumentRef
	var days []Usage
	for day := daily.begin(from); !day.After(to); day = day.Add(daily.length) {
		refs = append(refs, daily.ref(db, t, "", day))
		days = append(days, Usage{Begin: day})
	}
	docs, err := db.GetAll(ctx, refs)
	if err != nil {
		return nil, fmt.Errorf("read usage: %w", err)
	}
	for i, doc := range docs {
		if !doc.Exists() {
			continue
		}
		if err := doc.DataTo(&days[i]); err != nil {
			return nil, fmt.Errorf("read usage: %w", err)
		}
	}
	return days, nil
}
