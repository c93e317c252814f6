package outputs_test

import (
	"net/http"
	"testing"

	"github.com/strongroom-dev/strongroom/emulator/cloudtest"
	"github.com/strongroom-dev/strongroom/shared/auditlog"
	"github.com/strongroom-dev/strongroom/shared/records"
	"github.com/strongroom-dev/strongroom/shared/run"
)

// plant mints parts before the report and writes them after it.
func (f fixture) plant(t *testing.T, parts []part, claims ...any) {
	t.Helper()
	requested := make([]cloudtest.Part, len(parts))
	for i, p := range parts {
		requested[i] = cloudtest.PartOf(p.output, p.number, p.data)
	}
	urls := f.Mint(t, f.run, requested...)
	f.report(t, claims...)
	for i, u := range urls {
		u.Put(t, parts[i].data).Want(t, http.StatusOK)
	}
	f.Cloud.Drain(t)
}

func TestWhatTheReportDoesNotClaimIsNeverTheOutput(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.put(t, counted("stdout.log", 1, []byte("line1\n")), counted("early.log", 1, []byte("early")))
	f.plant(t, []part{
		counted("stdout.log", 2, []byte("APPENDED\n")),
		counted("stdout.log", 4, []byte("AND MORE\n")),
		counted("planted.log", 1, []byte("planted")),
	}, "stdout.log", 1)

	got := f.read(t, "stdout.log", "").Want(t, http.StatusOK)
	wantBody(t, got, []byte("line1\n"))
	wantHeader(t, got, "Strongroom-Output-State", "complete")
	f.read(t, "stdout.log", "?lines=2-").Want(t, http.StatusRequestedRangeNotSatisfiable)
	f.read(t, "stdout.log", "", "Range", "bytes=6-").Want(t, http.StatusRequestedRangeNotSatisfiable)
	for _, output := range []string{"planted.log", "early.log"} {
		f.read(t, output, "").Want(t, http.StatusNotFound)
	}

	var list struct {
		Outputs []struct {
			Name, State                              string
			Parts, StoredParts, Size, UnclaimedParts int
			UnclaimedSize                            int64
		}
	}
	f.Do(t, "viewer", http.MethodGet, f.RunPath(f.run)+"/outputs", nil).Want(t, http.StatusOK).JSON(t, &list)
	found := map[string]string{}
	for _, o := range list.Outputs {
		found[o.Name] = o.State
		wantParts, wantUnclaimed := 0, 1
		if o.Name == "stdout.log" {
			wantParts, wantUnclaimed = 1, 2
		}
		if o.Parts != wantParts || o.StoredParts != wantParts || o.UnclaimedParts != wantUnclaimed || o.UnclaimedSize == 0 {
			t.Errorf("the list has %+v", o)
		}
	}
	if len(found) != 3 || found["stdout.log"] != "complete" || found["planted.log"] != "unclaimed" || found["early.log"] != "unclaimed" {
		t.Errorf("the list has %v", found)
	}
}

func TestUnclaimedPartsAreReadAsSuch(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.put(t, counted("stdout.log", 1, []byte("line1\n")))
	f.read(t, "stdout.log", "?unclaimed=true").Want(t, http.StatusNotFound) // the run has not ended
	f.plant(t, []part{counted("stdout.log", 2, []byte("APPENDED\n")), counted("stdout.log", 4, []byte("AND MORE\n"))}, "stdout.log", 1)
	got := f.read(t, "stdout.log", "?unclaimed=true").Want(t, http.StatusOK)
	wantBody(t, got, []byte("APPENDED\nAND MORE\n"))
	wantHeader(t, got, "Strongroom-Output-State", "unclaimed")
	wantBody(t, f.read(t, "stdout.log", "?unclaimed=true&lines=2-").Want(t, http.StatusOK), []byte("AND MORE\n"))
	ends := f.audited(t, auditlog.EndReadOutput)
	if len(ends) == 0 || ends[0].Counts["unclaimed"] != 2 || ends[0].Counts["bytes"] != 18 {
		t.Errorf("the audit log has %+v", ends)
	}
}

func TestOutputOfARunThatEndedWithoutAReportIsIncomplete(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.put(t, counted("stdout.log", 1, []byte("all that arrived")))
	db, err := f.Cloud.Directory.Database(t.Context(), f.Record)
	if err != nil {
		t.Fatal(err)
	}
	ref := records.NewRunRef(db, f.ID, f.Workspace, run.ID(f.run))
	r, err := ref.Get(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	r.State = run.Ended
	if _, err := ref.Record.Set(t.Context(), r); err != nil {
		t.Fatal(err)
	}
	got := f.read(t, "stdout.log", "").Want(t, http.StatusOK)
	wantBody(t, got, []byte("all that arrived"))
	wantHeader(t, got, "Strongroom-Output-State", "incomplete")
}
