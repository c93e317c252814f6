//go:build unix

package assistantupdate_test

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"cloud.google.com/go/firestore"

	"github.com/strongroom-dev/strongroom/emulator/cloudtest"
	"github.com/strongroom-dev/strongroom/emulator/suite"
	"github.com/strongroom-dev/strongroom/shared/event"
	"github.com/strongroom-dev/strongroom/shared/gcp"
	"github.com/strongroom-dev/strongroom/shared/issue"
	"github.com/strongroom-dev/strongroom/shared/keys"
	"github.com/strongroom-dev/strongroom/shared/records"
	"github.com/strongroom-dev/strongroom/shared/run"
)

// serve receives events over HTTP.
func serve(b *testing.B, handle event.Handler) *httptest.Server {
	b.Helper()
	server := httptest.NewServer(event.Receive(handle, slog.New(slog.DiscardHandler)))
	b.Cleanup(server.Close)
	return server
}

func push(b *testing.B, server *httptest.Server) {
	b.Helper()
	body := []byte(`{"message":{"messageId":"1","attributes":{"kind":"run.ended"},"publishTime":"2026-11-22T03:00:00Z"},"subscription":"s"}`)
	r, err := http.NewRequestWithContext(b.Context(), http.MethodPost, server.URL, bytes.NewReader(body))
	if err != nil {
		b.Fatal(err)
	}
	for name, value := range map[string]string{
		"Ce-Id": "1", "Ce-Source": "//pubsub.googleapis.com/projects/p/topics/t", "Ce-Specversion": "1.0",
		"Ce-Type": "google.cloud.pubsub.topic.v1.messagePublished", "Content-Type": "application/json",
	} {
		r.Header.Set(name, value)
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		b.Fatal(err)
	}
	_ = answer.Body.Close()
	if answer.StatusCode >= 300 {
		b.Fatal(answer.Status)
	}
}

// BenchmarkEvent compares an event that does nothing with an event that does all of
// an update except the calls to Firestore and KMS: it folds a run with three
// sightings into a check with 512 recent runs, and seals their texts.
func BenchmarkEvent(b *testing.B) {
	empty := serve(b, func(context.Context, event.Message) error { return nil })
	fold := serve(b, foldInMemory(b))
	cloudtest.CompareCPU(b, func() { push(b, fold) }, func() { push(b, empty) }, "empty")
}

// foldInMemory folds run after run in memory.
func foldInMemory(b *testing.B) event.Handler {
	b.Helper()
	seal, db := newSealFunc(b)
	check, issues := issue.Check{}, map[issue.ID]issue.Issue{}
	ids := []issue.ID{issueIDOf("a"), issueIDOf("b"), issueIDOf("c")} // a report computes them
	ref := records.IssueRef(db, "bench", "prod", ids[0])
	n := 0
	fold := func(ctx context.Context, _ event.Message) error {
		n++
		r := runAt(n, run.Failure)
		seen := issue.RunResult{ID: r.id, Start: r.startRecord(), End: r.start, Outcome: r.outcome}
		for i, id := range ids {
			seen.Sightings = append(seen.Sightings, issue.SightingFacts{Number: i + 1, Issue: id, Severity: 2})
		}
		var changed map[issue.ID]issue.Issue
		check, changed = issue.Fold(check, issues, []issue.RunResult{seen})
		for id, i := range changed {
			issues[id] = i
			text := records.IssueText{Title: "Title", Line: []byte(`{"title":"Title"}`)}
			if _, err := records.SealIssueText(ctx, seal, ref, text); err != nil {
				return err
			}
		}
		return nil
	}
	for range issue.MaxRecent {
		if err := fold(b.Context(), event.Message{}); err != nil {
			b.Fatal(err)
		}
	}
	return fold
}

// newSealFunc seals with the key of a tenant. The cloud runs in another process, so
// that this process does not spend its garbage collection on it.
func newSealFunc(b *testing.B) (records.CryptFunc, *firestore.Client) {
	b.Helper()
	e := cloudtest.StartProcess(b, "assistant-update")
	clients := gcp.NewClients(e.Config)
	b.Cleanup(func() { _ = clients.Close() })
	db, err := clients.Default(b.Context())
	if err != nil {
		b.Fatal(err)
	}
	k, err := keys.NewTenants(clients, time.Now).Of(b.Context(), e.Tenant, db)
	if err != nil {
		b.Fatal(err)
	}
	return k.Seal, db
}

// BenchmarkCost measures what Firestore bills for an event, by the number of issues
// in the workspace. -bench Cost/1000000 takes some minutes.
func BenchmarkCost(b *testing.B) {
	for _, n := range []int{10, 1_000, 1_000_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			c := cloudtest.New(b, suite.Options{})
			for b.Loop() {
				counts := costOfEvent(b, c, n, runAt(2, run.Failure, "b"))
				b.ReportMetric(float64(counts.Reads), "reads/op")
				b.ReportMetric(float64(counts.Writes), "writes/op")
			}
		})
	}
}

// BenchmarkUpdate measures a whole update, with gRPC to the embedded Firestore in this
// process.
func BenchmarkUpdate(b *testing.B) {
	w := newFixture(b)
	n := 0
	for b.Loop() {
		b.StopTimer()
		n++
		r := runAt(n, run.Failure, "a", "b", "c")
		w.storeReports(b, r)
		b.StartTimer()
		if err := w.updater.Handle(b.Context(), w.message(r.id)); err != nil {
			b.Fatal(err)
		}
	}
}
