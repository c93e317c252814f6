package access

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/strongroom-dev/strongroom/shared/api"
	"github.com/strongroom-dev/strongroom/shared/authn"
	"github.com/strongroom-dev/strongroom/shared/tenant"
)

// source is where refused requests come from. Both fields are configured, so there
// are few sources.
type source struct {
	tenant tenant.ID
	issuer string
}

// minuteCounts counts refused requests by source and minute, instead of writing each
// to the audit log or the function's log: whoever can send many of them could fill
// either. A tenant can trust an issuer that signs tokens for anybody, such as a public
// code host. The zero value has counted nothing. It is safe for concurrent use.
type minuteCounts struct {
	mu     sync.Mutex
	minute time.Time // that is being counted
	counts map[source]int
}

// add counts a request. first is true if it is the first of its source in this
// minute.
func (r *minuteCounts) add(now time.Time, p authn.Principal) (first bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.counts == nil {
		r.minute, r.counts = now.Truncate(time.Minute), map[source]int{}
	}
	source := source{tenant: p.Tenant, issuer: p.Issuer}
	r.counts[source]++
	return r.counts[source] == 1
}

// take returns the counts of a minute that is over, and forgets them.
func (r *minuteCounts) take(now time.Time) (minute time.Time, counts map[source]int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.counts == nil || now.Truncate(time.Minute).Equal(r.minute) {
		return time.Time{}, nil
	}
	minute, counts, r.counts = r.minute, r.counts, nil
	return minute, counts
}

// log writes one line with message for each source of a minute that is over. The next
// request of any kind triggers it, because a function without requests has no CPU.
func (r *minuteCounts) log(ctx context.Context, message string, now time.Time) {
	minute, counts := r.take(now)
	for _, source := range slices.SortedFunc(maps.Keys(counts), func(a, b source) int {
		return cmp.Or(cmp.Compare(a.tenant, b.tenant), cmp.Compare(a.issuer, b.issuer))
	}) {
		api.Logger(ctx).WarnContext(ctx, message, "tenant", source.tenant, "issuer", source.issuer,
			"minute", minute.UTC().Format(time.RFC3339), "count", counts[source])
	}
}
