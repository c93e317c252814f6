package model_test

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/strongroom-dev/strongroom/emulator/cloudtest"
	"github.com/strongroom-dev/strongroom/emulator/faults"
	"github.com/strongroom-dev/strongroom/emulator/suite"
	"github.com/strongroom-dev/strongroom/shared/gcp"
	"github.com/strongroom-dev/strongroom/shared/ledger"
	"github.com/strongroom-dev/strongroom/shared/prompt"
)

// calls is how many calls of Firestore and KMS a send makes by a process that has just
// started.
const calls = 9

// plan has the fault of each call, counted from 1.
type plan map[int64]faults.Fault

// sendWithFaults sends one request by a process whose calls fail as planned, and
// returns the number of its calls.
func (f fixture) sendWithFaults(t *testing.T, text string, p plan) (made int64, err error) {
	t.Helper()
	var count atomic.Int64
	config := f.cloud.As(suite.FunctionAccount("assistants"))
	wire, err := faults.New(config.FirestoreHost, func(string) faults.Fault { return p[count.Add(1)] })
	if err != nil {
		t.Error(err)
		return 0, err
	}
	config.FirestoreHost, config.KMSHost = wire.Addr(), wire.Addr()
	clients := gcp.NewClients(config)
	defer func() { _ = wire.Close(); _ = clients.Close() }() // what is late arrives
	r := f.request(t, prompt.Explanation{Issue: prompt.Issue{Title: text}})
	if r.DB, err = clients.Default(t.Context()); err != nil {
		t.Error(err)
		return 0, err
	}
	_, err = f.cloud.Gateway(t, "assistants", clients, nil).Send(wire.Dead(), r)
	return count.Load(), err
}

// A fault at any call of a send, and two faults at any two calls: nothing is sent that is
// not on the ledger, nothing is sent twice, and what was not sent is not called sent.
func TestSendsWithFaults(t *testing.T) {
	t.Parallel()
	c := cloudtest.New(t, suite.Options{})
	f := newFixture(t, c)
	f.tenant.Limits.ModelSendsPerHour, f.tenant.Limits.ModelTokensPerDay = 1<<20, 1<<40
	if made, err := f.sendWithFaults(t, "without-a-fault-", plan{}); err != nil || made != calls {
		t.Fatalf("a send makes %d calls, want %d, %v", made, calls, err)
	}
	_, seed := cloudtest.Histories(t, 1)
	random := rand.New(rand.NewPCG(seed, 0))
	plans := map[string]plan{}
	for first := int64(1); first <= calls; first++ {
		for _, fault := range faults.All {
			plans[fmt.Sprintf("%s-at-%d-", fault, first)] = plan{first: fault}
		}
		for second := first + 1; second <= calls; second++ {
			p := plan{first: faults.All[random.IntN(len(faults.All))], second: faults.All[random.IntN(len(faults.All))]}
			plans[fmt.Sprintf("%s-at-%d-and-%s-at-%d-", p[first], first, p[second], second)] = p
		}
	}
	slots := make(chan struct{}, 16)
	var work sync.WaitGroup
	for name, p := range plans {
		work.Go(func() {
			slots <- struct{}{}
			defer func() { <-slots }()
			_, _ = f.sendWithFaults(t, name, p) // it may fail
		})
	}
	work.Wait()
	f.wantConsistent(t, plans)
}

// A process that dies after it has sent a request leaves it on the ledger without an end.
// Everybody who reads the ledger sees that it may have been sent.
func TestASendWithoutAnEndIsListedAsOpen(t *testing.T) {
	t.Parallel()
	f := newFixture(t, cloudtest.Shared(t))
	const begin = calls - 1 // the first call that records the end
	_, err := f.sendWithFaults(t, "the process dies", plan{begin: faults.Killed})
	received := f.cloud.Vertex.Requests(f.project)
	if err != nil || len(received) != 1 {
		t.Fatalf("the endpoint received %d requests, %v", len(received), err)
	}
	var listed struct {
		Sends []struct {
			Status, SHA256, EndEntry string
			Consents                 []string
		}
	}
	f.tenant.Do(t, "auditor", http.MethodGet, "/v1/model-sends", nil).Want(t, http.StatusOK).JSON(t, &listed)
	if len(listed.Sends) != 1 {
		t.Fatalf("the ledger lists %+v", listed.Sends)
	}
	if s := listed.Sends[0]; s.Status != "open" || s.EndEntry != "" || s.SHA256 != received[0].SHA256 || len(s.Consents) != 2 {
		t.Errorf("the ledger says %+v", s)
	}
}

// wantConsistent compares the endpoint to the ledger, for each plan.
func (f fixture) wantConsistent(t *testing.T, plans map[string]plan) {
	t.Helper()
	listed, err := ledger.Home{DB: f.db(t), Tenant: f.tenant.ID}.List(t.Context(), "", ledger.Position{}, 10_000)
	if err != nil {
		t.Fatal(err)
	}
	ledgerOf, received := map[string][]ledger.Send{}, map[string][]string{}
	for _, s := range listed {
		ledgerOf[s.SHA256] = append(ledgerOf[s.SHA256], s.Send)
	}
	for _, r := range f.cloud.Vertex.Requests(f.project) {
		for name := range plans {
			if containsTitle(r.Text, name) {
				received[name] = append(received[name], r.SHA256)
			}
		}
		entries := ledgerOf[r.SHA256]
		if len(entries) != 1 || entries[0].TenantHalf == "" || entries[0].Status == ledger.NotSent {
			t.Errorf("the endpoint received %s, and the ledger has %+v", r.Text, entries)
		}
		delete(ledgerOf, r.SHA256)
	}
	for name, digests := range received {
		if len(digests) > 1 {
			t.Errorf("%s: it was sent %d times", name, len(digests))
		}
	}
	for _, entries := range ledgerOf { // of what the endpoint did not receive
		for _, s := range entries {
			if s.Status != ledger.NotSent && s.Status != ledger.Open {
				t.Errorf("the ledger calls a request %q that the endpoint did not receive", s.Status)
			}
		}
	}
	t.Logf("%d plans, %d received, %d on the ledger and not received", len(plans), len(received), len(ledgerOf))
}

func containsTitle(text, title string) bool { return text == `{"issue":{"title":"`+title+`"}}` }
