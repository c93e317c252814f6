package spool

import (
	"runtime"
	"slices"
	"testing"

	"golang.org/x/sync/errgroup"
)

// Each write of the journal waits twice for the disk. Parts that are stored while one is being
// written share the next one.
func TestChangesThatWaitShareAWriteOfTheJournal(t *testing.T) {
	t.Parallel()
	dir, err := Open(t.TempDir() + "/spool")
	if err != nil {
		t.Fatal(err)
	}
	run, err := dir.Create(Journal{Run: "01890a5d-ac96-774b-bcce-b302099a8057", Outputs: []Output{{Name: "o"}}}, "")
	if err != nil {
		t.Fatal(err)
	}
	defer run.Close()
	var group errgroup.Group
	entered, release := make(chan struct{}), make(chan struct{})
	group.Go(func() error { return run.Update(func(*Journal) { close(entered); <-release }) })
	<-entered
	const others = 4
	written := make(chan *Journal, others)
	for n := range others {
		group.Go(func() error {
			return run.Update(func(j *Journal) { j.Outputs[0].acknowledge(n+1, 1); written <- j })
		})
	}
	for waiting := 0; waiting < others; runtime.Gosched() {
		run.mu.Lock()
		waiting = len(run.changes)
		run.mu.Unlock()
	}
	close(release)
	if err := group.Wait(); err != nil {
		t.Fatal(err)
	}
	close(written)
	var journals []*Journal
	for j := range written {
		journals = append(journals, j)
	}
	if len(slices.Compact(journals)) != 1 {
		t.Error("changes that waited were written one by one")
	}
	stored, err := dir.Read(run.Journal().Run)
	if err != nil || stored.Outputs[0].Stored != others {
		t.Errorf("the journal on the disk has %+v, %v", stored.Outputs, err)
	}
}
