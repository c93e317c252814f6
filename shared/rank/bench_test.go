package rank_test

import (
	"fmt"
	"math/rand/v2"
	"runtime"
	"testing"

	"github.com/strongroom-dev/strongroom/shared/rank"
)

// most is how many tasks the catalog may have.
const most = 20_000

// many returns a large collection that is made from a small one.
func many(b *testing.B, size int) (documents []rank.Document) {
	b.Helper()
	r, tasks := rand.New(rand.NewPCG(1, 2)), collection(b)
	for i := range size {
		d, other := tasks[r.IntN(len(tasks))], tasks[r.IntN(len(tasks))]
		d.ID, d.Name = fmt.Sprint(i), fmt.Sprintf("%s w%d", d.Name, r.IntN(3000))
		d.Documentation += " " + other.Documentation
		d.Context = other.Name + ". " + other.Documentation
		documents = append(documents, d)
	}
	return documents
}

func BenchmarkNew20000(b *testing.B) {
	documents := many(b, most)
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	x := rank.New(documents)
	runtime.GC()
	runtime.ReadMemStats(&after)
	for b.Loop() {
		rank.New(documents)
	}
	b.ReportMetric(float64(after.HeapAlloc-before.HeapAlloc)/1e6, "MB-kept")
	runtime.KeepAlive(x)
}

func BenchmarkSearch20000(b *testing.B) {
	index := rank.New(many(b, most))
	for name, step := range map[string]string{
		"ordinary": "Check the logs of deployment `cart` in namespace `shop`",
		"long":     "Review the logs of the deployment and the events of its pods, then compare the configuration with the last revision and check nodes, volumes, quotas, probes and certificates",
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				index.Search(step, 10, nil)
			}
		})
	}
}
