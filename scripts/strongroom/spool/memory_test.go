package spool_test

import (
	"bytes"
	"io"
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

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
	cut := make(chan spool.Part)
	w, err := run.Write("o", spool.CutRule{PartSize: size, InMemory: true}, func(p spool.Part) {
		_ = os.Remove(p.Path)
		go func() { cut <- p }()
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
			parts = append(parts, <-cut)
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

// The checksums of parts in memory are computed while others are written.
func TestPartsInMemoryAreReadyInOrderAndMeasured(t *testing.T) {
	t.Parallel()
	const count, size = 2, 10 << 20
	checksums := func(inMemory bool) (parts []spool.Part) {
		_, run := create(t, spool.Output{Name: "o"})
		w, err := run.Write("o", spool.CutRule{PartSize: size, InMemory: inMemory}, func(p spool.Part) {
			p.Path = ""
			parts = append(parts, p)
		})
		if err != nil {
			t.Fatal(err)
		}
		for n := range count {
			_, _ = w.Write(bytes.Repeat([]byte{byte(n), '\n'}, size/2))
		}
		_, _ = w.Write([]byte("the end\n"))
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		return parts
	}
	want := checksums(false)
	if len(want) != count+1 || want[count].Number != count+1 || want[count].Lines != 1 || want[0].SHA256 == want[1].SHA256 {
		t.Fatalf("parts: %+v", want)
	}
	if diff := cmp.Diff(want, checksums(true), cmpopts.IgnoreUnexported(spool.Part{})); diff != "" {
		t.Errorf("parts in memory differ (-want +got):\n%s", diff)
	}
}
