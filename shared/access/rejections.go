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

// rejectionSource is where verified tokens without a role come from. A tenant can
// trust an issuer that signs tokens for anybody, such as a public code host. So
// these tokens are counted: written one by one, strangers could fill the tenant's
// audit log. Both fields are configured, so there are few sources.
type rejectionSource struct {
	tenant tenant.ID
	issuer string
}

// rejections counts tokens without a role by source and minute. The zero value has
// counted nothing. It is safe for concurrent use.
type rejections struct {
	mu     sync.Mutex
	minute time.Time // that is being counted
	counts map[rejectionSource]int
}

// add counts a token. first is true if it is the first of its source in this
// minute.
func (r *rejections) add(now time.Time, p authn.Principal) (first bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.counts == nil {
		r.minute, r.counts = now.Truncate(time.Minute), map[rejectionSource]int{}
	}
	source := rejectionSource{tenant: p.Tenant, issuer: p.Issuer}
	r.counts[source]++
	return r.counts[source] == 1
}

// take returns the counts of a minute that is over, and forgets them.
func (r *rejections) take(now time.Time) (minute time.Time, counts map[rejectionSource]int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.counts == nil || now.Truncate(time.Minute).Equal(r.minute) {
		return time.Time{}, nil
	}
	minute, counts, r.counts = r.minute, r.counts, nil
	return minute, counts
}

// log writes one line for each source of a minute that is over. The next request of
// any kind triggers it, because a function without requests has no CPU.
func (r *rejections) log(ctx context.Context, now time.Time) {
	minute, counts := r.take(now)
	for _, source := range slices.SortedFunc(maps.Keys(counts), func(a, b rejectionSource) int {
		return cmp.Or(cmp.Compare(a.tenant, b.tenant), cmp.Compare(a.issuer, b.issuer))
	}) {
		api.Logger(ctx).WarnContext(ctx, "tokens without a role", "tenant", source.tenant, "issuer", source.issuer,
			"minute", minute.UTC().Format(time.RFC3339), "count", counts[source])
	}
}
