package offboarding_test

import (
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/strongroom-dev/strongroom/emulator/cloudtest"
	"github.com/strongroom-dev/strongroom/emulator/faults"
	"github.com/strongroom-dev/strongroom/emulator/suite"
	"github.com/strongroom-dev/strongroom/functions/offboarding"
	"github.com/strongroom-dev/strongroom/shared/auditlog"
	"github.com/strongroom-dev/strongroom/shared/certificate"
	"github.com/strongroom-dev/strongroom/shared/function"
	"github.com/strongroom-dev/strongroom/shared/gcp"
	"github.com/strongroom-dev/strongroom/shared/offboard"
)

// process is one process of the function, whose calls of all services are counted together.
type process struct {
	handler *offboarding.Handler
	grpc    *faults.Proxy
}

// plan says what happens to each call, by its number. It is shared by the processes of a trial.
type plan struct {
	calls atomic.Int64
	at    map[int64]faults.Fault
}

func (p *plan) next(storage bool) faults.Fault {
	fault := p.at[p.calls.Add(1)]
	if storage && fault != faults.None && fault != faults.ReplyLost {
		return faults.Lost
	}
	return fault
}

func (f *fixture) process(t *testing.T, p *plan) process {
	t.Helper()
	config := f.Cloud.As(suite.FunctionAccount("offboarding"))
	grpc, err := faults.New(config.FirestoreHost, func(string) faults.Fault { return p.next(false) })
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = grpc.Close() })
	objects, err := faults.NewHTTP(faults.HTTPConfig{Fault: func(*http.Request) faults.Fault { return p.next(true) }}, "http://"+config.StorageHost)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = objects.Close() })
	config.FirestoreHost, config.KMSHost = grpc.Addr(), grpc.Addr()
	config.StorageHost = strings.TrimPrefix(objects.URL("http://"+config.StorageHost), "http://")
	clients := gcp.NewClients(config)
	t.Cleanup(func() { _ = clients.Close() })
	h, err := offboarding.New(t.Context(), offboarding.Config{
		Config: auditlog.Config{AuditKeyName: f.Cloud.PlatformKey("audit")}, Host: "api.example.com", CertificateKey: f.Cloud.PlatformKey("certificate"),
	}, function.Deps{Clients: clients, Now: f.Cloud.Clock.Now, After: time.After, Log: slog.New(slog.NewTextHandler(f.Cloud.Log, nil))})
	if err != nil {
		t.Fatal(err)
	}
	return process{handler: h, grpc: grpc}
}

// serve calls the function. It returns when there is a response, or the process is dead.
func (p process) serve() (dead bool) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		p.handler.ServeHTTP(httptest.NewRecorder(), httptest.NewRequestWithContext(p.grpc.Dead(), http.MethodPost, "/", nil))
	}()
	select {
	case <-done:
	case <-p.grpc.Dead().Done():
		<-done
		return true
	}
	return false
}

// offboardWith offboards a tenant while calls of the function fail as the plan says. It returns
// how many calls there were.
func offboardWith(t *testing.T, at map[int64]faults.Fault) int64 {
	t.Helper()
	c := cloudtest.New(t, suite.Options{})
	f := newFixture(t, c)
	before := len(erasable(f.left(t)))
	f.start(t)
	p := &plan{at: at}
	running := f.process(t, p)
	for _, d := range []time.Duration{0, 16 * time.Minute, 30 * day, 25 * time.Hour, time.Hour, 99 * day, time.Hour} {
		c.Clock.Advance(d)
		for range 4 { // the scheduler calls again, whatever the response was
			if running.serve() {
				running = f.process(t, p)
			}
		}
		if p := f.read(t); !p.after(offboard.AwaitKey) && len(erasable(f.left(t))) != before {
			t.Errorf("in the step %s, something is erased", p.Step)
		}
	}
	if got := f.read(t); offboard.Step(got.Step) != offboard.Done {
		t.Errorf("the step is %+v", got)
	}
	if left := erasable(f.left(t)); len(left) > 0 {
		t.Errorf("the stores have %v", left)
	}
	final := f.certificate(t, certificate.Final)
	var found int64
	for _, s := range final.Stores {
		found += s.Found
	}
	if found != int64(before) {
		t.Errorf("the certificate finds %d of %d", found, before)
	}
	return p.calls.Load()
}

// read returns where the offboarding is.
func (f *fixture) read(t *testing.T) (s shown) {
	t.Helper()
	f.staff(t, http.MethodGet, "/offboarding", nil).Want(t, http.StatusOK).JSON(t, &s)
	return s
}

// after reports whether the step comes after another one.
func (s shown) after(other offboard.Step) bool {
	for _, step := range offboard.Steps {
		switch step {
		case offboard.Step(s.Step):
			return false
		case other:
			return true
		}
	}
	return true
}

// TestLaw14GoneWhateverFails fails each call of an offboarding in each way, and pairs of calls:
// nothing is erased too early, everything is erased in the end, and the certificate is right.
// Each run tries a sample; STRONGROOM_HISTORIES=N tries all calls and N pairs.
func TestLaw14GoneWhateverFails(t *testing.T) {
	t.Parallel()
	kinds := []faults.Fault{faults.Lost, faults.ReplyLost, faults.KilledIn}
	calls := offboardWith(t, nil)
	if calls < 50 {
		t.Fatalf("an offboarding has %d calls", calls)
	}
	sampled := cloudtest.Sampled(60)
	for call := int64(1); call <= calls; call++ {
		for k, kind := range kinds {
			if n := int(call)*len(kinds) + k; sampled(n) {
				t.Run(fmt.Sprintf("call %d %s", call, kind), func(t *testing.T) {
					t.Parallel()
					offboardWith(t, map[int64]faults.Fault{call: kind})
				})
			}
		}
	}
	count, seed := cloudtest.Histories(t, 3)
	for i := range count {
		random := rand.New(rand.NewPCG(seed+uint64(i), 0))
		first, second := 1+random.Int64N(calls), 1+random.Int64N(calls)
		at := map[int64]faults.Fault{first: kinds[random.IntN(3)], second: kinds[random.IntN(3)]}
		t.Run(fmt.Sprintf("seed %d", seed+uint64(i)), func(t *testing.T) {
			t.Parallel()
			offboardWith(t, at)
		})
	}
}
