package firestore

import (
	"fmt"
	"math/rand/v2"
	"testing"
)

// historyModel keeps each version of each document.
type historyModel struct {
	commits []modelCommit
	now     map[string]*document
}

type modelCommit struct {
	at     micros
	states map[string]*document // of all documents after it
}

func (m *historyModel) commit(at micros, changes []change) {
	states := map[string]*document{}
	for key, d := range m.now {
		states[key] = d
	}
	for _, c := range changes {
		states[c.key] = c.now
	}
	m.now = states
	m.commits = append(m.commits, modelCommit{at, states})
}

func (m *historyModel) at(t micros, key string) *document {
	var found *document
	for _, c := range m.commits {
		if c.at <= t {
			found = c.states[key]
		}
	}
	return found
}

// Random commits are read at the whole minutes of nine days, as they were.
func TestEachWholeMinuteIsReadAsItWas(t *testing.T) {
	t.Parallel()
	for seed := range uint64(20) {
		r := rand.New(rand.NewPCG(seed, 1))
		var h history
		m := historyModel{now: map[string]*document{}}
		var now micros
		for n := range 300 {
			now += 1 + micros(r.Int64N([]int64{2, int64(minuteLength), 5 * int64(minuteLength), 60 * int64(minuteLength)}[r.IntN(4)]))
			if r.IntN(8) == 0 {
				now = (now + minuteLength - 1) / minuteLength * minuteLength // at a whole minute
			}
			var changes []change
			for _, key := range []string{"a", "b", "c"}[:1+r.IntN(3)] {
				c := change{key: key, old: m.now[key], now: &document{key: key, data: fmt.Append(nil, n)}}
				if r.IntN(5) == 0 {
					c.now = nil
				}
				changes = append(changes, c)
			}
			m.commit(now, changes)
			h.add(now, changes)
		}
		for at := micros(0); at <= now; at += minuteLength {
			if h.check(at, now) == nil {
				compareAt(t, seed, &h, &m, at)
			}
		}
		for at := max(0, now-exactHistory); at <= now; at += minuteLength/7 + 1 {
			compareAt(t, seed, &h, &m, at)
		}
		if h.thin > 0 && h.past[0].at < now-wholeHistory-60*minuteLength {
			t.Errorf("seed %d: a change of %d is kept at %d", seed, h.past[0].at, now)
		}
	}
}

func compareAt(t *testing.T, seed uint64, h *history, m *historyModel, at micros) {
	t.Helper()
	got := map[string]*document{}
	for key, d := range m.now {
		got[key] = d
	}
	after := h.after(at)
	for i := len(after) - 1; i >= 0; i-- {
		got[after[i].key] = after[i].old
	}
	for _, key := range []string{"a", "b", "c"} {
		if want := m.at(at, key); got[key] != want {
			t.Fatalf("seed %d, document %s at %d: got %+v, want %+v", seed, key, at, got[key], want)
		}
	}
}

func TestTheHistoryIsBounded(t *testing.T) {
	t.Parallel()
	large := &document{key: "a", data: make([]byte, 1<<20)}
	for name, test := range map[string]struct {
		commits int
		step    micros
		old     *document
		most    int // changes at the end
	}{
		"one version a second needs one a minute after an hour": {commits: 3 * 3600, step: 1_000_000, old: large, most: 3600 + 60 + 2*60 + 1},
		"large versions are bounded by their bytes":             {commits: 2000, step: 1, old: large, most: maxHistoryBytes >> 20},
		"small versions are bounded by their number":            {commits: maxHistory + 1000, step: 1, old: nil, most: maxHistory},
		"versions of more than seven days are dropped":          {commits: 10 * 24, step: exactHistory, old: large, most: 7*24 + 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var h history
			dropped := 0
			for n := range test.commits {
				dropped += len(h.add(micros(n)*test.step, []change{{key: "a", old: test.old, now: large}}))
			}
			bytes := 0
			for _, c := range h.past {
				bytes += c.bytes()
			}
			if len(h.past) > test.most || len(h.past)+dropped != test.commits || h.bytes != bytes {
				t.Errorf("%d of %d changes are kept, want at most %d; %d were dropped; %d bytes are counted of %d", len(h.past), test.commits, test.most, dropped, h.bytes, bytes)
			}
		})
	}
}
