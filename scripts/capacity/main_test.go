package main

import (
	"math"
	"testing"

	"github.com/strongroom-dev/strongroom/shared/export"
)

func TestARunIsMeasured(t *testing.T) {
	t.Parallel()
	measuredOne, err := measure(t.Context(), 1)
	if err != nil {
		t.Fatal(err)
	}
	checkAudit(t, measuredOne.audit)
	measuredThree, err := measure(t.Context(), 3)
	if err != nil {
		t.Fatal(err)
	}
	one, three := measuredOne.run, measuredThree.run
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
		"Firestore: writes":                          86400 * 30 * 10 / 1e5 * 0.18,
		"Functions: requests":                        86400 * 30 / 1e6 * 0.4,
		"Storage: writes of objects":                 86400 * 30 * 2 / 1000 * 0.01,
		"Storage: output of 30 days, in two regions": 86400 * 30 * 2 * 0.044,
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
	if got := reachedAt(l, limit{quota: 1000, need: 6}); got != "14 million" {
		t.Errorf("reached at %s runs a day, want 14 million", got)
	}
}

func TestOldKeyVersionsAddUp(t *testing.T) {
	t.Parallel()
	l := load{Tenants: 1000}
	if now, year := l.keyVersions(0), l.keyVersions(365); now != 1007 || year != 5*1007 {
		t.Errorf("%v key versions at first and %v after a year, want 1007 and 5035", now, year)
	}
}

func TestNumbersAreEasyToRead(t *testing.T) {
	t.Parallel()
	for n, want := range map[float64]string{0: "0", 999: "999", 1000: "1,000", 1234567.8: "1,234,568"} {
		if got := number(n); got != want {
			t.Errorf("%v is written %q, want %q", n, got, want)
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
	if few := exportOutput(1024*tib, 64<<20); few.duration > export.MaxRequestedAge || few.month < 46_000 {
		t.Errorf("16 million objects: %+v", few)
	}
}
