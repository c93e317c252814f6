package firestore

import (
	"slices"
	"sync"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/strongroom-dev/strongroom/emulator/clock"
)

// database is one store, projects/P/databases/D.
type database struct {
	name  string
	clock *clock.Clock
	disk  *disk // nil: in memory

	mu            sync.Mutex
	live          *state
	snapshot      *state            // of live, until live is written again; may be nil
	last          micros            // latest time that a read or a commit got
	committed     micros            // time of the latest commit
	changed       map[string]micros // time of the latest commit for each collection ID; "" for all of them
	history       history
	pasts         pastStates
	neededIndexes map[string]Index // that queries needed, by Index.key
	transactions  map[string]*transaction
	forgotten     time.Time // when expired transactions were removed
}

func newDatabase(name string, c *clock.Clock, d *disk) *database {
	return &database{
		name:          name,
		clock:         c,
		disk:          d,
		live:          newState(),
		changed:       map[string]micros{},
		neededIndexes: map[string]Index{},
		transactions:  map[string]*transaction{},
	}
}

// tick returns times that never repeat and never decrease. The caller holds mu.
func (db *database) tick() micros {
	db.last = max(db.last+1, micros(db.clock.Now().UnixMicro()))
	return db.last
}

// view is a state to read, with a time that no later commit gets.
type view struct {
	*state
	time micros
}

func (db *database) now() view {
	db.mu.Lock()
	defer db.mu.Unlock()
	return view{db.latest(), db.tick()}
}

// latest returns a state that does not change. The caller holds mu.
func (db *database) latest() *state {
	if db.snapshot == nil {
		db.snapshot = db.live.clone()
	}
	return db.snapshot
}

// at returns the view at a past time, as far as the history reaches. It undoes later
// changes without blocking commits, because there may be many.
func (db *database) at(t micros) (view, error) {
	past, since, err := db.since(t)
	if len(since) == 0 {
		return view{past, t}, err
	}
	for _, c := range slices.Backward(since) {
		past.put(c.key, c.old)
	}
	db.mu.Lock()
	defer db.mu.Unlock()
	db.pasts.add(t, past)
	return view{past, t}, nil
}

// since returns the state at t and no changes, or the current state and the changes
// after t. If there are any, the state is a copy that the caller may change.
func (db *database) since(t micros) (*state, []pastChange, error) {
	db.mu.Lock()
	defer db.mu.Unlock()
	now := db.tick()
	if err := db.history.check(t, now); err != nil {
		return nil, nil, err
	}
	if t >= db.committed {
		return db.latest(), nil, nil
	}
	if past := db.pasts.get(t, db.live.created); past != nil {
		return past, nil, nil
	}
	return db.live.clone(), db.history.after(t), nil
}

// change is what a commit did to one document; old or now is nil if it did not exist.
type change struct {
	key      string
	old, now *document
}

// publish stores a commit and then makes it visible. The caller holds mu.
func (db *database) publish(at micros, changes []change) error {
	if len(changes) == 0 {
		return nil
	}
	dropped := db.history.add(at, changes)
	if err := db.disk.save(db.name, at, changes, dropped); err != nil {
		return status.Errorf(codes.Internal, "write to disk: %v", err) // the history has a change of nothing, which reads do not see
	}
	for _, c := range changes {
		db.live.put(c.key, c.now)
		db.changed[parsePath(c.key).parent().id()] = at
	}
	db.changed[""] = at
	db.snapshot = nil
	db.committed = at
	return nil
}

// maxIndexes limits what each write in a scope has to maintain.
const maxIndexes = 64

// ensureIndex creates the index that a query needs, in this and all later states. It
// returns nil if the scope has maxIndexes.
func (db *database) ensureIndex(sc scope, columns []column) *index {
	db.mu.Lock()
	defer db.mu.Unlock()
	if ix := db.live.index(sc, columns); ix != nil {
		return ix
	}
	if len(db.live.indexes[sc]) >= maxIndexes {
		return nil
	}
	db.live.addIndex(newIndex(db.live.created+1, sc, columns))
	db.snapshot = nil
	return db.live.index(sc, columns)
}
