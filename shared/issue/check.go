package issue

import (
	"cmp"
	"encoding/binary"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/strongroom-dev/strongroom/shared/run"
)

// Check is a task on a resource: what is known of all its runs. It lies at
// tenants/{t}/workspaces/{w}/checks/{id}.
type Check struct {
	Task     string    `firestore:"task"`
	SLX      string    `firestore:"slx"` // of the newest run
	Resource string    `firestore:"resource"`
	Latest   time.Time `firestore:"latest"` // start of the newest run that ended as success or failure; zero: none
	Last     LastRun   `firestore:"lastRun"`
	Runs     int       `firestore:"runs"`   // folded into it
	Folded   time.Time `firestore:"folded"` // when, by the one who folds; Fold leaves it alone
	Recent   []byte    `firestore:"recent"` // the newest MaxRecent runs, packed
}

// LastRun is the newest run of a check, by start and then id.
type LastRun struct {
	Run     run.ID      `firestore:"run"`
	Start   time.Time   `firestore:"start"`
	End     time.Time   `firestore:"end"`
	Outcome run.Outcome `firestore:"outcome"`
}

// ID names the check.
func (c Check) ID() CheckID { return NewCheckID(c.Task, c.Resource) }

// MaxRecent bounds the runs that a check remembers. A run that is older than
// all of them is counted as any other, but an issue may not notice that this
// run had not found it between two sightings.
const MaxRecent = 512

// Has reports whether run is one of the recent runs folded into the check.
func (c Check) Has(id run.ID) bool {
	return slices.ContainsFunc(unpackRecent(c.Recent), func(r recent) bool { return r.id == id })
}

// recent is what a check remembers of a run.
type recent struct {
	start   int64 // microseconds since 1970
	id      run.ID
	decides bool // success or failure: it looked
}

func (r recent) compare(o recent) int {
	return cmp.Or(cmp.Compare(r.start, o.start), cmp.Compare(r.id, o.id))
}

// A packed recent run is its start (8 bytes, big-endian), its id (16) and
// whether it decides (1).
const recentSize = 8 + 16 + 1

// packRecent packs the newest of runs, which are sorted.
func packRecent(runs []recent) []byte {
	runs = runs[max(0, len(runs)-MaxRecent):]
	packed := make([]byte, 0, len(runs)*recentSize)
	for _, r := range runs {
		id, _ := uuid.Parse(string(r.id)) // a run.ID is a UUID
		packed = binary.BigEndian.AppendUint64(packed, uint64(r.start))
		packed = append(packed, id[:]...)
		packed = append(packed, flag(r.decides))
	}
	return packed
}

func unpackRecent(packed []byte) []recent {
	runs := make([]recent, 0, len(packed)/recentSize)
	for ; len(packed) >= recentSize; packed = packed[recentSize:] {
		runs = append(runs, recent{
			start:   int64(binary.BigEndian.Uint64(packed)),
			id:      run.ID(uuid.UUID(packed[8:24]).String()),
			decides: packed[24] != 0,
		})
	}
	return runs
}

func flag(b bool) byte {
	if b {
		return 1
	}
	return 0
}
