package pubsub

import (
	"context"
	"fmt"
	"sync"
)

// delivery is the delivery of one message to one subscription.
type delivery struct{ subscription, message string }

// ledger records which deliveries are open. It is safe for concurrent use.
type ledger struct {
	mu         sync.Mutex
	open       map[delivery]struct{}
	publishing int                   // publish calls in progress
	completed  map[delivery]struct{} // completed while a publish call was still in progress
	drained    chan struct{}         // closed, and replaced, when nothing is open
}

func newLedger() *ledger {
	return &ledger{
		open:      map[delivery]struct{}{},
		completed: map[delivery]struct{}{},
		drained:   make(chan struct{}),
	}
}

// beginPublish marks the start of a publish call. Nothing is drained until
// endPublish.
func (l *ledger) beginPublish() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.publishing++
}

// endPublish opens the deliveries that the publish call caused, except those that
// were completed before the call returned.
func (l *ledger) endPublish(caused []delivery) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, d := range caused {
		if _, ok := l.completed[d]; !ok {
			l.open[d] = struct{}{}
		}
	}
	if l.publishing--; l.publishing == 0 {
		clear(l.completed)
	}
	l.notifyIfDrained()
}

func (l *ledger) complete(d delivery) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if _, ok := l.open[d]; !ok && l.publishing > 0 {
		l.completed[d] = struct{}{}
	}
	delete(l.open, d)
	l.notifyIfDrained()
}

func (l *ledger) notifyIfDrained() {
	if l.isDrained() {
		close(l.drained)
		l.drained = make(chan struct{})
	}
}

func (l *ledger) isDrained() bool { return l.publishing == 0 && len(l.open) == 0 }

// state returns the number of open deliveries of each subscription, and a channel
// that is closed when none exist.
func (l *ledger) state() (isDrained bool, open map[string]int, drained <-chan struct{}) {
	l.mu.Lock()
	defer l.mu.Unlock()
	open = map[string]int{}
	for d := range l.open {
		open[lastPart(d.subscription)]++
	}
	return l.isDrained(), open, l.drained
}

// Drain waits until every message that was published so far, and every message
// that its deliveries published, is acknowledged by each push subscription or is a
// dead letter. It returns an error if ctx or the server ends first.
func (s *Server) Drain(ctx context.Context) error {
	isDrained, open, drained := s.ledger.state()
	if isDrained {
		return nil
	}
	select {
	case <-drained:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("drain pubsub: %w; open deliveries by subscription: %v", ctx.Err(), open)
	case <-s.ctx.Done():
		return fmt.Errorf("drain pubsub: the server was closed; open deliveries by subscription: %v", open)
	}
}
