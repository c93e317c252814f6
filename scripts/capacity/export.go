package main

import (
	"fmt"
	"math"
	"strconv"
	"time"

	"github.com/strongroom-dev/strongroom/shared/export"
)

// Costs of the parts of an export. BenchmarkExport of functions/exportworker measures
// those of a row. The rates are assumptions until they are measured in the cloud.
const (
	cpuOfRow      = 38e-6 // seconds
	bytesOfRow    = 75.0  // compressed
	readsOfPart   = 25.0  // beyond its documents: counting, 1 for each 1,000 entries, and its own record
	writesOfPart  = 5.0   // its record twice, its message twice, and a share of its plan
	rowsPerSecond = 2_000 // that one part reads
	instances     = 20.0  // of export-worker: max_instances
	partsTogether = 4.0   // in one instance: its concurrency in suite.json
	overhead      = 3 * time.Minute
	copiesPerSec  = 1_000 // objects a second that one bucket takes at first: cloud.google.com/storage/docs/request-rate
)

// exported is what one export costs and how long it takes.
type exported struct {
	what      string
	duration  time.Duration
	firestore float64 // USD, as all below
	functions float64
	objects   float64 // their creation, their replication, and Cloud KMS for it
	month     float64 // of storage
	egress    float64 // if it is pulled over the internet
}

// exportDocuments returns the cost of an export of documents.
func exportDocuments(n float64) exported {
	parts := n/export.MaxPartDocuments + 1
	seconds := parts * export.MaxPartDocuments / rowsPerSecond
	stored := n * bytesOfRow / gib
	return exported{
		what:      number(n) + " documents",
		duration:  overhead + time.Duration(seconds/(instances*partsTogether)*float64(time.Second)),
		firestore: (n+parts*readsOfPart)*firestoreRead.usd + parts*writesOfPart*firestoreWrite.usd,
		functions: max(seconds/partsTogether, n*cpuOfRow) * (runVCPU.usd + 0.5*runMemory.usd),
		objects:   objectPrice(parts, stored), month: stored * dualRegionMonth.usd, egress: stored * internetGiB.usd,
	}
}

// exportOutput returns the cost of copying output in objects of a size within a
// location. Cloud Storage copies it; no byte passes through a function.
func exportOutput(bytes, size float64) exported {
	objects := bytes / size
	e := exportDocuments(objects) // which names each object
	e.what = fmt.Sprintf("%.0f TiB of output in %s parts of %s", bytes/tib, number(objects), binarySize(size))
	e.duration = max(e.duration, overhead+time.Duration(objects/copiesPerSec*float64(time.Second)))
	e.objects += objectPrice(objects, bytes/gib)
	e.month += bytes / gib * dualRegionMonth.usd
	e.egress += bytes / gib * internetGiB.usd
	return e
}

// objectPrice is that of creating objects in two regions.
func objectPrice(n, gibs float64) float64 {
	return n*(dualRegionWrite.usd+kmsPerObject*kmsOperation.usd) + gibs*replication.usd
}

func binarySize(bytes float64) string {
	if bytes < 1<<20 {
		return fmt.Sprintf("%.0f KiB", bytes/(1<<10))
	}
	return fmt.Sprintf("%.0f MiB", bytes/(1<<20))
}

// exports are the rows of the report.
func exports() []exported {
	const pib = 1024 * tib
	return []exported{exportDocuments(1e6), exportDocuments(1e8), exportDocuments(1e10), exportOutput(pib, 64<<20), exportOutput(pib, 256<<10)}
}

// pulled is what pulling one GiB of output in objects of a size costs.
type pulled struct {
	size                                  float64
	objects, keys, function, inside, over float64 // USD; the last two are sums: within the location, and over the internet
}

// Costs of a page of an export's files. A page reads the export and, usually, one or two of its
// parts; its audit entry is written, read twice for its publishing, and written again.
const (
	filesOfPage  = 100
	readsOfPage  = 5.0
	writesOfPage = 2.0
)

func pullGiB(size float64) pulled {
	objects := gib / size
	pages := math.Ceil(objects / filesOfPage)
	p := pulled{size: size, objects: objects * objectRead.usd, keys: objects * kmsOperation.usd}
	p.function = pages * (readsOfPage*firestoreRead.usd + writesOfPage*firestoreWrite.usd + runRequest.usd + armorRequest.usd)
	p.inside = p.objects + p.keys + p.function
	p.over = p.inside + internetGiB.usd
	return p
}

func pullTable() string {
	rows := [][]string{{"in objects of", "reading them, USD", "Cloud KMS, USD", "requests for URLs, USD", "within the location, USD", "over the internet, USD"}}
	for _, size := range []float64{64 << 20, 8 << 20, 256 << 10} {
		p := pullGiB(size)
		rows = append(rows, []string{binarySize(size), cents(p.objects), cents(p.keys), cents(p.function), cents(p.inside), cents(p.over)})
	}
	return markdown(rows)
}

// cents writes dollars that are far less than a cent.
func cents(n float64) string { return strconv.FormatFloat(n, 'f', 5, 64) }
