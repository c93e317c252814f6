package main

import (
	"fmt"
	"io"
	"time"

	"github.com/strongroom-dev/strongroom/shared/export"
)

// Costs of the parts of an export. BenchmarkExport of functions/exportworker measures
// those of a row. The rates are assumptions until they are measured in the cloud.
const (
	cpuOfRow       = 38e-6 // seconds
	bytesOfRow     = 75.0  // compressed
	readsOfPart    = 25.0  // beyond its documents: counting, 1 for each 1,000 entries, and its own record
	writesOfPart   = 5.0   // its record twice, its message twice, and a share of its plan
	rowsPerSecond  = 2_000 // that one part reads
	instances      = 20.0  // of export-worker: max_instances
	partsTogether  = 4.0   // in one instance: its concurrency in suite.json
	overhead       = 3 * time.Minute
	copiesPerSec   = 1_000 // objects a second that one bucket takes at first: cloud.google.com/storage/docs/request-rate
	vCPUSecond     = 0.000024 + 0.5*0.0000025
	standardMonth  = 0.023 // USD for a GiB
	internetEgress = 0.08  // USD for a GiB, of more than 10 TiB
)

// exported is what one export costs and how long it takes.
type exported struct {
	what      string
	duration  time.Duration
	firestore float64 // USD, as all below
	functions float64
	objects   float64 // their creation, and Cloud KMS for it
	month     float64 // of storage
	egress    float64 // if it is pulled over the internet
}

// exportDocuments returns the cost of an export of documents.
func exportDocuments(n float64) exported {
	parts := n/export.MaxPartDocuments + 1
	seconds := parts * export.MaxPartDocuments / rowsPerSecond
	stored := n * bytesOfRow / gib
	return exported{
		what:      fmt.Sprintf("%.0g documents", n),
		duration:  overhead + time.Duration(seconds/(instances*partsTogether)*float64(time.Second)),
		firestore: (n+parts*readsOfPart)/1e5*0.06 + parts*writesOfPart/1e5*0.18,
		functions: max(seconds/partsTogether, n*cpuOfRow) * vCPUSecond,
		objects:   objectPrice(parts), month: stored * standardMonth, egress: stored * internetEgress,
	}
}

// exportOutput returns the cost of copying output in objects of a size within a
// location. Cloud Storage copies it; no byte passes through a function.
func exportOutput(bytes, size float64) exported {
	objects := bytes / size
	e := exportDocuments(objects) // which names each object
	e.what = fmt.Sprintf("%.0f TiB of output in parts of %s", bytes/tib, binarySize(size))
	e.duration = max(e.duration, overhead+time.Duration(objects/copiesPerSec*float64(time.Second)))
	e.objects += objectPrice(objects)
	e.month += bytes / gib * standardMonth
	e.egress += bytes / gib * internetEgress
	return e
}

func objectPrice(n float64) float64 { return n/1000*0.005 + n*kmsPerObject/1e4*0.03 }

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

// reportExports writes the table of exports.
func reportExports(w io.Writer) {
	fmt.Fprintln(w, "\nexport of\ttakes\tFirestore USD\tfunctions USD\tobjects USD\tstorage USD a month\tpull over the internet USD\tin time")
	for _, e := range exports() {
		inTime := "yes"
		if e.duration > export.MaxRequestedAge {
			inTime = "no: use Storage Transfer Service"
		}
		fmt.Fprintf(w, "%s\t%s\t%.2f\t%.2f\t%.2f\t%.2f\t%.2f\t%s\n", e.what, e.duration.Round(time.Minute), e.firestore, e.functions, e.objects, e.month, e.egress, inTime)
	}
}
