package runs

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"time"

	"cloud.google.com/go/firestore"

	"github.com/strongroom-dev/strongroom/shared/run"
)

// seriesCollection is the name of the collection of series, below a workspace.
const seriesCollection = "series"

// record is what one run measured of one SLI, as it rests at
// tenants/{t}/workspaces/{w}/series/{run}-{hash of the SLI's name}.
type record struct {
	SLI    string      `firestore:"sli"`
	Run    run.ID      `firestore:"run"`
	SLX    string      `firestore:"slx"` // of the run
	Times  []time.Time `firestore:"times"`
	Values []float64   `firestore:"values"` // one for each time
	First  time.Time   `firestore:"first"`
	Last   time.Time   `firestore:"last"`
}

// write writes one SLI's samples of a run.
func (s series) write(tx *firestore.Transaction, place run.Place, r run.Run) error {
	sum := sha256.Sum256([]byte(s.sli))
	ref := seriesOf(place).Doc(string(r.ID) + "-" + hex.EncodeToString(sum[:16]))
	rec := record{SLI: s.sli, Run: r.ID, SLX: r.Start.SLX, First: s.samples[0].Time, Last: s.samples[len(s.samples)-1].Time}
	for _, sample := range s.samples {
		rec.Times, rec.Values = append(rec.Times, sample.Time), append(rec.Values, sample.Value)
	}
	if err := tx.Set(ref, rec); err != nil {
		return fmt.Errorf("write series: %w", err)
	}
	return nil
}

func seriesOf(place run.Place) *firestore.CollectionRef {
	return place.Record.Parent.Parent.Collection(seriesCollection)
}
