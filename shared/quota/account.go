package quota

import (
	"sync"
	"time"
)

const (
	firstLease  = 8   // times what is needed
	maxShare    = 32  // a lease is at most this part of the quota
	creditShare = 256 // the part of a quota of requests that a process lends itself before its first lease
	countEvery  = 64  // of a kind without a quota, this much is counted in memory at first
)

// account is what one process has leased of the quotas of one document at a time: that of the
// window. It is safe for concurrent use.
type account struct {
	key     accountKey
	leasing chan struct{} // has an element while a lease is being taken

	mu      sync.Mutex
	begin   time.Time // of the window
	budgets map[Kind]*budget
	late    Amounts // used in the window before, and not reported
	lateOf  time.Time
}

// budget is what one process has of one quota in the window.
type budget struct {
	left       int64 // leased, or lent, and not used
	lent       int64 // that the process lent itself, and did not lease
	unreported int64 // used, and not in the document
	total      int64 // leased by all processes, as of the last lease here
	size       int64 // of the last lease
}

func newAccount(key accountKey) *account {
	return &account{key: key, leasing: make(chan struct{}, 1), budgets: map[Kind]*budget{}}
}

// enter begins the window of now, if it is another one. What is left of the window before is
// gone, and what was not reported is reported with the next lease.
func (a *account) enter(now time.Time) {
	begin := a.key.period.begin(now)
	if !begin.After(a.begin) { // also if the clock goes back
		return
	}
	late := Amounts{}
	for kind, b := range a.budgets {
		if b.unreported != 0 {
			late[kind] = b.unreported
		}
		*b = budget{size: b.size / 2}
	}
	if len(late) > 0 {
		a.late, a.lateOf = late, a.begin
	}
	a.begin = begin
}

// budget returns the budget of a kind in the window.
func (a *account) budget(kind Kind, limit int64) *budget {
	b := a.budgets[kind]
	if b == nil {
		b = &budget{}
		a.budgets[kind] = b
	}
	switch {
	case limit == 0 && b.left == 0 && b.total == 0 && b.unreported == 0:
		b.left = countEvery
	case kind == Requests && limit > 0 && b.lent == 0 && b.total == 0:
		b.lent = max(1, limit/creditShare)
		b.left += b.lent
	}
	return b
}

// use counts amounts if all of them are in hand. Otherwise, it counts nothing, and returns
// lacking if another lease can help, and exceeded if it cannot.
func (a *account) use(now time.Time, amounts Amounts, limits map[Kind]int64) (lacking bool, exceeded *Exceeded) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.enter(now)
	return a.count(amounts, limits)
}

// count is use in the window that has begun. The caller holds the lock.
func (a *account) count(amounts Amounts, limits map[Kind]int64) (lacking bool, exceeded *Exceeded) {
	for _, kind := range Kinds {
		n, limit := amounts[kind], limits[kind]
		if n == 0 {
			continue
		}
		switch b := a.budget(kind, limit); {
		case b.left >= n:
		case limit > 0 && b.total >= limit:
			return false, a.exceeded(kind, limit)
		default:
			lacking = true
		}
	}
	if lacking {
		return true, nil
	}
	for kind, n := range amounts {
		b := a.budgets[kind]
		b.left -= n
		b.unreported += n
	}
	return false, nil
}

func (a *account) exceeded(kind Kind, limit int64) *Exceeded {
	return &Exceeded{
		Kind: kind, Workspace: a.key.workspace, Limit: limit, Period: a.key.period.name, Renews: a.begin.Add(a.key.period.length),
	}
}

// giveBack makes amounts uncounted again, if the window is still the one that began at begin.
func (a *account) giveBack(begin time.Time, amounts Amounts) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if !begin.Equal(a.begin) {
		return
	}
	for kind, n := range amounts {
		b := a.budgets[kind]
		b.left += n
		b.unreported -= n
	}
}

// next returns how long the next lease of a quota is, if n are needed. It grows with use, and
// shrinks again when little of the quota is left, so that other processes get some of it.
func (b *budget) next(n, limit int64) int64 {
	size := min(max(firstLease*n, 2*b.size), limit/maxShare)
	if b.total > 0 {
		size = min(size, (limit-b.total)/4)
	}
	return max(size, n-b.left, 1)
}
