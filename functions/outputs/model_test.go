package outputs_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"net/http"
	"testing"
	"time"
)

// TestReadMatchesASliceOfTheText compares random reads of random outputs with
// slices of the same text.
func TestReadMatchesASliceOfTheText(t *testing.T) {
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
			parts = append(parts, part{output: output, number: number + 1, data: data, uncounted: random.IntN(3) == 0})
			whole = append(whole, data...)
		}
		f.put(t, parts...)
		for range 25 {
			f.compareRange(t, random, output, whole)
			f.compareLines(t, random, output, whole)
		}
	}
}

// randomText returns n bytes with lines of all lengths, including empty lines.
func randomText(random *rand.Rand, n int) []byte {
	text := make([]byte, n)
	averageLength := 1 + random.IntN(100)
	for i := range text {
		text[i] = byte('a' + random.IntN(26))
		if random.IntN(averageLength) == 0 {
			text[i] = '\n'
		}
	}
	return text
}

func (f fixture) compareRange(t *testing.T, random *rand.Rand, output string, whole []byte) {
	t.Helper()
	from := random.IntN(len(whole) + 10)
	to := from + random.IntN(len(whole)+10)
	byteRange, want := fmt.Sprintf("bytes=%d-%d", from, to), slice(whole, from, to+1)
	if random.IntN(4) == 0 {
		byteRange, want = fmt.Sprintf("bytes=%d-", from), slice(whole, from, len(whole))
	}
	got := f.read(t, output, "", "Range", byteRange)
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
	query := fmt.Sprintf("?lines=%d-%d", first, last)
	if random.IntN(4) == 0 {
		query, last = fmt.Sprintf("?lines=%d-", first), len(lines)
	}
	got := f.read(t, output, query)
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
