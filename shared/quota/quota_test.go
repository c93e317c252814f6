package quota_test

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"cloud.google.com/go/firestore"
	"golang.org/x/sync/errgroup"

	"github.com/strongroom-dev/strongroom/emulator/cloudtest"
	"github.com/strongroom-dev/strongroom/emulator/faults"
	"github.com/strongroom-dev/strongroom/shared/gcp"
	"github.com/strongroom-dev/strongroom/shared/quota"
	"github.com/strongroom-dev/strongroom/shared/tenant"
)

func TestMain(m *testing.M) { cloudtest.Main(m) }

// fixture is a tenant with quotas, and a clock.
type fixture struct {
	t      *testing.T
	cloud  *cloudtest.Cloud
	record tenant.Record
	now    atomic.Int64 // seconds since 1970
	plan   func(method string) faults.Fault

	mu   sync.Mutex
	near []quota.Near
}

func newFixture(t *testing.T, quotas tenant.Quotas) *fixture {
	t.Helper()
	f := &fixture{t: t, cloud: cloudtest.Shared(t), record: tenant.Record{ID: tenant.ID(cloudtest.NewRun(t)), Quotas: quotas}}
	f.plan = func(string) faults.Fault { return faults.None }
	f.now.Store(time.Date(2026, 1, 2, 10, 0, 30, 0, time.UTC).Unix())
	return f
}

func (f *fixture) time() time.Time { return time.Unix(f.now.Load(), 0) }

func (f *fixture) advance(d time.Duration) { f.now.Add(int64(d / time.Second)) }

// process is one process of a function, with its own connection.
type process struct {
	*quota.Leases
	scope   quota.Scope
	commits atomic.Int64
	others  atomic.Int64 // calls that are not commits
}

func (f *fixture) process() *process {
	f.t.Helper()
	p := &process{}
	config := f.cloud.Operator.Config
	proxy, err := faults.New(config.FirestoreHost, func(method string) faults.Fault {
		if method == "Commit" {
			p.commits.Add(1)
		} else {
			p.others.Add(1)
		}
		return f.plan(method)
	})
	if err != nil {
		f.t.Fatal(err)
	}
	config.FirestoreHost = proxy.Addr()
	clients := gcp.NewClients(config)
	f.t.Cleanup(func() {
		if err := errors.Join(clients.Close(), proxy.Close()); err != nil {
			f.t.Error(err)
		}
	})
	p.scope = quota.Scope{DB: f.db(clients), Tenant: f.record}
	p.Leases = quota.New(f.time, func(_ context.Context, n quota.Near) {
		f.mu.Lock()
		defer f.mu.Unlock()
		f.near = append(f.near, n)
	})
	return p
}

func (f *fixture) db(clients *gcp.Clients) *firestore.Client {
	f.t.Helper()
	db, err := clients.Default(f.t.Context())
	if err != nil {
		f.t.Fatal(err)
	}
	return db
}

// today is what the document of the day says.
func (f *fixture) today() quota.Usage {
	f.t.Helper()
	days, err := quota.Read(f.t.Context(), f.db(f.cloud.Operator), f.record.ID, f.time(), f.time())
	if err != nil || len(days) != 1 {
		f.t.Fatalf("%d days: %v", len(days), err)
	}
	return days[0]
}

// take takes one run, and returns the quota that is exceeded, nil for none.
func (p *process) take(t testing.TB, amounts quota.Amounts) *quota.Exceeded {
	t.Helper()
	_, err := p.Take(t.Context(), p.scope, amounts)
	var exceeded *quota.Exceeded
	if err != nil && !errors.As(err, &exceeded) {
		t.Fatal(err)
	}
	return exceeded
}

var aRun = quota.Amounts{quota.Runs: 1}

func TestALeaseInHandCostsNoCall(t *testing.T) {
	t.Parallel()
	p := newFixture(t, tenant.Quotas{}).process()
	for i, want := range map[int]int64{1: 1, 8: 1, 9: 2, 24: 2, 25: 3, 1000: 7} { // 8, 16, 32, …
		p := newFixture(t, tenant.Quotas{}).process()
		for range i {
			if e := p.take(t, aRun); e != nil {
				t.Fatal(e)
			}
		}
		if got := p.commits.Load(); got != want || p.others.Load() != 0 {
			t.Errorf("%d runs made %d commits and %d other calls, want %d commits", i, got, p.others.Load(), want)
		}
	}
	if _, err := p.Take(t.Context(), p.scope, quota.Amounts{quota.Runs: 0}); err != nil || p.commits.Load() != 0 {
		t.Errorf("nothing makes %d commits: %v", p.commits.Load(), err)
	}
}

// 64 callers in 8 processes never get more than the quota, and leave at most a lease in each
// process unused.
func TestCallersInSeveralProcessesStayWithinTheQuota(t *testing.T) {
	t.Parallel()
	const processes, callers, limit = 8, 64, 2000
	f := newFixture(t, tenant.Quotas{RunsPerDay: limit})
	var all []*process
	for range processes {
		all = append(all, f.process())
	}
	var granted atomic.Int64
	var group errgroup.Group
	for i := range callers {
		p := all[i%processes]
		group.Go(func() error {
			for {
				_, err := p.Take(t.Context(), p.scope, aRun)
				var exceeded *quota.Exceeded
				if errors.As(err, &exceeded) {
					return nil
				}
				if err != nil {
					return err
				}
				granted.Add(1)
			}
		})
	}
	if err := group.Wait(); err != nil {
		t.Fatal(err)
	}
	var commits int64
	for _, p := range all {
		commits += p.commits.Load()
	}
	const lease = limit / 32
	t.Logf("%d of %d granted with %d commits", granted.Load(), limit, commits)
	if n := granted.Load(); n > limit || n < limit-processes*lease {
		t.Errorf("%d runs of %d, want at most %d unused", n, limit, processes*lease)
	}
	if commits > 150 {
		t.Errorf("%d commits", commits)
	}
}

func TestRequestsExceedTheQuotaByTheirCreditOnly(t *testing.T) {
	t.Parallel()
	const processes, limit = 4, 2560
	f := newFixture(t, tenant.Quotas{RequestsPerMinute: limit})
	granted := 0
	var all []*process
	for range processes {
		p := f.process()
		all = append(all, p)
		for range 10 { // 1/256 of the quota
			if err := p.TakeRequest(t.Context(), p.scope); err != nil {
				t.Fatal(err)
			}
			granted++
		}
		if n := p.commits.Load(); n != 0 {
			t.Errorf("the credit makes %d commits", n)
		}
	}
	for _, p := range all {
		for p.TakeRequest(t.Context(), p.scope) == nil {
			granted++
		}
	}
	if granted < limit-processes*limit/32 || granted > limit+processes*limit/256 {
		t.Errorf("%d of %d requests", granted, limit)
	}
	f.advance(30 * time.Second)
	if err := all[0].TakeRequest(t.Context(), all[0].scope); err != nil {
		t.Errorf("in the next minute: %v", err)
	}
}

func TestAQuotaRenewsWithItsWindow(t *testing.T) {
	t.Parallel()
	f := newFixture(t, tenant.Quotas{RunsPerDay: 3})
	p := f.process()
	for range 3 {
		if e := p.take(t, aRun); e != nil {
			t.Fatal(e)
		}
	}
	want := quota.Exceeded{Kind: quota.Runs, Limit: 3, Period: "day", Renews: time.Date(2026, 1, 3, 0, 0, 0, 0, time.UTC)}
	commits := p.commits.Load()
	for range 5 {
		if e := p.take(t, aRun); e == nil || *e != want {
			t.Errorf("the fourth: %v", e)
		}
	}
	if n := p.commits.Load() - commits; n > 1 {
		t.Errorf("5 refusals make %d commits", n)
	}
	f.advance(14 * time.Hour)
	if e := p.take(t, aRun); e != nil {
		t.Errorf("the next day: %v", e)
	}
	if got := f.today().Runs; got.Used != 1 {
		t.Errorf("the next day has used %d", got.Used)
	}
	f.advance(-14 * time.Hour)
	if got := f.today().Runs; got.Used != 3 {
		t.Errorf("the day has used %d, want what was not reported too", got.Used)
	}
}

func TestWhatIsLeftServesSmallerRequests(t *testing.T) {
	t.Parallel()
	p := newFixture(t, tenant.Quotas{PartsPerDay: 10}).process()
	if e := p.take(t, quota.Amounts{quota.Parts: 100}); e == nil {
		t.Fatal("100 of 10 parts")
	}
	for range 10 {
		if e := p.take(t, quota.Amounts{quota.Parts: 1}); e != nil {
			t.Fatal(e)
		}
	}
	if e := p.take(t, quota.Amounts{quota.Parts: 1}); e == nil {
		t.Error("11 of 10 parts")
	}
}

func TestWhatWasNotDoneDoesNotCount(t *testing.T) {
	t.Parallel()
	p := newFixture(t, tenant.Quotas{RunsPerDay: 2}).process()
	for range 5 {
		claim, err := p.Take(t.Context(), p.scope, quota.Amounts{quota.Runs: 2})
		if err != nil {
			t.Fatal(err)
		}
		claim.Return(quota.Amounts{quota.Runs: 2, quota.Parts: 9})
	}
	if e := p.take(t, quota.Amounts{quota.Runs: 2}); e != nil {
		t.Error(e)
	}
	if e := p.take(t, aRun); e == nil {
		t.Error("3 of 2 runs")
	}
}

func TestAWorkspaceHasQuotasOfItsOwn(t *testing.T) {
	t.Parallel()
	f := newFixture(t, tenant.Quotas{RunsPerDay: 3})
	f.record.WorkspaceQuotas.RunsPerDay = 2
	p := f.process()
	in := func(w tenant.WorkspaceID) *quota.Exceeded {
		p.scope.Workspace = w
		return p.take(t, aRun)
	}
	if first, second, third := in("prod"), in("prod"), in("prod"); first != nil || second != nil || third == nil || third.Workspace != "prod" {
		t.Errorf("prod: %v, %v, %v", first, second, third)
	}
	if first, second := in("dev"), in("dev"); first != nil || second == nil || second.Workspace != "" {
		t.Errorf("dev: %v, %v", first, second)
	}
}

func TestOneProcessReportsThatAQuotaIsNear(t *testing.T) {
	t.Parallel()
	f := newFixture(t, tenant.Quotas{RunsPerDay: 100})
	first, second := f.process(), f.process()
	for i := range 100 {
		p := []*process{first, second}[i%2]
		p.take(t, aRun)
		if i == 70 && len(f.near) > 0 {
			t.Errorf("at 70 %%: %+v", f.near)
		}
	}
	if len(f.near) != 1 || f.near[0].Tenant != f.record.ID || f.near[0].Kind != quota.Runs || f.near[0].Limit != 100 {
		t.Errorf("reported %+v", f.near)
	}
}

func TestALostReplyWastesItsLease(t *testing.T) {
	t.Parallel()
	for _, fault := range []faults.Fault{faults.Lost, faults.ReplyLost, faults.Twice, faults.Late, faults.Aborted, faults.Exhausted} {
		f := newFixture(t, tenant.Quotas{RunsPerDay: 320}) // leases of at most 10
		var commits, granted atomic.Int64
		f.plan = func(method string) faults.Fault {
			if method == "Commit" && commits.Add(1)%5 == 2 {
				return fault
			}
			return faults.None
		}
		p := f.process()
		for range 400 {
			_, err := p.Take(t.Context(), p.scope, aRun)
			var exceeded *quota.Exceeded
			if errors.As(err, &exceeded) {
				break
			}
			if err == nil {
				granted.Add(1)
			}
		}
		t.Logf("%s: %d granted, %d commits", fault, granted.Load(), commits.Load())
		if n := granted.Load(); n > 320 || n < 200 {
			t.Errorf("%s: %d of 320 runs", fault, n)
		}
	}
}

func TestWithoutFirestoreOnlyTheLeaseInHandIsUsed(t *testing.T) {
	t.Parallel()
	f := newFixture(t, tenant.Quotas{RunsPerDay: 320})
	var down atomic.Bool
	f.plan = func(string) faults.Fault {
		if down.Load() {
			return faults.Lost
		}
		return faults.None
	}
	p := f.process()
	if e := p.take(t, aRun); e != nil {
		t.Fatal(e)
	}
	down.Store(true)
	for range 7 {
		if e := p.take(t, aRun); e != nil {
			t.Fatal(e)
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	if _, err := p.Take(ctx, p.scope, aRun); err == nil {
		t.Error("a run without a lease")
	}
	down.Store(false)
	if e := p.take(t, aRun); e != nil {
		t.Errorf("after Firestore is back: %v", e)
	}
}

func TestUsageHasWhatWasUsed(t *testing.T) {
	t.Parallel()
	f := newFixture(t, tenant.Quotas{})
	p := f.process()
	for range 24 {
		p.take(t, quota.Amounts{quota.Runs: 1, quota.Bytes: 1000})
	}
	for range 64 {
		if err := p.TakeRequest(t.Context(), p.scope); err != nil {
			t.Fatal(err)
		}
	}
	p.take(t, aRun)
	got := f.today()
	if got.Runs.Used != 25 || got.Runs.Leased < 25 || got.Bytes.Used != 24_000 || got.Requests.Used != 64 {
		t.Errorf("used %+v", got)
	}
	if want := time.Date(2027, 2, 7, 0, 0, 0, 0, time.UTC); !got.Expires.Equal(want) {
		t.Errorf("expires %s, want %s", got.Expires, want)
	}
}
