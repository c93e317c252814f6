package spool_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/strongroom-dev/strongroom/scripts/strongroom/spool"
)

const id = "01890a5d-ac96-774b-bcce-b302099a8057"

func create(t *testing.T, outputs ...spool.Output) (spool.Dir, *spool.Run) {
	t.Helper()
	dir, err := spool.Open(filepath.Join(t.TempDir(), "spool"))
	if err != nil {
		t.Fatal(err)
	}
	run, err := dir.Create(spool.Journal{Run: id, Outputs: outputs}, "")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = run.Close() })
	return dir, run
}

// sizes gathers parts as they are cut.
func sizes(into *[]int64) func(spool.Part) {
	return func(p spool.Part) { *into = append(*into, p.Size) }
}

func TestPartsAreCutWhenFull(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		writes []string
		want   []int64
	}{
		"nothing makes no part":        {nil, nil},
		"less than a part":             {[]string{"abc"}, []int64{3}},
		"exactly a part":               {[]string{"abcd"}, []int64{4}},
		"a part and a byte":            {[]string{"abcde"}, []int64{4, 1}},
		"many small writes":            {strings.Split("abcdefghij", ""), []int64{4, 4, 2}},
		"one write over several parts": {[]string{"abcdefghijkl"}, []int64{4, 4, 4}},
		"an empty write between":       {[]string{"ab", "", "cd", "e"}, []int64{4, 1}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, run := create(t, spool.Output{Name: "o"})
			var got []int64
			w, err := run.Write("o", spool.CutRule{PartSize: 4}, sizes(&got))
			if err != nil {
				t.Fatal(err)
			}
			for _, text := range c.writes {
				if _, err := w.Write([]byte(text)); err != nil {
					t.Fatal(err)
				}
			}
			if err := w.Close(); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("sizes (-want +got):\n%s", diff)
			}
			if parts := run.Journal().Outputs[0].Parts; parts != len(c.want) {
				t.Errorf("the journal knows %d parts", parts)
			}
		})
	}
}

func TestPartsAreCutForReadersThatFollow(t *testing.T) {
	t.Parallel()
	_, run := create(t, spool.Output{Name: "o"})
	synctest.Test(t, func(t *testing.T) {
		var got []int64
		w, err := run.Write("o", spool.CutRule{PartSize: 1000, Interval: 2 * time.Second}, sizes(&got))
		if err != nil {
			t.Fatal(err)
		}
		write := func(seconds int) {
			for range seconds {
				_, _ = w.Write([]byte("x"))
				time.Sleep(time.Second)
				synctest.Wait()
			}
		}
		want := func(want ...int64) {
			t.Helper()
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("sizes (-want +got):\n%s", diff)
			}
			got = nil
		}
		write(2)
		if len(got) != 0 {
			t.Error("cut before its time")
		}
		write(1 + 60)
		want(3, 5, 9, 17) // after 2, 4, 8 and 16 seconds and the millisecond of slowDown
		run.Follow(10 * time.Second)
		synctest.Wait()
		want(29) // the part that was waiting for 32 seconds
		write(15)
		want(3, 3, 3, 3) // the last one was opened while somebody followed
		write(60)
		want(5, 9, 17)
		_ = w.Close()
	})
}

// A line each 2.5 seconds made a part of each line.
func TestATaskThatWritesSlowlyMakesFewParts(t *testing.T) {
	t.Parallel()
	_, run := create(t, spool.Output{Name: "o"})
	synctest.Test(t, func(t *testing.T) {
		var got []int64
		w, err := run.Write("o", spool.CutRule{PartSize: 1000, Interval: 2 * time.Second}, sizes(&got))
		if err != nil {
			t.Fatal(err)
		}
		for range 72 { // 3 minutes
			_, _ = w.Write([]byte("x"))
			time.Sleep(2500 * time.Millisecond)
			synctest.Wait()
		}
		_ = w.Close()
		if len(got) > 8 {
			t.Errorf("%d parts: %v", len(got), got)
		}
	})
}

func TestARunHasOneProcessAtATime(t *testing.T) {
	t.Parallel()
	dir, run := create(t)
	if _, err := dir.Lock(id); !errors.Is(err, spool.ErrBusy) {
		t.Errorf("a second one: %v", err)
	}
	if err := run.Close(); err != nil {
		t.Fatal(err)
	}
	again, err := dir.Lock(id)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := again.Remove(); err != nil {
		t.Fatal(err)
	}
	if _, err := dir.Lock(id); !errors.Is(err, spool.ErrGone) {
		t.Errorf("a removed one: %v", err)
	}
	if entries, _ := os.ReadDir(dir.Path()); len(entries) > 0 {
		t.Errorf("left behind: %v", entries)
	}
	if _, err := dir.Lock("../x"); err == nil {
		t.Error("a path was accepted as a run ID")
	}
}

func TestAcknowledgedPartsAreNotPending(t *testing.T) {
	t.Parallel()
	dir, run := create(t, spool.Output{Name: "o"})
	var parts []spool.Part
	w, err := run.Write("o", spool.CutRule{PartSize: 1}, func(p spool.Part) { parts = append(parts, p) })
	if err != nil {
		t.Fatal(err)
	}
	_, _ = w.Write([]byte("ab\nde"))
	for _, number := range []int{3, 1, 3, 5} {
		if err := run.Stored(parts[number-1]); err != nil {
			t.Fatal(err)
		}
	}
	_ = run.Close() // as a kill does
	again, err := dir.Lock(id)
	if err != nil {
		t.Fatal(err)
	}
	defer again.Close()
	if err := again.Recover(); err != nil {
		t.Fatal(err)
	}
	var pending []spool.Part
	if err := again.EachPending("o", func(p spool.Part) { pending = append(pending, p) }); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]spool.Part{parts[1], parts[3]}, pending, cmpopts.IgnoreUnexported(spool.Part{})); diff != "" {
		t.Errorf("pending (-want +got):\n%s", diff)
	}
	want := spool.Output{Name: "o", Parts: 5, Stored: 1, StoredBeyond: []int{3, 5}, Bytes: 3}
	if diff := cmp.Diff(want, again.Journal().Outputs[0]); diff != "" {
		t.Errorf("journal (-want +got):\n%s", diff)
	}
}

func TestADamagedSpoolIsReported(t *testing.T) {
	t.Parallel()
	_, run := create(t, spool.Output{Name: "o"})
	var part spool.Part
	w, _ := run.Write("o", spool.CutRule{PartSize: 10}, func(p spool.Part) { part = p })
	_, _ = w.Write([]byte("x"))
	_ = w.Close()
	_ = os.Remove(part.Path)
	if err := run.EachPending("o", func(spool.Part) {}); err == nil || !strings.Contains(err.Error(), "the spool is damaged") {
		t.Errorf("error is %v", err)
	}
}
