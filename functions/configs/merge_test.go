package configs

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/go-git/go-git/v6/plumbing"
	"github.com/go-git/go-git/v6/plumbing/format/packfile"
	"github.com/go-git/go-git/v6/storage/memory"
	"github.com/google/go-cmp/cmp"
)

func TestRepositoryHasFewPacks(t *testing.T) {
	t.Parallel()
	for name, size := range map[string]func(*rand.Rand) int64{
		"small pushes":          func(*rand.Rand) int64 { return 900 },
		"pushes of many sizes":  func(r *rand.Rand) int64 { return 300 << r.IntN(14) },
		"large pushes":          func(r *rand.Rand) int64 { return maxPushBytes - r.Int64N(1<<20) },
		"a large one, and then": func(r *rand.Rand) int64 { return 300 + r.Int64N(300)*r.Int64N(300)*r.Int64N(80) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			random := rand.New(rand.NewPCG(1, 2))
			var packs []pack
			total, written, most := int64(0), int64(0), 0
			for range 20_000 {
				next := size(random)
				if total += next; total > maxRepositoryBytes {
					break
				}
				n := mergeCount(packs, next)
				for _, p := range packs[len(packs)-n:] {
					next += p.Size
				}
				if n > 0 && next > maxMergedBytes {
					t.Fatalf("a merged pack has %d bytes", next)
				}
				written += next
				packs = append(packs[:len(packs)-n], pack{Size: next})
				most = max(most, len(packs))
			}
			t.Logf("at most %d packs; %.1f bytes are written for each byte that is pushed", most, float64(written)/float64(total))
			if most > 30 || written > 20*total {
				t.Errorf("%d packs; %d bytes are written for %d", most, written, total)
			}
		})
	}
}

func TestOldRepositoryWithManyPacksIsMerged(t *testing.T) {
	t.Parallel()
	packs := slices.Repeat([]pack{{Size: 1000}}, 500)
	if n := mergeCount(packs, 1000); n != 500 {
		t.Errorf("%d packs are merged, want all", n)
	}
}

// packed returns a pack of texts. go-git chooses what is a delta.
func packed(t *testing.T, texts []string, refDeltas bool) loadedPack {
	t.Helper()
	st := memory.NewStorage()
	var hashes []plumbing.Hash
	for _, text := range texts {
		o := st.NewEncodedObject()
		o.SetType(plumbing.BlobObject)
		w, err := o.Writer()
		if err != nil {
			t.Fatal(err)
		}
		_, _ = w.Write([]byte(text)) // a buffer does not fail
		hash, err := st.SetEncodedObject(o)
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Contains(hashes, hash) {
			hashes = append(hashes, hash)
		}
	}
	var out bytes.Buffer
	if _, err := packfile.NewEncoder(&out, st, refDeltas).Encode(hashes, 10); err != nil {
		t.Fatal(err)
	}
	objects, err := unpack(out.Bytes(), ofPush)
	if err != nil {
		t.Fatal(err)
	}
	return loadedPack{data: out.Bytes(), objects: objects}
}

// FuzzJoin makes packs of versions of one text, which are deltas of each other. Some versions
// are in several packs. The joined pack has each of them once.
func FuzzJoin(f *testing.F) {
	for seed := range uint64(20) {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, seed uint64) {
		random := rand.New(rand.NewPCG(seed, 0))
		var packs []loadedPack
		want := map[string]bool{}
		for range 1 + random.IntN(4) {
			var texts []string
			for range 1 + random.IntN(8) {
				n := random.IntN(12)
				text := string(bytes.Repeat([]byte("a line of the text\n"), 5+n)) + fmt.Sprint("version ", n)
				texts, want[text] = append(texts, text), true
			}
			packs = append(packs, packed(t, texts, random.IntN(2) == 0))
		}
		data, dropped, err := join(packs)
		if err != nil {
			t.Fatal(err)
		}
		objects, err := unpack(data, ofPush)
		if err != nil {
			t.Fatal(err)
		}
		got, size, all := map[string]bool{}, int64(0), int64(0)
		for _, o := range objects {
			got[string(o.data)] = true
			size += o.Size()
		}
		for _, l := range packs {
			for _, o := range l.objects {
				all += o.Size()
			}
		}
		if diff := cmp.Diff(want, got); diff != "" || len(got) != len(objects) || size+dropped != all {
			t.Errorf("%d objects with %d bytes, %d dropped of %d (-want +got):\n%s", len(objects), size, dropped, all, diff)
		}
		if _, err := packfile.NewParser(bytes.NewReader(data), packfile.WithStorage(memory.NewStorage())).Parse(); err != nil {
			t.Errorf("go-git refuses the joined pack: %v", err)
		}
	})
}
