package outputs_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"net/http"
	"testing"
	"time"
)

// TestViewIsWhatANaiveReaderSees compares random views of random outputs with
// slices of the same text.
func TestViewIsWhatANaiveReaderSees(t *testing.T) {
	t.Parallel()
	seed := uint64(time.Now().UnixNano())
	random := rand.New(rand.NewPCG(seed, 0))
	t.Logf("seed %d", seed)
	f := newFixture(t)
	for i := range 8 {
		output := fmt.Sprintf("out-%d", i)
		var whole []byte
		var parts []part
		for number := range 1 + random.IntN(6) {
			data := randomText(random, random.IntN(1+random.IntN(2000)))
			parts = append(parts, part{output, number + 1, data, random.IntN(3) == 0})
			whole = append(whole, data...)
		}
		f.put(t, parts...)
		for range 25 {
			f.compareRange(t, random, output, whole)
			f.compareLines(t, random, output, whole)
		}
	}
}

// randomText has lines of all lengths, empty ones too.
func randomText(random *rand.Rand, n int) []byte {
	text := make([]byte, n)
	often := 1 + random.IntN(100)
	for i := range text {
		text[i] = byte('a' + random.IntN(26))
		if random.IntN(often) == 0 {
			text[i] = '\n'
		}
	}
	return text
}

func (f fixture) compareRange(t *testing.T, random *rand.Rand, output string, whole []byte) {
	t.Helper()
	from := random.IntN(len(whole) + 10)
	to := from + random.IntN(len(whole)+10)
	ask, want := fmt.Sprintf("bytes=%d-%d", from, to), slice(whole, from, to+1)
	if random.IntN(4) == 0 {
		ask, want = fmt.Sprintf("bytes=%d-", from), slice(whole, from, len(whole))
	}
	got := f.read(t, output, "", "Range", ask)
	if len(want) == 0 {
		got.Want(t, http.StatusRequestedRangeNotSatisfiable)
		return
	}
	wantBody(t, got.Want(t, http.StatusPartialContent), want)
	wantHeader(t, got, "Content-Range", fmt.Sprintf("bytes %d-%d/%d", from, from+len(want)-1, len(whole)))
}

func (f fixture) compareLines(t *testing.T, random *rand.Rand, output string, whole []byte) {
	t.Helper()
	lines := bytes.SplitAfter(whole, []byte("\n"))
	if len(lines[len(lines)-1]) == 0 {
		lines = lines[:len(lines)-1]
	}
	first := 1 + random.IntN(len(lines)+2)
	last := first + random.IntN(len(lines)+2)
	ask := fmt.Sprintf("?lines=%d-%d", first, last)
	if random.IntN(4) == 0 {
		ask, last = fmt.Sprintf("?lines=%d-", first), len(lines)
	}
	got := f.read(t, output, ask)
	if first > len(lines) {
		got.Want(t, http.StatusRequestedRangeNotSatisfiable)
		return
	}
	last = min(last, len(lines))
	wantBody(t, got.Want(t, http.StatusOK), bytes.Join(lines[first-1:last], nil))
	wantHeader(t, got, "Strongroom-Lines", fmt.Sprintf("%d-%d", first, last))
}

func slice(whole []byte, from, to int) []byte {
	return whole[min(from, len(whole)):min(to, len(whole))]
}
