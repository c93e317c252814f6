package quota

import (
	"context"
	"maps"
	"sync"
	"time"

	"github.com/strongroom-dev/strongroom/shared/tenant"
)

// maxAccounts limits the memory of a process, which is about 1 KB an account. A process that
// forgets an account loses its leases.
const maxAccounts = 10_000

// Leases is what one process has leased. It is safe for concurrent use.
type Leases struct {
	now  func() time.Time
	near func(context.Context, Near)

	mu       sync.Mutex
	accounts map[accountKey]*account
}

// accountKey identifies the quotas that one document at a time counts.
type accountKey struct {
	tenant    tenant.ID
	workspace tenant.WorkspaceID // empty: the quotas are the tenant's
	period    period
}

// New returns the leases of a process, which has no lease yet. near is called when 80 % of a quota are
// leased, in one process and once in each window.
func New(now func() time.Time, near func(context.Context, Near)) *Leases {
	return &Leases{now: now, near: near, accounts: map[accountKey]*account{}}
}

// Claim is what Take has counted.
type Claim struct{ entries []claimEntry }

type claimEntry struct {
	account *account
	begin   time.Time
	amounts Amounts
}

// Return makes amounts of the claim uncounted, because they were not done. It costs no call.
func (c Claim) Return(amounts Amounts) {
	for _, e := range c.entries {
		returned := Amounts{}
		for kind, n := range e.amounts {
			returned[kind] = min(n, amounts[kind])
		}
		e.account.giveBack(e.begin, returned)
	}
}

// Take counts amounts that are about to be used. If a lease is in hand, it makes no call. If an
// amount is over a quota, the error is an *Exceeded, and nothing is counted.
func (l *Leases) Take(ctx context.Context, s Scope, amounts Amounts) (Claim, error) {
	amounts = positive(amounts)
	if len(amounts) == 0 {
		return Claim{}, nil
	}
	day := limitsOf(s.Tenant.Quotas.OrDefault())
	delete(day, Requests) // counted by day, and limited by the minute
	var claim Claim
	if err := l.take(ctx, s, l.account(accountKey{s.Tenant.ID, "", daily}), amounts, day, &claim); err != nil {
		return Claim{}, err
	}
	own := limitsOf(s.Tenant.WorkspaceQuotas)
	ofWorkspace := maps.Clone(amounts)
	maps.DeleteFunc(ofWorkspace, func(kind Kind, _ int64) bool { return own[kind] == 0 })
	if s.Workspace == "" || len(ofWorkspace) == 0 {
		return claim, nil
	}
	if err := l.take(ctx, s, l.account(accountKey{s.Tenant.ID, s.Workspace, daily}), ofWorkspace, own, &claim); err != nil {
		claim.Return(amounts)
		return Claim{}, err
	}
	return claim, nil
}

// TakeRequest counts one request to the API, by minute and by day.
func (l *Leases) TakeRequest(ctx context.Context, s Scope) error {
	one := Amounts{Requests: 1}
	limits := map[Kind]int64{Requests: s.Tenant.Quotas.OrDefault().RequestsPerMinute}
	if err := l.take(ctx, s, l.account(accountKey{s.Tenant.ID, "", minutely}), one, limits, &Claim{}); err != nil {
		return err
	}
	s.Workspace = ""
	_, _ = l.Take(ctx, s, one) // the day has no quota, so a request is served if it cannot be counted
	return nil
}

func positive(amounts Amounts) Amounts {
	amounts = maps.Clone(amounts)
	maps.DeleteFunc(amounts, func(_ Kind, n int64) bool { return n <= 0 })
	return amounts
}

// take counts amounts in one account, and adds it to the claim.
func (l *Leases) take(ctx context.Context, s Scope, a *account, amounts Amounts, limits map[Kind]int64, claim *Claim) error {
	now := l.now()
	lacking, exceeded := a.use(now, amounts, limits)
	if lacking {
		select {
		case a.leasing <- struct{}{}:
		case <-ctx.Done():
			return ctx.Err()
		}
		defer func() { <-a.leasing }()
		now = l.now()
		lacking, exceeded = a.use(now, amounts, limits) // another request can have taken a lease
	}
	const attempts = 3 // a window can end
	for attempt := 0; lacking && attempt < attempts; attempt++ {
		var err error
		if now, lacking, exceeded, err = l.lease(ctx, s, a, amounts, limits); err != nil {
			return err
		}
	}
	switch {
	case exceeded != nil:
		return exceeded
	case lacking:
		return context.DeadlineExceeded
	}
	claim.entries = append(claim.entries, claimEntry{a, a.key.period.begin(now), amounts})
	return nil
}

// lease takes a lease, and counts amounts if they are then in hand.
func (l *Leases) lease(ctx context.Context, s Scope, a *account, amounts Amounts, limits map[Kind]int64) (now time.Time, lacking bool, exceeded *Exceeded, err error) {
	now = l.now()
	r := a.prepare(now, amounts, limits)
	totals, err := r.commit(ctx, s.DB, a.key)
	if err != nil {
		a.abandoned(r, amounts)
		return now, false, nil, err
	}
	near, lacking, exceeded := a.granted(r, totals, amounts, limits)
	for _, e := range near {
		l.near(ctx, Near{s.Tenant.ID, e})
	}
	return now, lacking, exceeded, nil
}

// account returns an account, which is new if the process has none.
func (l *Leases) account(key accountKey) *account {
	l.mu.Lock()
	defer l.mu.Unlock()
	a := l.accounts[key]
	if a == nil {
		if len(l.accounts) >= maxAccounts {
			clear(l.accounts)
		}
		a = newAccount(key)
		l.accounts[key] = a
	}
	return a
}
