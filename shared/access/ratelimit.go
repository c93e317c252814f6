package access

import (
	"maps"
	"math"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/strongroom-dev/strongroom/shared/api"
	"github.com/strongroom-dev/strongroom/shared/authn"
	"github.com/strongroom-dev/strongroom/shared/tenant"
)

// The rate limit of one subject of a tenant in one process. An instance that is
// busy with one subject alone serves about as much.
const (
	requestsPerSecond = 100
	burst             = 1000 // requests that may come at once
)

// maxSubjects limits the memory of a rateLimit, which is about 200 bytes a subject.
const maxSubjects = 10_000

// subjectKey is whose requests share one limit. Tokens without a role share the
// limit of their issuer, because their issuer may sign any number of subjects for
// strangers.
type subjectKey struct {
	tenant          tenant.ID
	issuer, subject string
}

// rateLimit limits the requests of each subject with the generic cell rate
// algorithm: a request is early if the requests before it use more time than the
// burst allows. The zero value has seen no request. It is safe for concurrent use.
type rateLimit struct {
	mu       sync.Mutex
	nextFree map[subjectKey]time.Time // when all requests so far would be done at the rate
}

// wait returns 0 if a request may be served now, and otherwise how long its client
// should wait. A request that must wait does not count.
func (l *rateLimit) wait(now time.Time, p authn.Principal) time.Duration {
	key := subjectKey{tenant: p.Tenant, issuer: p.Issuer, subject: p.Subject}
	if p.Role == "" {
		key.subject = ""
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	next := l.nextFree[key]
	if next.Before(now) {
		next = now
	}
	const interval = time.Second / requestsPerSecond
	if early := next.Sub(now) - (burst-1)*interval; early > 0 {
		return early
	}
	l.makeRoom(now)
	l.nextFree[key] = next.Add(interval)
	return 0
}

// makeRoom forgets subjects whose limit is unused. If there are too many others, it
// forgets all: they then have a new burst.
func (l *rateLimit) makeRoom(now time.Time) {
	if len(l.nextFree) >= maxSubjects {
		maps.DeleteFunc(l.nextFree, func(_ subjectKey, next time.Time) bool { return !next.After(now) })
	}
	if l.nextFree == nil || len(l.nextFree) >= maxSubjects {
		l.nextFree = map[subjectKey]time.Time{}
	}
}

// rateLimitError is counted and not recorded: the limit exists so that a flood costs
// little.
func rateLimitError(wait time.Duration) error {
	seconds := int(math.Ceil(wait.Seconds()))
	return api.Refuse(http.StatusTooManyRequests, "you send too many requests; wait as long as Retry-After says and send fewer").
		With("Retry-After", strconv.Itoa(seconds))
}
