package gcs

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"time"

	"go.etcd.io/bbolt"
)

// message is one notification that is to be published.
type message struct {
	Topic      string            `json:"topic"`
	Data       []byte            `json:"data"`
	Attributes map[string]string `json:"attributes"`
}

// outbox publishes the messages in the pending table, oldest first, until it is
// stopped. A message that fails is retried later and does not delay the others.
type outbox struct {
	store   *store
	publish func(context.Context, string, []byte, map[string]string) error
	work    chan struct{} // holds one value if there may be pending messages
	cancel  context.CancelFunc
	done    chan struct{}

	mu     sync.Mutex
	passed chan struct{} // closed and replaced after each pass over the table
}

// The waits between two passes after a failure.
const (
	firstRetry = 20 * time.Millisecond
	lastRetry  = 5 * time.Second
)

func startOutbox(s *store, publish func(context.Context, string, []byte, map[string]string) error) *outbox {
	ctx, cancel := context.WithCancel(context.Background())
	o := &outbox{
		store: s, publish: publish, cancel: cancel,
		work: make(chan struct{}, 1), done: make(chan struct{}), passed: make(chan struct{}),
	}
	go o.run(ctx)
	o.wake()
	return o
}

// enqueue stores m, which becomes pending when t commits.
func (t txn) enqueue(m message) error {
	table := t.tx.Bucket(pendingTable)
	sequence, err := table.NextSequence()
	if err != nil {
		return fmt.Errorf("number notification: %w", err)
	}
	return t.put(pendingTable, sequenceKey(sequence), m)
}

func (o *outbox) wake() {
	select {
	case o.work <- struct{}{}:
	default:
	}
}

func (o *outbox) stop() {
	o.cancel()
	<-o.done
}

func (o *outbox) run(ctx context.Context) {
	defer close(o.done)
	wait := firstRetry
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-o.work:
		case <-timer.C:
		}
		if err := o.pass(ctx); err != nil {
			timer.Reset(wait)
			wait = min(2*wait, lastRetry)
		} else {
			wait = firstRetry
		}
		o.announcePass()
	}
}

// pass tries to publish every pending message once and returns all errors.
func (o *outbox) pass(ctx context.Context) error {
	var failed error
	for after := []byte(nil); ; {
		key, m, err := o.next(after)
		if err != nil || key == nil {
			return errors.Join(failed, err)
		}
		after = key
		if o.publish != nil {
			err = o.publish(ctx, m.Topic, m.Data, m.Attributes)
		}
		if err == nil {
			err = o.store.db.Update(func(tx *bbolt.Tx) error { return tx.Bucket(pendingTable).Delete(key) })
		}
		failed = errors.Join(failed, err)
		if ctx.Err() != nil {
			return ctx.Err()
		}
	}
}

// next returns the first pending message after a key, or a nil key if none exists.
func (o *outbox) next(after []byte) (key []byte, m message, err error) {
	err = o.store.db.View(func(tx *bbolt.Tx) error {
		cursor := tx.Bucket(pendingTable).Cursor()
		found, text := cursor.Seek(after)
		if after != nil && bytes.Equal(found, after) {
			found, text = cursor.Next()
		}
		if found == nil {
			return nil
		}
		key = bytes.Clone(found)
		return json.Unmarshal(text, &m)
	})
	return key, m, err
}

func (o *outbox) announcePass() {
	o.mu.Lock()
	defer o.mu.Unlock()
	close(o.passed)
	o.passed = make(chan struct{})
}

func (o *outbox) nextPass() <-chan struct{} {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.passed
}

// flush waits until nothing is pending.
func (o *outbox) flush(ctx context.Context) error {
	for {
		passed := o.nextPass()
		key, _, err := o.next(nil)
		if err != nil || key == nil {
			return err
		}
		o.wake()
		select {
		case <-passed:
		case <-ctx.Done():
			return fmt.Errorf("publish notifications: %w", ctx.Err())
		case <-o.done:
			return errors.New("publish notifications: the server is closed")
		}
	}
}
