package auditverify

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/google/go-cmp/cmp"
)

// TestMarksAreSortedInAFile adds more marks than fit into memory.
func TestMarksAreSortedInAFile(t *testing.T) {
	t.Parallel()
	for _, count := range []int{0, 1, 9, 10, 11, 995, 1000} {
		s := marks{limit: 10}
		defer s.close()
		want := make([]uint64, count)
		for i, n := range rand.Perm(count) {
			want[i] = uint64(i)
			id := entryID{byte(n >> 8), byte(n)}
			if err := s.add(mark{id: id, kind: markEntry, index: uint64(n)}); err != nil {
				t.Fatal(err)
			}
		}
		got := []uint64{}
		for group, err := range s.groups() {
			if err != nil {
				t.Fatal(err)
			}
			for _, m := range group {
				got = append(got, m.index)
			}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%d marks: %s", count, diff)
		}
	}
}

func TestMarksOfOneIDAreInOneGroup(t *testing.T) {
	t.Parallel()
	s := marks{limit: 3}
	defer s.close()
	for i := range 100 {
		id := entryID{byte(i % 7)}
		if err := s.add(mark{id: id, kind: markKind(i % 4), index: uint64(i)}); err != nil {
			t.Fatal(err)
		}
	}
	groups := 0
	for group, err := range s.groups() {
		if err != nil {
			t.Fatal(err)
		}
		groups++
		if !slices.IsSortedFunc(group, mark.compare) || len(group) < 14 {
			t.Errorf("%v", group)
		}
	}
	if groups != 7 {
		t.Errorf("%d groups", groups)
	}
}

func TestIDsAreUUIDsInLowerCase(t *testing.T) {
	t.Parallel()
	const good = "01890a5d-ac96-774b-bcce-b302099a8057"
	if id, ok := parseID([]byte(good)); !ok || id.String() != good {
		t.Errorf("%s is read as %s, %v", good, id, ok)
	}
	for _, bad := range []string{
		"", good[:35], good + "0", "01890A5D-ac96-774b-bcce-b302099a8057", "01890a5dxac96-774b-bcce-b302099a8057",
		"01890a5g-ac96-774b-bcce-b302099a8057", "01890a5d-ac96-774b-bcceb-302099a8057",
	} {
		if _, ok := parseID([]byte(bad)); ok {
			t.Errorf("%q is accepted", bad)
		}
	}
}

// FuzzScan compares the fast reader with the general one: what it accepts must be
// canonical, with the same members.
func FuzzScan(f *testing.F) {
	for _, seed := range []string{
		`{"action":"a","actor":{"subject":"s"},"id":"01890a5d-ac96-774b-bcce-b302099a8057","of":"","outcome":"o","tenant":"","time":"2026-11-28T10:00:00Z"}`,
		`{}`, `{"a":[1,-2,0,{"b":null}],"b":true,"c":false}`, `{"a":-0}`, `{"a":1e5}`, `{"a":01}`, `{"b":1,"a":2}`, `{"a":1,"a":2}`, `{"a":"\n"}`, `{"é":1}`,
		`{"a":1.5}`, `{"a":123456789012345678}`, `{"a":[]}x`, `{"a":{}}`, ` {}`, `{"a":tru}`, `{"a":}`, `{"a"`, `{"a":"`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		fast, ok := scanMembers(data)
		if !ok {
			return
		}
		canonical := jsontext.Value(bytes.Clone(data))
		if err := canonical.Canonicalize(); err != nil || !bytes.Equal(canonical, data) {
			t.Fatalf("%q is taken as canonical: %v", data, err)
		}
		general, err := decodeMembers(data)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(fmt.Sprintf("%q", general), fmt.Sprintf("%q", fast)); diff != "" {
			t.Error(diff)
		}
	})
}

func FuzzReadReceipts(f *testing.F) {
	f.Add([]byte("01890a5d-ac96-774b-bcce-b302099a8057\n{\"auditEntries\":[\"x\"]}\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		count := 0
		err := ReadReceipts(bytes.NewReader(data), func(string) error { count++; return nil })
		if err == nil && count > len(data) {
			t.Errorf("%d receipts in %d bytes", count, len(data))
		}
	})
}
