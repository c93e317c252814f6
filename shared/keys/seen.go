package keys

import (
	"context"
	"fmt"
	"time"

	"cloud.google.com/go/firestore"

	"github.com/strongroom-dev/strongroom/shared/tenant"
)

// SeenEvery is how often a function's use of a key is recorded at most, however many processes
// it has.
const SeenEvery = 5 * time.Minute

// seenTimeout limits how long a request waits for the record of a use.
const seenTimeout = 2 * time.Second

// recordSeen records that Cloud KMS has unwrapped a key for this function. The document was just read,
// so it is known whether another process of the function has recorded a use lately. If a use
// cannot be recorded, the request continues, and the next use is recorded.
func (s store) recordSeen(ctx context.Context, epoch uint32, seen map[string]time.Time, at time.Time) {
	if s.config.Function == "" || at.Sub(seen[s.config.Function]) < SeenEvery {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, seenTimeout)
	defer cancel()
	_, _ = s.ref(epoch).Update(ctx, []firestore.Update{
		{FieldPath: firestore.FieldPath{"seen", s.config.Function}, Value: at.UTC().Truncate(time.Microsecond)},
	})
}

// seenAt returns the uses of a key that this function has just created.
func (s store) seenAt(at time.Time) map[string]time.Time {
	if s.config.Function == "" {
		return nil
	}
	return map[string]time.Time{s.config.Function: at}
}

// Seen returns when Cloud KMS last unwrapped a key of a tenant for each function, by the
// function's entry point. The time is at most SeenEvery older than the last use, and each
// process then has the key in memory for MaxAge.
func Seen(ctx context.Context, db *firestore.Client, id tenant.ID) (map[string]time.Time, error) {
	at := db.Collection("tenants").Doc(string(id))
	all := map[string]time.Time{}
	for _, keys := range []*firestore.CollectionRef{at.Collection("deks"), at.Collection("macs")} {
		docs, err := keys.Select("seen").Documents(ctx).GetAll()
		if err != nil {
			return nil, fmt.Errorf("read when the key was seen: %w", err)
		}
		for _, doc := range docs {
			var w wrapped
			if err := doc.DataTo(&w); err != nil {
				return nil, fmt.Errorf("read when the key was seen: %w", err)
			}
			for function, seen := range w.Seen {
				if seen.After(all[function]) {
					all[function] = seen
				}
			}
		}
	}
	return all, nil
}
