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

var errNoIDToken = errors.New("a ServiceAccount needs Config.IDToken to sign for it")

// bring delivers a message and acks it. It reports whether it came to that
// before the server ended.
func (d *dispatcher) bring(m *message) bool {
	if d.filter.matches(m.GetAttributes()) && !d.deliverRepeatedly(m) {
		return false
	}
	d.ack(m)
	return true
}

// deliverRepeatedly delivers once, or as often as Config.Redeliver says.
func (d *dispatcher) deliverRepeatedly(m *message) bool {
	times := 1 + d.server.config.Redeliver
	if times == 1 {
		return d.deliver(m)
	}
	if d.sub.Ordered {
		for range times {
			if !d.deliver(m) {
				return false
			}
		}
		return true
	}
	var all sync.WaitGroup
	var lost atomic.Bool
	for range times {
		all.Go(func() {
			if !d.pause(rand.N(d.sub.MinBackoff+1)) || !d.deliver(m) {
				lost.Store(true)
			}
		})
	}
	all.Wait()
	return !lost.Load()
}

// deliver pushes the message until the endpoint accepts it or it has become a
// dead letter. It reports false when the server ended first.
func (d *dispatcher) deliver(m *message) bool {
	wait := backoff.ExponentialBackOff{InitialInterval: d.sub.MinBackoff, MaxInterval: d.sub.MaxBackoff, Multiplier: 2}
	wait.Reset()
	for {
		attempt, accepted := d.attempt(m)
		if accepted || d.buried(m, attempt) {
			return true
		}
		if !d.pause(wait.NextBackOff()) {
			return false
		}
	}
}

// attempt pushes once, when there is a slot.
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

// pause reports whether the server still runs after the wait.
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

// buried publishes a message that has had all its attempts to the dead-letter
// topic. It reports whether the message is there.
func (d *dispatcher) buried(m *message, attempt int) bool {
	if d.deadLetterTopic == "" || attempt < d.sub.MaxDeliveryAttempts {
		return false
	}
	_, err := d.server.publish(&pubsubpb.PublishRequest{
		Topic:    d.deadLetterTopic,
		Messages: []*pubsubpb.PubsubMessage{d.deadLetter(m, attempt)},
	})
	if err != nil {
		d.warn("publish dead letter", err)
	}
	return err == nil
}

// deadLetter is the message with Google's attributes of a forwarded one:
// cloud.google.com/pubsub/docs/dead-letter-topics#forwarded-messages.
func (d *dispatcher) deadLetter(m *message, attempt int) *pubsubpb.PubsubMessage {
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
