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
	disk  *disk // nil: memory only

	mu           sync.Mutex
	live         *state
	snapshot     *state            // of live, until it is written again; may be nil
	last         micros            // latest time given out for a read or a commit
	committed    micros            // latest commit
	changed      map[string]micros // latest commit that touched a collection id; "" for all of them
	history      history
	indexes      int              // made so far
	needs        map[string]Index // that queries asked for, by Index.key
	transactions map[string]*transaction
}

func newDatabase(name string, c *clock.Clock, d *disk) *database {
	return &database{
		name:         name,
		clock:        c,
		disk:         d,
		live:         newState(),
		changed:      map[string]micros{},
		needs:        map[string]Index{},
		transactions: map[string]*transaction{},
	}
}

// tick gives times that never repeat and never go back. Caller holds mu.
func (db *database) tick() micros {
	db.last = max(db.last+1, micros(db.clock.Now().UnixMicro()))
	return db.last
}

// view is a state to read from, as of a time that no later commit will reach.
type view struct {
	*state
	time micros
}

func (db *database) now() view {
	db.mu.Lock()
	defer db.mu.Unlock()
	return view{db.latest(), db.tick()}
}

// latest is a state that stays as it is. Caller holds mu.
func (db *database) latest() *state {
	if db.snapshot == nil {
		db.snapshot = db.live.clone()
	}
	return db.snapshot
}

// at is the past, as far as Firestore remembers it. What was committed since is
// taken back without holding up commits: it may be much.
func (db *database) at(t micros) (view, error) {
	past, since, err := db.since(t)
	for _, c := range slices.Backward(since) {
		past.put(c.key, c.old)
	}
	return view{past, t}, err
}

// since gives a state of now and, if anything was committed after t, what that
// replaced; then the state is the caller's to change.
func (db *database) since(t micros) (*state, []pastChange, error) {
	db.mu.Lock()
	defer db.mu.Unlock()
	now := db.tick()
	switch {
	case t > now:
		return nil, nil, invalid("The requested read time is in the future.")
	case t < now-micros(historyLength/time.Microsecond) || t < db.history.floor:
		return nil, nil, status.Error(codes.FailedPrecondition, "The requested snapshot version is too old.")
	case t >= db.committed:
		return db.latest(), nil, nil
	}
	return db.live.clone(), db.history.after(t), nil
}

// change is what a commit did to one document; old or now is nil where none was.
type change struct {
	key      string
	old, now *document
}

// publish makes a commit durable and then seen. Caller holds mu.
func (db *database) publish(at micros, changes []change) error {
	if len(changes) == 0 {
		return nil
	}
	if err := db.disk.save(db.name, changes); err != nil {
		return status.Errorf(codes.Internal, "write to disk: %v", err)
	}
	for _, c := range changes {
		db.live.put(c.key, c.now)
		db.changed[parsePath(c.key).parent().id()] = at
	}
	db.changed[""] = at
	db.snapshot = nil
	db.committed = at
	db.history.add(at, changes)
	return nil
}

// maxIndexes bounds what each write of a scope has to maintain.
const maxIndexes = 64

// ensureIndex makes the index that a query needs, for this and all later
// states. It is nil when the scope has its fill.
func (db *database) ensureIndex(sc scope, columns []column) *index {
	db.mu.Lock()
	defer db.mu.Unlock()
	if ix := db.live.index(sc, columns); ix != nil {
		return ix
	}
	if len(db.live.indexes[sc]) >= maxIndexes {
		return nil
	}
	db.indexes++
	ix := newIndex(db.indexes, sc, columns)
	db.live.addIndex(ix)
	db.snapshot = nil
	return ix
}
