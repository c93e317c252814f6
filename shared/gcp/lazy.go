package gcp

import (
	"context"
	"sync"
)

// Lazy holds one value that is built on first use. A failed build is tried
// again on the next use. The zero Lazy holds nothing. It is safe for
// concurrent use; concurrent first uses build once.
type Lazy[T any] struct {
	mu    sync.Mutex
	built bool
	value T
}

// Get gives the value, building it with build if there is none. The context of
// a request must not end what outlives it, so build gets one without its end.
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

// Built gives the value if there is one.
func (l *Lazy[T]) Built() (value T, ok bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.value, l.built
}
