package runs_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	vkit "cloud.google.com/go/firestore/apiv1"
	"cloud.google.com/go/firestore/apiv1/firestorepb"
	"github.com/google/uuid"

	"github.com/strongroom-dev/strongroom/emulator/cloud"
	"github.com/strongroom-dev/strongroom/functions/runs"
	"github.com/strongroom-dev/strongroom/shared/access"
	"github.com/strongroom-dev/strongroom/shared/gcp"
	"github.com/strongroom-dev/strongroom/shared/secret"
)

// benchCloud has this program be a cloud, so that a benchmark's own CPU is the
// client's alone.
const benchCloud = "STRONGROOM_BENCH_CLOUD"

// address is how to reach that cloud.
type address struct {
	Cloud       gcp.Config
	AccessToken string
	Runner      string
	Tenant      string
}

func init() {
	if os.Getenv(benchCloud) == "" {
		return
	}
	ctx := context.Background()
	c, err := cloud.Start(ctx, cloud.Options{})
	if err != nil {
		panic(err)
	}
	if _, err := c.AddTenant(ctx, "bench", "prod"); err != nil {
		panic(err)
	}
	a := address{Cloud: c.As(cloud.FunctionAccount("runs")), Tenant: "bench"}
	a.AccessToken, a.Cloud.AccessToken = a.Cloud.AccessToken.Reveal(), secret.String{}
	if a.Runner, err = c.Token("bench", "runner"); err != nil {
		panic(err)
	}
	_ = json.NewEncoder(os.Stdout).Encode(a)
	_, _ = bufio.NewReader(os.Stdin).ReadByte() // until the benchmark is over
	os.Exit(0)
}

// elsewhere starts a cloud in a process of its own.
func elsewhere(b *testing.B) address {
	b.Helper()
	child := exec.CommandContext(b.Context(), os.Args[0])
	child.Stderr = os.Stderr
	child.Env = append(os.Environ(), benchCloud+"=1")
	out, err := child.StdoutPipe()
	if err != nil {
		b.Fatal(err)
	}
	if _, err := child.StdinPipe(); err != nil { // ends with this process
		b.Fatal(err)
	}
	if err := child.Start(); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = child.Process.Kill(); _ = child.Wait() })
	var a address
	if err := json.NewDecoder(out).Decode(&a); err != nil {
		b.Fatal(err)
	}
	a.Cloud.AccessToken = secret.New(a.AccessToken)
	return a
}

// cpu is what this process has used so far.
func cpu(b *testing.B) time.Duration {
	b.Helper()
	var used syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &used); err != nil {
		b.Fatal(err)
	}
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}

// measure reports the CPU of one do.
func measure(b *testing.B, do func()) {
	b.Helper()
	for range 50 {
		do()
	}
	before, n := cpu(b), 0
	for b.Loop() {
		do()
		n++
	}
	b.ReportMetric(float64((cpu(b)-before).Microseconds())/float64(n), "cpu-µs/op")
}

func newID() string { return uuid.Must(uuid.NewV7()).String() }

// benchReport has so many lines of about 1 KB.
func benchReport(lines int) []byte {
	issues := many(lines, func(i int) fields {
		return fields{"line": fmt.Sprintf(`{"severity":2,"title":"issue %d","details":%q}`, i, strings.Repeat("d", 1000))}
	})
	return encoded(with(aReport, fields{"issues": issues}))
}

func BenchmarkReport(b *testing.B) {
	a := elsewhere(b)
	clients := gcp.NewClients(a.Cloud)
	h, err := runs.New(b.Context(), runs.Config{Cloud: a.Cloud, Access: access.Config{Audience: cloud.Audience, Config: auditConfig}},
		runs.Deps{Clients: clients, Now: time.Now, Log: quiet})
	if err != nil {
		b.Fatal(err)
	}
	call := func(method, path string, body []byte) {
		r := httptest.NewRequestWithContext(b.Context(), method, "/v1/workspaces/prod/runs/"+path, strings.NewReader(string(body)))
		r.Header.Set("Content-Type", "application/json")
		r.Header.Set("Authorization", "Bearer "+a.Runner)
		w := httptest.NewRecorder()
		if h.ServeHTTP(w, r); w.Code != http.StatusOK {
			b.Fatalf("%d: %s", w.Code, w.Body)
		}
	}
	for _, lines := range []int{0, 5, 50} {
		body := benchReport(lines)
		b.Run(fmt.Sprintf("lines=%d/report", lines), func(b *testing.B) {
			measure(b, func() { call(http.MethodPost, newID()+"/report", body) }) // before its start: nothing is published
		})
		b.Run(fmt.Sprintf("lines=%d/raw", lines), func(b *testing.B) { rawCommit(b, a, lines) })
	}
}

// rawCommit commits what a report writes, and nothing else: documents of the
// same number and size, made before.
func rawCommit(b *testing.B, a address, lines int) {
	options, err := a.Cloud.Dial(a.Cloud.FirestoreHost)
	if err != nil {
		b.Fatal(err)
	}
	client, err := vkit.NewClient(b.Context(), options...)
	if err != nil {
		b.Fatal(err)
	}
	defer client.Close()
	database := "projects/" + cloud.ProjectID + "/databases/(default)"
	measure(b, func() {
		request := &firestorepb.CommitRequest{Database: database}
		for i := range lines + 5 { // the run, its id, two series, the audit entry
			request.Writes = append(request.Writes, &firestorepb.Write{Operation: &firestorepb.Write_Update{Update: &firestorepb.Document{
				Name: fmt.Sprintf("%s/documents/raw/%s/docs/%05d", database, newID(), i), Fields: rawFields(i >= 5),
			}}})
		}
		if _, err := client.Commit(b.Context(), request); err != nil {
			b.Fatal(err)
		}
	})
}

// rawFields are as many as a run has, or a sighting with its line.
func rawFields(sighting bool) map[string]*firestorepb.Value {
	values := map[string]*firestorepb.Value{}
	for i := range 10 {
		values[fmt.Sprint("field", i)] = &firestorepb.Value{ValueType: &firestorepb.Value_StringValue{StringValue: "dns-check-of-cluster-1"}}
	}
	if sighting {
		values["line"] = &firestorepb.Value{ValueType: &firestorepb.Value_BytesValue{BytesValue: make([]byte, 1100)}}
	}
	return values
}
