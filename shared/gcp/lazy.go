package gcp

import (
	"context"
	"sync"
)

// Lazy holds one value that is built on first use. After a failed build, the next
// use builds again. The zero Lazy holds nothing. It is safe for concurrent use;
// concurrent first uses build once.
type Lazy[T any] struct {
	mu    sync.Mutex
	built bool
	value T
}

// Get returns the value, and builds it first if none exists. The value outlives
// the request that builds it, so build receives a context that the request cannot
// cancel.
func (l *Lazy[T]) Get(ctx context.Context, build func(context.Context) (T, error)) (T, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.built {
		return l.value, nil
	}
	value, err := build(context.WithoutCancel(ctx))
	if err != nil {
		var none T
		return none, err
	}
	l.value, l.built = value, true
	return value, nil
}

// Built returns the value if there is one.
func (l *Lazy[T]) Built() (value T, ok bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.value, l.built
}
