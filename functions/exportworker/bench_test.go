package exportworker_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"runtime/metrics"
	"strings"
	"testing"
	"time"

	"cloud.google.com/go/firestore"
	"golang.org/x/sync/errgroup"
	"google.golang.org/api/iterator"

	"github.com/strongroom-dev/strongroom/emulator/cloudtest"
	"github.com/strongroom-dev/strongroom/emulator/suite"
	"github.com/strongroom-dev/strongroom/functions/exportworker"
	"github.com/strongroom-dev/strongroom/shared/auditlog"
	"github.com/strongroom-dev/strongroom/shared/event"
	"github.com/strongroom-dev/strongroom/shared/export"
	"github.com/strongroom-dev/strongroom/shared/exportjob"
	"github.com/strongroom-dev/strongroom/shared/function"
	"github.com/strongroom-dev/strongroom/shared/gcp"
	"github.com/strongroom-dev/strongroom/shared/grant"
	"github.com/strongroom-dev/strongroom/shared/outbox"
	"github.com/strongroom-dev/strongroom/shared/records"
	"github.com/strongroom-dev/strongroom/shared/run"
	"github.com/strongroom-dev/strongroom/shared/tenant"
)

// BenchmarkExport exports grants, part by part, of a cloud in another process. The
// last part, the manifest, is left out: it waits for the audit log. It reports
//
//	cpu-µs/row      of the worker, with everything that it does
//	x-decode        the same, against reading and decoding the documents
//	MiB-above-idle  memory of this process at its peak
//	x-compressed    bytes of the rows, against those of the files
func BenchmarkExport(b *testing.B) {
	for _, rows := range []int{10_000, 100_000, 1_000_000} {
		b.Run(fmt.Sprint("rows=", rows), func(b *testing.B) {
			f := newBenchmark(b)
			f.fill(b, rows)
			for b.Loop() {
				decoding, plain := f.decode(b)
				idle := memoryInUse()
				peak := watchMemory(b)
				used, files := f.export(b)
				b.ReportMetric(float64(used.Microseconds())/float64(rows), "cpu-µs/row")
				b.ReportMetric(used.Seconds()/decoding.Seconds(), "x-decode")
				b.ReportMetric(float64(peak()-idle)/(1<<20), "MiB-above-idle")
				b.ReportMetric(float64(plain)/float64(files), "x-compressed")
			}
		})
	}
}

// benchmark is a worker whose cloud is another process.
type benchmark struct {
	*exportworker.Worker
	db   *firestore.Client
	home exportjob.Home
	jobs *exportjob.Jobs
}

func newBenchmark(b *testing.B) benchmark {
	b.Helper()
	process := cloudtest.StartProcess(b, "export-worker")
	clients := gcp.NewClients(process.Config)
	b.Cleanup(func() { _ = clients.Close() })
	db, err := clients.Default(b.Context())
	if err != nil {
		b.Fatal(err)
	}
	keys := "projects/" + suite.ProjectID + "/locations/" + suite.Location + "/keyRings/platform/cryptoKeys/"
	config := exportworker.Config{Audit: auditlog.Config{AuditKeyName: keys + "audit"}, ManifestKeyName: keys + "manifest", Host: "localhost"}
	worker, errWorker := exportworker.New(b.Context(), config, function.Deps{Clients: clients, Now: time.Now, Log: slog.New(slog.DiscardHandler)})
	log, errLog := auditlog.Open(b.Context(), config.Audit, clients, time.Now)
	if err := errors.Join(errWorker, errLog); err != nil {
		b.Fatal(err)
	}
	jobs := &exportjob.Jobs{Audit: log, Publisher: outbox.NewPublisher(clients), Now: time.Now}
	return benchmark{Worker: worker, db: db, home: exportjob.Home{DB: db, Tenant: process.Tenant.ID}, jobs: jobs}
}

// fill writes grants like those of real outputs.
func (f benchmark) fill(b *testing.B, rows int) {
	b.Helper()
	const page = 500
	var group errgroup.Group
	group.SetLimit(4)
	for first := 0; first < rows; first += page {
		group.Go(func() error {
			return f.db.RunTransaction(b.Context(), func(_ context.Context, tx *firestore.Transaction) error {
				for i := first; i < min(rows, first+page); i++ {
					g := benchmarkGrant(i)
					if err := tx.Create(records.GrantRef(f.db, f.home.Tenant, g.Object()), g); err != nil {
						return err
					}
				}
				return nil
			})
		})
	}
	if err := group.Wait(); err != nil {
		b.Fatal(err)
	}
}

func benchmarkGrant(i int) grant.Grant {
	size, crc, now := int64(i)*7919%262144, uint32(i)*2654435761, time.Unix(1_780_000_000, 0).Add(time.Duration(i)*time.Second)
	return grant.Grant{
		Workspace: tenant.WorkspaceID("prod"), Run: run.ID(fmt.Sprintf("%08x-%04x-7000-8000-%012x", i/10*2654435761&0xffffffff, i/10%65536, i/10)),
		Output: "stdout.log", Part: 1 + i%10, State: grant.Stored, Created: now, Expires: now.Add(15 * time.Minute),
		Declared: grant.Declared{ContentType: "text/plain", Size: &size, CRC32C: &crc},
		Stored:   &grant.Finalized{Generation: now.UnixMicro(), Size: size, CRC32C: crc, ContentType: "text/plain", Time: now},
	}
}

// decode reads and decodes all documents. It returns the time of the processor, and
// the bytes of the rows.
func (f benchmark) decode(b *testing.B) (used time.Duration, plain int) {
	b.Helper()
	docs := f.db.CollectionGroup(records.GrantsCollection).OrderBy(firestore.DocumentID, firestore.Asc).Documents(b.Context())
	defer docs.Stop()
	for n := 0; ; n++ {
		before := cloudtest.CPU(b)
		doc, err := docs.Next()
		if errors.Is(err, iterator.Done) {
			return used, plain
		}
		if err != nil {
			b.Fatal(err)
		}
		g, err := records.Decode[grant.Grant](doc)
		if err != nil {
			b.Fatal(err)
		}
		used += cloudtest.CPU(b) - before
		line, err := export.Encode(export.NewGrantRow(g))
		if err != nil {
			b.Fatal(err)
		}
		plain += len(line)
	}
}

// export executes all parts but the manifest. It returns the time of the processor,
// and the bytes of the files with rows.
func (f benchmark) export(b *testing.B) (used time.Duration, files int64) {
	b.Helper()
	id := export.ID(cloudtest.NewRun(b))
	now := time.Now()
	e := export.New(id, export.Request{Kinds: []export.Kind{export.Inventory}, To: now.Truncate(time.Microsecond)}, "", now)
	entry := auditlog.Entry{Tenant: f.home.Tenant, Action: auditlog.CreateExport, Resource: "exports/" + string(id)}
	if _, err := f.jobs.Create(b.Context(), f.home, e, entry); err != nil {
		b.Fatal(err)
	}
	for {
		open, err := f.home.Parts(id).Where("done", "==", false).Documents(b.Context()).GetAll()
		if err != nil {
			b.Fatal(err)
		}
		for _, doc := range open {
			if strings.HasPrefix(doc.Ref.ID, string(export.ManifestPart)) {
				progress, err := f.home.Progress(b.Context(), id)
				if err != nil {
					b.Fatal(err)
				}
				return used, progress.Bytes
			}
			before := cloudtest.CPU(b)
			m := event.Message{Attributes: map[string]string{"tenant": string(f.home.Tenant), "export": string(id), "part": doc.Ref.ID}}
			if err := f.Handle(b.Context(), m); err != nil {
				b.Fatal(err)
			}
			used += cloudtest.CPU(b) - before
		}
	}
}

// memoryInUse returns the bytes that the process has from the system after a garbage
// collection.
func memoryInUse() uint64 {
	debug.FreeOSMemory()
	return readMemory()
}

func readMemory() uint64 {
	samples := []metrics.Sample{{Name: "/memory/classes/total:bytes"}, {Name: "/memory/classes/heap/released:bytes"}}
	metrics.Read(samples)
	return samples[0].Value.Uint64() - samples[1].Value.Uint64()
}

// watchMemory returns a function that returns the most memory that was in use since.
func watchMemory(b *testing.B) (peak func() uint64) {
	b.Helper()
	stop, result := make(chan struct{}), make(chan uint64)
	go func() {
		tick := time.NewTicker(time.Millisecond)
		defer tick.Stop()
		most := uint64(0)
		for {
			select {
			case <-tick.C:
				most = max(most, readMemory())
			case <-stop:
				result <- most
				return
			}
		}
	}()
	return func() uint64 { close(stop); return <-result }
}
