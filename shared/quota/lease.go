package quota

import (
	"context"
	"time"

	"cloud.google.com/go/firestore"

	"github.com/strongroom-dev/strongroom/shared/gcp"
)

// leaseTimeout bounds how long a request waits for a lease.
const leaseTimeout = 10 * time.Second

// request is a commit that takes leases of a window, and reports what was used.
type request struct {
	begin time.Time
	sizes Amounts // of the leases
	lent  Amounts // that the process has lent itself, and now leases
	used  Amounts

	late   Amounts // used in an earlier window
	lateOf time.Time
}

// prepare returns the commit that leases what is missing of amounts, and reports them with
// what was used before. If the commit fails, abandoned must follow.
func (a *account) prepare(now time.Time, amounts Amounts, limits map[Kind]int64) request {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.enter(now)
	r := request{begin: a.begin, sizes: Amounts{}, lent: Amounts{}, used: Amounts{}, late: a.late, lateOf: a.lateOf}
	a.late = nil
	for kind, n := range amounts {
		b, limit := a.budget(kind, limits[kind]), limits[kind]
		if limit > 0 && b.left < n {
			r.sizes[kind] = b.next(n, limit)
			if b.total == 0 {
				r.lent[kind] = b.lent
			}
		}
	}
	for kind, b := range a.budgets {
		if n := amounts[kind]; b.unreported+n != 0 {
			r.used[kind] = b.unreported + n
			b.unreported = -n // until it is counted
		}
	}
	return r
}

// abandoned makes amounts unreported again, after a commit that failed. What was used before
// is not reported again, because the commit can have taken effect.
func (a *account) abandoned(r request, amounts Amounts) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if !r.begin.Equal(a.begin) {
		return
	}
	for kind, n := range amounts {
		a.budgets[kind].unreported += n
	}
}

// commit sends the request, and returns what all processes have leased.
func (r request) commit(ctx context.Context, db *firestore.Client, key accountKey) (Amounts, error) {
	ctx, cancel := context.WithTimeout(ctx, leaseTimeout)
	defer cancel()
	by := map[string]int64{}
	for kind, n := range r.used {
		by[usedField(kind)] = n
	}
	for kind, n := range r.sizes {
		by[leasedField(kind)] = n + r.lent[kind]
	}
	increments := []gcp.Increment{key.increment(db, r.begin, by)}
	if len(r.late) > 0 {
		late := map[string]int64{}
		for kind, n := range r.late {
			late[usedField(kind)] = n
		}
		increments = append(increments, key.increment(db, r.lateOf, late))
	}
	numbers, err := gcp.AddAll(ctx, db, increments...)
	if err != nil {
		return nil, err
	}
	totals := Amounts{}
	for kind := range r.sizes {
		totals[kind] = numbers[0][leasedField(kind)]
	}
	return totals, nil
}

func usedField(kind Kind) string   { return string(kind) + ".used" }
func leasedField(kind Kind) string { return string(kind) + ".leased" }

// increment adds to the numbers of a window.
func (k accountKey) increment(db *firestore.Client, begin time.Time, by map[string]int64) gcp.Increment {
	return gcp.Increment{
		Ref: k.period.ref(db, k.tenant, k.workspace, begin), By: by,
		Set: map[string]any{"begin": begin, "expires": begin.Add(k.period.length + k.period.keep)},
	}
}

// granted adds the leases of a commit to the budgets, and counts amounts if they are now in hand.
// near has the quotas of which 80 % are leased since then. Each process gets what was left of
// the quota, at most.
func (a *account) granted(r request, totals, amounts Amounts, limits map[Kind]int64) (near []Exceeded, lacking bool, exceeded *Exceeded) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if !r.begin.Equal(a.begin) {
		return nil, true, nil // the window is over
	}
	for kind, size := range r.sizes {
		b, limit, total := a.budgets[kind], limits[kind], totals[kind]
		before := total - size
		b.total, b.size = total, size
		b.left += min(size, max(0, limit-before))
		if (before-r.lent[kind])*5 < limit*4 && total*5 >= limit*4 {
			near = append(near, *a.exceeded(kind, limit))
		}
	}
	for kind := range r.used {
		if limits[kind] == 0 {
			a.budgets[kind].left = countEvery
		}
	}
	lacking, exceeded = a.count(amounts, limits)
	return near, lacking, exceeded
}
