package spool_test

import (
	"io"
	"os"
	"testing"

	"github.com/strongroom-dev/strongroom/scripts/strongroom/spool"
)

func readPart(t *testing.T, p spool.Part) (string, error) {
	t.Helper()
	r, err := p.Open()
	if err != nil {
		return "", err
	}
	defer r.Close()
	content, err := io.ReadAll(r)
	return string(content), err
}

// An upload that keeps up reads no byte from the disk: here, the files are gone.
func TestTheNewestPartsAreReadFromMemory(t *testing.T) {
	t.Parallel()
	const size, fit = 8 << 20, 4 // parts that fit into the memory
	_, run := create(t, spool.Output{Name: "o"})
	var parts []spool.Part
	w, err := run.Write("o", spool.CutRule{PartSize: size, InMemory: true}, func(p spool.Part) {
		parts = append(parts, p)
		_ = os.Remove(p.Path)
	})
	if err != nil {
		t.Fatal(err)
	}
	write := func(n int) {
		for i := range n {
			data := make([]byte, size)
			data[0], data[size-1] = byte(len(parts)), byte(i)
			if _, err := w.Write(data); err != nil {
				t.Fatal(err)
			}
		}
	}
	write(fit + 1)
	for i, p := range parts {
		content, err := readPart(t, p)
		if inMemory := err == nil; inMemory != (i < fit) {
			t.Fatalf("part %d is in memory: %v (%v)", i+1, inMemory, err)
		}
		if err == nil && (len(content) != size || content[0] != byte(i)) {
			t.Errorf("part %d has %d bytes, and starts with %d", i+1, len(content), content[0])
		}
	}
	if err := run.Stored(parts[0]); err != nil {
		t.Fatal(err)
	}
	if _, err := readPart(t, parts[0]); err == nil {
		t.Error("a stored part is still in memory")
	}
	write(1)
	if content, err := readPart(t, parts[fit+1]); err != nil || content[0] != fit+1 {
		t.Errorf("the memory of a stored part is not used again: %v", err)
	}
	if content, err := readPart(t, parts[1]); err != nil || content[0] != 1 {
		t.Errorf("another part has the memory of part 2: %v", err)
	}
}
