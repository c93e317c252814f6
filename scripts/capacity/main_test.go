package main

import (
	"bytes"
	"math"
	"strings"
	"testing"

	"github.com/strongroom-dev/strongroom/shared/export"
)

func TestARunIsMeasured(t *testing.T) {
	t.Parallel()
	one, audit, err := measure(t.Context(), 1)
	if err != nil {
		t.Fatal(err)
	}
	checkAudit(t, audit)
	three, _, err := measure(t.Context(), 3)
	if err != nil {
		t.Fatal(err)
	}
	for name, got := range map[string][2]float64{
		"objects":    {one.Objects, three.Objects},
		"signatures": {one.SignBlob, three.SignBlob},
		"custody":    {one.Requests["custody"], three.Requests["custody"]},
	} {
		if got != [2]float64{1, 3} {
			t.Errorf("%s of one and of three parts: %v, want 1 and 3", name, got)
		}
	}
	if one.Writes <= 0 || three.Writes <= one.Writes || one.Requests["uploads"] != 1 || three.Requests["uploads"] != 1 {
		t.Errorf("one part: %+v\nthree: %+v", one, three)
	}
}

// The log of one tenant: mint, start, report and the final state of the uploads.
func checkAudit(t *testing.T, a auditCost) {
	t.Helper()
	if a.Entries != 4 {
		t.Errorf("a run has %v audit entries, want 4", a.Entries)
	}
	if a.Entry.Messages != 1 || a.Entry.Writes != 1 || a.Entry.KMS != 0 {
		t.Errorf("an entry costs %+v, want one message, one write and no call of Cloud KMS", a.Entry)
	}
	if a.Minute.KMS <= 0 || a.Minute.Messages != 0 {
		t.Errorf("a minute costs %+v, want signatures and no messages", a.Minute)
	}
	if a.Idle.Writes != 0 || a.Idle.KMS != 0 || a.Idle.Reads > 10 {
		t.Errorf("an idle minute costs %+v", a.Idle)
	}
}

func TestArithmetic(t *testing.T) {
	t.Parallel()
	l := load{Runs: 86400, Parts: 2, PartBytes: gib, Peak: 3}
	o := operations{Writes: 10, SignBlob: 2, Objects: 2, Requests: map[string]float64{"runs": 1}}
	if got := l.peakPerSecond(2); got != 6 {
		t.Errorf("%v a second at peak, want 6", got)
	}
	want := map[string]float64{
		"Firestore writes":                         86400 * 30 * 10 / 1e5 * 0.18,
		"Functions: requests":                      86400 * 30 / 1e6 * 0.4,
		"Storage: writes of objects":               86400 * 30 * 2 / 1000 * 0.005,
		"Storage: a month of output, kept 30 days": 86400 * 30 * 2 * 0.023,
	}
	for _, p := range prices(l, o, auditCost{}) {
		if w, ok := want[p.name]; ok && math.Abs(p.dollar-w) > 0.01 {
			t.Errorf("%s: %.2f, want %.2f", p.name, p.dollar, w)
		}
		delete(want, p.name)
	}
	if len(want) > 0 {
		t.Errorf("no price of %v", want)
	}
	if got := reachedAt(l, limit{quota: 1000, need: 6}); got != "14.4 million" {
		t.Errorf("reached at %s runs a day, want 14.4 million", got)
	}
}

func TestTheReportHasEveryTable(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	if err := report(&out, load{Runs: 1e6, Parts: 1, Peak: 3}, operations{Requests: map[string]float64{"runs": 2}}, auditCost{Entries: 4, Entry: operations{Reads: 2}}); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"requests of runs", "Firestore writes", "IAM signBlob", "never", "audit log (4 entries a run)", "1e+10 documents", "1024 TiB of output in parts of 256 KiB"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("the report lacks %q:\n%s", want, &out)
		}
	}
}

func TestAnExportCostsItsReads(t *testing.T) {
	t.Parallel()
	small, large := exportDocuments(1e6), exportDocuments(1e8)
	if math.Abs(small.firestore-0.60) > 0.05 || large.firestore < 99*small.firestore || large.duration <= small.duration {
		t.Errorf("10^6 documents: %+v\n10^8: %+v", small, large)
	}
	if many := exportOutput(1024*tib, 256<<10); many.duration < export.MaxRequestedAge {
		t.Errorf("4 billion objects take %v, which a bucket does not allow", many.duration)
	}
	if few := exportOutput(1024*tib, 64<<20); few.duration > export.MaxRequestedAge || few.month < 24_000 {
		t.Errorf("16 million objects: %+v", few)
	}
}
