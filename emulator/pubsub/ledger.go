package pubsub

import (
	"context"
	"fmt"
	"sync"
)

// delivery is one message on its way to one subscription.
type delivery struct{ subscription, message string }

// ledger knows which deliveries are open. It is safe for concurrent use.
type ledger struct {
	mu         sync.Mutex
	open       map[delivery]struct{}
	publishing int                   // publish calls under way
	early      map[delivery]struct{} // settled while the publish call was still under way
	changed    chan struct{}         // closed, and made anew, when nothing is open
}

func newLedger() *ledger {
	return &ledger{
		open:    map[delivery]struct{}{},
		early:   map[delivery]struct{}{},
		changed: make(chan struct{}),
	}
}

// begin announces a publish call: nothing is drained until its end.
func (l *ledger) begin() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.publishing++
}

// end opens the deliveries that the publish call caused, but for those that
// were settled before it returned.
func (l *ledger) end(caused []delivery) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, d := range caused {
		if _, ok := l.early[d]; !ok {
			l.open[d] = struct{}{}
		}
	}
	if l.publishing--; l.publishing == 0 {
		clear(l.early)
	}
	l.tell()
}

func (l *ledger) settle(d delivery) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if _, ok := l.open[d]; !ok && l.publishing > 0 {
		l.early[d] = struct{}{}
	}
	delete(l.open, d)
	l.tell()
}

func (l *ledger) tell() {
	if l.drained() {
		close(l.changed)
		l.changed = make(chan struct{})
	}
}

func (l *ledger) drained() bool { return l.publishing == 0 && len(l.open) == 0 }

// state says how many deliveries each subscription has open, and gives the
// channel that is closed when nothing is.
func (l *ledger) state() (drained bool, open map[string]int, changed <-chan struct{}) {
	l.mu.Lock()
	defer l.mu.Unlock()
	open = map[string]int{}
	for d := range l.open {
		open[lastPart(d.subscription)]++
	}
	return l.drained(), open, l.changed
}

// Drain returns when every message that was published so far, and every one
// that its deliveries led to, was acked by each push subscription or is a dead
// letter. It returns an error when ctx or the server ends first.
func (s *Server) Drain(ctx context.Context) error {
	drained, open, changed := s.ledger.state()
	if drained {
		return nil
	}
	select {
	case <-changed:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("drain pubsub: %w; open deliveries by subscription: %v", ctx.Err(), open)
	case <-s.ctx.Done():
		return fmt.Errorf("drain pubsub: the server was closed; open deliveries by subscription: %v", open)
	}
}
