//go:build unix

package auditintegrator_test

import (
	"context"
	"fmt"
	"syscall"
	"testing"
	"time"

	"cloud.google.com/go/firestore"
	"cloud.google.com/go/storage"

	"github.com/strongroom-dev/strongroom/emulator/cloudtest"
	"github.com/strongroom-dev/strongroom/emulator/faults"
	"github.com/strongroom-dev/strongroom/emulator/suite"
	"github.com/strongroom-dev/strongroom/shared/auditlog"
	"github.com/strongroom-dev/strongroom/shared/bucket"
	"github.com/strongroom-dev/strongroom/shared/tilelog"
)

// BenchmarkIntegrate measures whole calls of the function on the embedded cloud:
// entries per second of CPU, of this process, which is the function and the
// embedded cloud together. So production does better.
func BenchmarkIntegrate(b *testing.B) {
	const entries = 5000
	f := newFixture(b, cloudtest.New(b, suite.Options{}).Tenant(b))
	target, err := faults.NewTarget(f.Cloud.As(suite.OperatorAccount).FirestoreHost)
	if err != nil {
		b.Fatal(err)
	}
	p := f.newProcess(b, target, &wire{}, f.Cloud.Clock.Now)
	b.Cleanup(func() { p.close(); _ = target.Close() })
	var used time.Duration
	for b.Loop() {
		b.StopTimer()
		for range entries / 250 {
			f.appendAtOnce(b, 250)
		}
		b.StartTimer()
		before := cloudtest.CPU(b)
		if !p.run(b.Context()) {
			b.Fatal("not everything is integrated")
		}
		used += cloudtest.CPU(b) - before
	}
	b.ReportMetric(float64(entries*b.N)/used.Seconds(), "entries/cpu-s")
}

// appendAtOnce records n entries in one commit.
func (f fixture) appendAtOnce(t testing.TB, n int) {
	t.Helper()
	err := f.db.RunTransaction(t.Context(), func(ctx context.Context, tx *firestore.Transaction) error {
		for range n {
			p, err := f.log.Prepare(ctx, f.db, auditlog.Entry{Tenant: f.ID, Actor: auditlog.Actor{Subject: "a"}, Action: auditlog.StartRun})
			if err != nil {
				return err
			}
			if err := p.Write(tx); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// BenchmarkIntegrateMillion measures the tree alone: it appends 1,000,000 entries of
// 300 bytes in batches of 256 as the function does, creates every bundle and tile in
// a bucket of an embedded cloud in another process, and computes the root of each
// batch. It leaves out Firestore, Cloud KMS and the sealing of entries, which
// BenchmarkIntegrate has. It reports the entries per second of CPU, and how much
// more memory the process has at the end than after the first tenth.
func BenchmarkIntegrateMillion(b *testing.B) {
	const (
		entries = 1_000_000
		size    = 300
	)
	process := cloudtest.StartProcess(b, "audit-integrator")
	client, err := bucket.NewClient(b.Context(), process.Config)
	if err != nil {
		b.Fatal(err)
	}
	defer client.Close()
	objects := client.Bucket(process.Tenant.AuditBucket)
	for b.Loop() {
		tree, before, early := &tilelog.Tree{}, cloudtest.CPU(b), int64(0)
		for n := 0; n < entries; n += tilelog.TileWidth {
			growByBundle(b, objects, tree, n, size)
			tree.Root()
			if n/tilelog.TileWidth == entries/tilelog.TileWidth/10 {
				early = resident(b)
			}
		}
		used := cloudtest.CPU(b) - before
		b.ReportMetric(entries/used.Seconds(), "entries/cpu-s")
		b.ReportMetric(float64(used.Microseconds())/entries, "cpu-µs/entry")
		b.ReportMetric(float64(resident(b)-early)/(1<<20), "MiB-growth")
	}
}

// growByBundle appends the entries of one bundle to the tree, and creates what
// becomes full.
func growByBundle(b *testing.B, objects *storage.BucketHandle, tree *tilelog.Tree, first, size int) {
	b.Helper()
	var bundle []byte
	for i := range tilelog.TileWidth {
		leaf := fmt.Appendf(nil, "%0*d", size, first+i)
		if err := tree.Append(leaf); err != nil {
			b.Fatal(err)
		}
		var err error
		if bundle, err = tilelog.AppendEntry(bundle, leaf); err != nil {
			b.Fatal(err)
		}
	}
	create := func(r tilelog.Resource, data []byte) {
		if err := bucket.Create(b.Context(), objects.Object(r.Path()), "application/octet-stream", data); err != nil {
			b.Fatal(err)
		}
	}
	create(tilelog.Resource{Entries: true, Index: uint64(first / tilelog.TileWidth), Width: tilelog.TileWidth}, bundle)
	for _, tile := range tree.Completed() {
		create(tilelog.Resource{Level: tile.Level, Index: tile.Index, Width: tilelog.TileWidth}, tile.Data)
	}
}

// resident returns the most memory that the process has had so far, in bytes.
func resident(b *testing.B) int64 {
	b.Helper()
	var used syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &used); err != nil {
		b.Fatal(err)
	}
	return used.Maxrss << 10 // Linux counts kibibytes
}
