package outputs_test

import (
	"fmt"
	"net/http"
	"testing"

	"github.com/strongroom-dev/strongroom/emulator/cloudtest"
	"github.com/strongroom-dev/strongroom/emulator/suite"
	"github.com/strongroom-dev/strongroom/shared/directory"
)

// Reading through 5 GiB in ranges of 8 MiB takes 640 requests, and 80 reservations. This
// test sends as many requests. The parts are as many, but small.
func TestReadingThroughAnOutputUnderAViewReadsFewDocuments(t *testing.T) {
	t.Parallel()
	for persona, perRange := range map[string]int64{
		"admin":  0,
		"viewer": 2, // the membership and its workspace, so that the end of either takes effect at once
	} {
		t.Run(persona, func(t *testing.T) {
			t.Parallel()
			c := cloudtest.New(t, suite.Options{})
			f := fixture{c.Tenant(t), cloudtest.NewRun(t)}
			f.put(t, counted("stdout.log", 1, fill(1000)), counted("stdout.log", 2, fill(1000)))
			before := c.Firestore.Counts()
			var v opened
			f.Do(t, persona, http.MethodPost, f.path("stdout.log")+"/views", map[string]any{}).Want(t, http.StatusOK).JSON(t, &v)
			const requests = 640
			for i := range requests {
				f.Do(t, persona, http.MethodGet, f.path("stdout.log"), nil,
					"Range", fmt.Sprintf("bytes=%d-%d", i%2000, i%2000), "Strongroom-View", v.View).Want(t, http.StatusPartialContent)
			}
			f.Do(t, persona, http.MethodPost, f.path("stdout.log")+"/views/close", map[string]any{"view": v.View}).Want(t, http.StatusOK)
			after := c.Firestore.Counts()
			reads, writes := after.Reads-before.Reads-requests*perRange, after.Writes-before.Writes
			const leases = 12 // writes for shares of the quota of requests, each larger than the one before
			if reads > 50 || writes > 15+leases {
				t.Errorf("%d documents were read in addition to %d for each range, and %d written", reads, perRange, writes)
			}
			if entries := len(f.audited(t, "outputs.read", "outputs.read.end")); entries != 2 {
				t.Errorf("the audit log has %d entries", entries)
			}
		})
	}
}

// Following an output renews its view every few seconds. A long output has thousands of parts.
func TestARenewedViewReadsOnlyTheNewParts(t *testing.T) {
	t.Parallel()
	c := cloudtest.New(t, suite.Options{})
	f := fixture{c.Tenant(t), cloudtest.NewRun(t)}
	var parts []part
	whole := fill(6000)
	for n := range 60 {
		parts = append(parts, counted("stdout.log", n+1, whole[n*100:(n+1)*100]))
	}
	f.put(t, parts[:58]...)
	v := f.openView(t, "stdout.log", map[string]any{})
	for n := range 3 {
		if n > 0 {
			f.put(t, parts[57+n])
		}
		before := c.Firestore.Counts().Reads
		v = f.openView(t, "stdout.log", map[string]any{"view": v.View})
		if reads := c.Firestore.Counts().Reads - before; reads > 10 {
			t.Errorf("renewal %d read %d documents", n, reads)
		}
		if len(v.PartSizes) != 58+n || v.Size != int64(100*(58+n)) || v.State != "open" {
			t.Errorf("renewal %d has %d parts, %d bytes, and is %s", n, len(v.PartSizes), v.Size, v.State)
		}
		got := f.read(t, "stdout.log", "", "Range", "bytes=0-", "Strongroom-View", v.View).Want(t, http.StatusPartialContent)
		wantBody(t, got, whole[:v.Size])
	}
	f.report(t, "stdout.log", 59) // the last part is not claimed, so it is not output
	if v = f.openView(t, "stdout.log", map[string]any{"view": v.View}); v.Size != 5900 || v.State != "complete" {
		t.Errorf("after the report, the view has %d bytes, and is %s", v.Size, v.State)
	}
}

func TestTheEndOfAMembershipEndsAView(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.put(t, counted("stdout.log", 1, fill(1000)))
	v := f.openView(t, "stdout.log", map[string]any{})
	read := func() cloudtest.Response {
		return f.read(t, "stdout.log", "", "Range", "bytes=0-9", "Strongroom-View", v.View)
	}
	read().Want(t, http.StatusPartialContent)
	db, err := f.Cloud.Directory.Client(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	member := directory.Member(db, f.ID, f.Workspace, f.Cloud.Issuer.URL(), "viewer@"+string(f.ID)+".example")
	if _, err := member.Delete(t.Context()); err != nil {
		t.Fatal(err)
	}
	read().Want(t, http.StatusForbidden)
	f.Do(t, "viewer", http.MethodPost, f.path("stdout.log")+"/search", map[string]any{"view": v.View, "text": "line"}).Want(t, http.StatusForbidden)
}

// An index that a token names is not the newest one after another part was stored, and
// both are in the cache of the function.
func TestAViewKeepsItsPartsWhileTheOutputGrows(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	whole := fill(3000)
	var views []opened
	for n := range 3 {
		f.put(t, counted("stdout.log", n+1, whole[n*1000:(n+1)*1000]))
		views = append(views, f.openView(t, "stdout.log", map[string]any{}))
	}
	for range 2 {
		for n, v := range views {
			got := f.read(t, "stdout.log", "", "Range", "bytes=0-5000", "Strongroom-View", v.View).Want(t, http.StatusPartialContent)
			wantBody(t, got, whole[:(n+1)*1000])
			got = f.read(t, "stdout.log", "?lines=1-", "Strongroom-View", v.View).Want(t, http.StatusOK)
			wantBody(t, got, whole[:(n+1)*1000])
		}
	}
}

// manyParts is the number of parts of an output whose reads take the packed index.
const manyParts = 70

// withManyParts returns a run whose uploads are final, and the output that it claims. Each
// part is a line of 10 bytes.
func withManyParts(t *testing.T) (f fixture, whole []byte) {
	t.Helper()
	c := cloudtest.New(t, suite.Options{}) // the documents that it reads are counted
	f = fixture{c.Tenant(t), cloudtest.NewRun(t)}
	parts := make([]part, manyParts)
	for n := range parts {
		parts[n] = uncounted("stdout.log", n+1, fmt.Appendf(nil, "line %4d\n", n+1))
		whole = append(whole, parts[n].data...)
	}
	f.put(t, parts...)
	f.report(t, "stdout.log", manyParts)
	f.sweep(t)
	return f, whole
}

// The first read of a complete output of many parts stores its index. Every other read, in any
// instance, takes the membership, the run, two grants and the index.
func TestReadingAFewBytesOfManyPartsReadsFewDocuments(t *testing.T) {
	t.Parallel()
	f, whole := withManyParts(t)
	for n, most := range []int64{manyParts + 10, 6, 6} {
		before := f.Cloud.Firestore.Counts().Reads
		got := f.read(t, "stdout.log", "", "Range", "bytes=355-364").Want(t, http.StatusPartialContent)
		if reads := f.Cloud.Firestore.Counts().Reads - before; reads > most {
			t.Errorf("read %d took %d documents", n+1, reads)
		}
		wantBody(t, got, whole[355:365])
		wantHeader(t, got, "Content-Range", fmt.Sprintf("bytes 355-364/%d", len(whole)), "Strongroom-Output-State", "complete")
	}
}

// The command line reads 1 GiB in 128 ranges of 8 MiB: the first without a view, and the others
// under one. Here, the parts are as many, but small.
func TestPrintingAnOutputOf128PartsReadsFewDocuments(t *testing.T) {
	t.Parallel()
	const ranges, size = 128, 100
	c := cloudtest.New(t, suite.Options{})
	f := fixture{c.Tenant(t), cloudtest.NewRun(t)}
	parts := make([]part, ranges)
	for n := range parts {
		parts[n] = counted("stdout.log", n+1, fill(size))
	}
	f.put(t, parts[:ranges/2]...) // a request has 100 parts at most
	f.put(t, parts[ranges/2:]...)
	f.report(t, "stdout.log", ranges)
	f.sweep(t)
	for n, most := range []int64{300 + ranges, 300} { // the first one stores the index
		before := c.Firestore.Counts().Reads
		f.read(t, "stdout.log", "", "Range", fmt.Sprintf("bytes=0-%d", size-1)).Want(t, http.StatusPartialContent)
		v := f.openView(t, "stdout.log", map[string]any{})
		for i := 1; i < ranges; i++ {
			span := fmt.Sprintf("bytes=%d-%d", i*size, (i+1)*size-1)
			f.read(t, "stdout.log", "", "Range", span, "Strongroom-View", v.View).Want(t, http.StatusPartialContent)
		}
		f.closeView(t, "stdout.log", v.View).Want(t, http.StatusOK)
		reads := c.Firestore.Counts().Reads - before
		t.Logf("time %d reads %d documents", n+1, reads)
		if reads > most {
			t.Errorf("time %d reads %d documents, over %d", n+1, reads, most)
		}
	}
}

// The newlines that a read without a view counts are stored in the packed index, too.
func TestTheNextReadOfManyPartsCountsNoLineAgain(t *testing.T) {
	t.Parallel()
	f, whole := withManyParts(t)
	f.read(t, "stdout.log", "", "Range", "bytes=0-9").Want(t, http.StatusPartialContent)
	for range 2 {
		wantBody(t, f.read(t, "stdout.log", "?lines=70-70").Want(t, http.StatusOK), whole[690:])
	}
	ends := f.audited(t, "outputs.read.end")
	if len(ends) != 3 || ends[1].Counts["scanned"] < 690 || ends[2].Counts["scanned"] > 20 { // of the parts at the ends of the line
		t.Errorf("the reads searched %v", ends)
	}
}

// A part that is missing when the uploads of the run become final can arrive later. A view
// that was opened before must not hide it from the views after it.
func TestALatePartIsInTheIndexOfTheNextView(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.put(t, counted("stdout.log", 1, []byte("one\n")))
	f.report(t, "stdout.log", 2)
	f.sweep(t)
	if v := f.openView(t, "stdout.log", map[string]any{}); v.Size != 4 || v.State != "incomplete" {
		t.Errorf("before: %d bytes, %s", v.Size, v.State)
	}
	f.put(t, counted("stdout.log", 2, []byte("two\n")))
	f.sweep(t)
	v := f.openView(t, "stdout.log", map[string]any{})
	if v.Size != 8 || v.State != "complete" {
		t.Errorf("after: %d bytes, %s", v.Size, v.State)
	}
	wantBody(t, f.read(t, "stdout.log", "", "Range", "bytes=0-", "Strongroom-View", v.View).Want(t, http.StatusPartialContent), []byte("one\ntwo\n"))
}
