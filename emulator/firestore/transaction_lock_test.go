package firestore

import (
	"runtime"
	"testing"
	"time"

	"github.com/strongroom-dev/strongroom/emulator/clock"
)

// Commit and rollback hold the database while they wait for the transaction, so
// a read must not hold the transaction while it waits for the database.
func TestAReadDoesNotKeepTheRollbackOfItsTransactionWaiting(t *testing.T) {
	t.Parallel()
	db := newDatabase("projects/p/databases/d", &clock.Clock{}, nil)
	for range 200 {
		tx, err := db.begin(nil)
		if err != nil {
			t.Fatal(err)
		}
		db.mu.Lock()
		done := make(chan struct{})
		go func() { defer close(done); tx.read(db) }()
		for range 20 {
			runtime.Gosched() // let the read run until it blocks
		}
		free := false
		for end := time.Now().Add(time.Second); !free && time.Now().Before(end); runtime.Gosched() {
			if free = tx.mu.TryLock(); free {
				tx.mu.Unlock()
			}
		}
		db.mu.Unlock()
		if <-done; !free {
			t.Fatal("the read holds the transaction")
		}
	}
}
