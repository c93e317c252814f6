package configs_test

import (
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/strongroom-dev/strongroom/emulator/cloudtest"
	"github.com/strongroom-dev/strongroom/emulator/faults"
	"github.com/strongroom-dev/strongroom/emulator/suite"
	"github.com/strongroom-dev/strongroom/functions/configs"
	"github.com/strongroom-dev/strongroom/shared/access"
	"github.com/strongroom-dev/strongroom/shared/function"
	"github.com/strongroom-dev/strongroom/shared/gcp"
)

// overHTTP is what a fault is called in front of Cloud Storage.
var overHTTP = map[faults.Fault]faults.Fault{
	faults.Lost: faults.Lost, faults.ReplyLost: faults.ReplyLost, faults.Twice: faults.None, faults.Late: faults.Lost,
	faults.Aborted: faults.Unavailable, faults.Exhausted: faults.Unavailable, faults.Killed: faults.Lost, faults.KilledIn: faults.ReplyLost,
}

// lastRequest is the key of a request that takes effect, and after which the process dies.
type lastRequest struct{}

// plan returns the fault of a call. Calls are counted from 1. The name is a method of gRPC,
// such as Commit, or one of HTTP, such as POST.
type plan func(call int64, name string) faults.Fault

// faulty is the function in a process of its own, whose calls fail as planned. After a
// fault that kills, it answers nothing.
type faulty struct {
	address string
	calls   atomic.Int64
	closing []func()
}

func startFaulty(t *testing.T, c *cloudtest.Cloud, target *faults.Target, plan plan) *faulty {
	t.Helper()
	f := &faulty{}
	dead, kill := context.WithCancel(t.Context())
	next := func(name string) faults.Fault {
		if dead.Err() != nil {
			return faults.Killed
		}
		fault := plan(f.calls.Add(1), name)
		if fault == faults.Killed {
			kill()
		}
		return fault
	}
	ofStores := func(method string) faults.Fault {
		fault := next(method)
		if fault == faults.KilledIn { // the request is here as a whole
			kill()
		}
		return fault
	}
	ofObjects := faults.HTTPConfig{
		Fault: func(r *http.Request) faults.Fault {
			fault := next(r.Method)
			if fault == faults.KilledIn { // its body may still be coming, so the process lives until the response
				*r = *r.WithContext(context.WithValue(r.Context(), lastRequest{}, true))
			}
			return overHTTP[fault]
		},
		Edit: func(response *http.Response) error {
			if response.Request.Context().Value(lastRequest{}) != nil {
				kill()
			}
			return nil
		},
	}
	must := func(err error) {
		if err != nil {
			t.Fatal(err)
		}
	}
	google := c.As(suite.FunctionAccount("configs"))
	stores, err := target.NewProxy(ofStores)
	must(err)
	objects, err := faults.NewHTTP(ofObjects, "http://"+google.StorageHost)
	must(err)
	google.FirestoreHost, google.KMSHost = stores.Addr(), stores.Addr()
	google.StorageHost = strings.TrimPrefix(objects.URL("http://"+google.StorageHost), "http://")
	clients := gcp.NewClients(google)
	_, settings, err := function.Settings[access.Config](c.FunctionEnviron("configs"))
	must(err)
	handler, err := configs.New(dead, settings, function.Deps{Clients: clients, Now: c.Clock.Now, Log: slog.New(slog.DiscardHandler)})
	must(err)
	server := httptest.NewServer(mortal(dead, handler))
	f.address = server.URL
	f.closing = []func(){server.CloseClientConnections, server.Close, kill, func() { _ = clients.Close() }, func() { _ = stores.Close() }, func() { _ = objects.Close() }}
	return f
}

// close ends the process. Delayed calls arrive now.
func (f *faulty) close() {
	for _, end := range f.closing {
		end()
	}
}

// mortal breaks the connections of a process that dies, without waiting for its work.
func mortal(dead context.Context, handler http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		answer, done := httptest.NewRecorder(), make(chan struct{})
		go func() {
			defer close(done)
			handler.ServeHTTP(answer, r.WithContext(dead))
		}()
		select {
		case <-done:
		case <-dead.Done():
		}
		if dead.Err() != nil {
			panic(http.ErrAbortHandler)
		}
		for name, values := range answer.Header() {
			w.Header()[name] = values
		}
		w.WriteHeader(answer.Code)
		_, _ = w.Write(answer.Body.Bytes()) // the client may be gone
	})
}
