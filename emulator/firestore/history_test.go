package firestore_test

import (
	"testing"
	"time"

	"cloud.google.com/go/firestore"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/strongroom-dev/strongroom/emulator/clock"
	emulated "github.com/strongroom-dev/strongroom/emulator/firestore"
)

// versions writes a document 4 times in each of 3 minutes, and returns the times of the
// commits. Version n has x = n.
func versions(t *testing.T, c *firestore.Client, clk *clock.Clock) []time.Time {
	t.Helper()
	begin := clk.Now().Truncate(time.Minute).Add(time.Minute)
	clk.Advance(begin.Sub(clk.Now()))
	var times []time.Time
	for n := range 12 {
		result, err := c.Doc("n/a").Set(t.Context(), map[string]any{"x": n})
		if err != nil {
			t.Fatal(err)
		}
		times = append(times, result.UpdateTime)
		clk.Advance(15 * time.Second)
	}
	return times
}

// readAt returns x of the document at a time, or the code of the error. It is -1 if
// there is no document.
func readAt(t *testing.T, c *firestore.Client, at time.Time) (x int64, code codes.Code) {
	t.Helper()
	docs, err := then(c, at).Documents(t.Context()).GetAll()
	if err != nil {
		return 0, status.Code(err)
	}
	if len(docs) == 0 {
		return -1, codes.OK
	}
	x, _ = docs[0].Data()["x"].(int64)
	return x, codes.OK
}

func TestThePastCanBeReadForSevenDays(t *testing.T) {
	t.Parallel()
	clk := &clock.Clock{}
	c := connect(t, serve(t, emulated.Config{Clock: clk}))
	times := versions(t, c, clk)
	minute := times[0].Truncate(time.Minute)
	edge := func(age time.Duration) { clk.Advance(minute.Add(age).Sub(clk.Now())) } // the first version's minute is this old
	write := func() { put(t, c, map[string]map[string]any{"other/b": {"x": 1}}) }   // a commit thins the history out
	check := func(when string, at time.Time, want int64, wantCode codes.Code) {
		t.Helper()
		if got, code := readAt(t, c, at); got != want || code != wantCode {
			t.Errorf("%s, the time %v reads %d, %v, want %d, %v", when, at.Sub(minute), got, code, want, wantCode)
		}
	}
	everyVersion := func(when string) {
		t.Helper()
		for n, at := range times {
			check(when, at, int64(n), codes.OK)
		}
	}
	everyMinute := func(when string) {
		t.Helper()
		for n, want := range []int64{-1, 3, 7, 11} { // versions 0, 4 and 8 come just after a minute begins
			check(when, minute.Add(time.Duration(n)*time.Minute), want, codes.OK)
		}
	}

	edge(time.Hour - time.Second)
	write()
	everyVersion("within an hour")
	everyMinute("within an hour")
	check("at any time", clk.Now().Add(time.Hour), 0, codes.InvalidArgument)

	edge(time.Hour + 5*time.Minute)
	write()
	everyMinute("after an hour")
	for _, at := range []time.Time{times[1], times[5], minute.Add(time.Minute + time.Microsecond), minute.Add(2*time.Minute - time.Microsecond)} {
		check("after an hour", at, 0, codes.InvalidArgument)
	}

	edge(7*24*time.Hour - time.Second)
	write()
	everyMinute("just within seven days")

	edge(7*24*time.Hour + 90*time.Second)
	check("after seven days", minute, 0, codes.FailedPrecondition)
	check("after seven days", minute.Add(time.Minute), 0, codes.FailedPrecondition)
	check("after seven days", minute.Add(2*time.Minute), 7, codes.OK)
	write() // which drops the first versions
	check("after seven days", minute.Add(time.Minute), 0, codes.FailedPrecondition)
	check("after seven days", minute.Add(3*time.Minute), 11, codes.OK)
}

func TestTheHistorySurvivesARestart(t *testing.T) {
	t.Parallel()
	dir, clk := t.TempDir(), &clock.Clock{}
	before := newServer(t, emulated.Config{Dir: dir, Clock: clk})
	c := connectTo(t, listen(t, before), "p")
	times := versions(t, c, clk)
	if _, err := c.Doc("n/a").Delete(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := before.Close(); err != nil {
		t.Fatal(err)
	}

	after := newServer(t, emulated.Config{Dir: dir, Clock: clk})
	t.Cleanup(func() { after.Close() })
	c = connectTo(t, listen(t, after), "p")
	for n, at := range times {
		if got, code := readAt(t, c, at); got != int64(n) || code != codes.OK {
			t.Errorf("version %d reads %d, %v", n, got, code)
		}
	}
	if got, code := readAt(t, c, clk.Now()); got != -1 || code != codes.OK {
		t.Errorf("the deleted document reads %d, %v", got, code)
	}
	if _, code := readAt(t, c, times[0].Add(-time.Second)); code != codes.FailedPrecondition {
		t.Errorf("a time before the history: %v", code)
	}
}
