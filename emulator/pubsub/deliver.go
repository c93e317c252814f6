package pubsub

import (
	"errors"
	"math/rand/v2"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"cloud.google.com/go/pubsub/v2/apiv1/pubsubpb"
	"github.com/cenkalti/backoff/v5"
)

var errNoIDToken = errors.New("a ServiceAccount requires Config.IDToken")

// deliver pushes a message, unless the filter excludes it, and acknowledges it. It
// reports false if the server ended first.
func (d *dispatcher) deliver(m *message) bool {
	if d.filter.matches(m.GetAttributes()) && !d.pushWithRepeats(m) {
		return false
	}
	d.ack(m)
	return true
}

// pushWithRepeats pushes once, and as many more times as Config.Redeliver says.
func (d *dispatcher) pushWithRepeats(m *message) bool {
	times := 1 + d.server.config.Redeliver
	if times == 1 {
		return d.push(m)
	}
	if d.sub.Ordered {
		for range times {
			if !d.push(m) {
				return false
			}
		}
		return true
	}
	var all sync.WaitGroup
	var lost atomic.Bool
	for range times {
		all.Go(func() {
			if !d.pause(rand.N(d.sub.MinBackoff+1)) || !d.push(m) {
				lost.Store(true)
			}
		})
	}
	all.Wait()
	return !lost.Load()
}

// push pushes the message until the endpoint accepts it or it is a dead letter.
// It reports false if the server ended first.
func (d *dispatcher) push(m *message) bool {
	wait := backoff.ExponentialBackOff{InitialInterval: d.sub.MinBackoff, MaxInterval: d.sub.MaxBackoff, Multiplier: 2}
	wait.Reset()
	for {
		attempt, accepted := d.attempt(m)
		if accepted || d.deadLetter(m, attempt) {
			return true
		}
		if !d.pause(wait.NextBackOff()) {
			return false
		}
	}
}

// attempt pushes once, as soon as a slot is free.
func (d *dispatcher) attempt(m *message) (attempt int, accepted bool) {
	select {
	case d.slots <- struct{}{}:
	case <-d.server.ctx.Done():
		return 0, false
	}
	defer func() { <-d.slots }()
	d.mu.Lock()
	m.attempts++
	attempt = m.attempts
	d.mu.Unlock()
	if err := d.post(m, attempt); err != nil {
		d.warn("push", err, "message", d.server.publicID(m.GetMessageId()), "attempt", attempt)
		return attempt, false
	}
	return attempt, true
}

// pause waits. It reports whether the server is still running.
func (d *dispatcher) pause(wait time.Duration) bool {
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
		return d.server.ctx.Err() == nil
	case <-d.server.ctx.Done():
		return false
	}
}

// deadLetter publishes a message that has had all its attempts to the dead-letter
// topic. It reports whether it did.
func (d *dispatcher) deadLetter(m *message, attempt int) bool {
	if d.deadLetterTopic == "" || attempt < d.sub.MaxDeliveryAttempts {
		return false
	}
	_, err := d.server.publish(&pubsubpb.PublishRequest{
		Topic:    d.deadLetterTopic,
		Messages: []*pubsubpb.PubsubMessage{d.newDeadLetter(m, attempt)},
	})
	if err != nil {
		d.warn("publish dead letter", err)
	}
	return err == nil
}

// newDeadLetter returns the message with the attributes that Google adds when it
// forwards one: cloud.google.com/pubsub/docs/dead-letter-topics#forwarded-messages.
func (d *dispatcher) newDeadLetter(m *message, attempt int) *pubsubpb.PubsubMessage {
	const prefix = "CloudPubSubDeadLetterSource"
	attributes := map[string]string{}
	for k, v := range m.GetAttributes() {
		attributes[k] = v
	}
	attributes[prefix+"DeliveryCount"] = strconv.Itoa(attempt)
	attributes[prefix+"Subscription"] = lastPart(d.name)
	attributes[prefix+"SubscriptionProject"] = projectOf(d.name)
	attributes[prefix+"TopicPublishTime"] = m.published.Format(time.RFC3339Nano)
	return &pubsubpb.PubsubMessage{Data: m.GetData(), Attributes: attributes, OrderingKey: m.GetOrderingKey()}
}
