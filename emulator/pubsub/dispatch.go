package pubsub

import (
	"log/slog"
	"slices"
	"sync"
	"time"

	"cloud.google.com/go/pubsub/v2/apiv1/pubsubpb"
)

const (
	// lease is how long the backend does not deliver a pulled message again. The
	// dispatcher renews it until the message is acknowledged, because the backends
	// have no backoff and the dispatcher waits for the next attempt itself.
	lease = 60 * time.Second
	// pullInterval finds messages that this server did not publish: those that were
	// published at Google's emulator directly, or that returned to it.
	pullInterval = time.Second
	batchSize    = 1000 // messages in a pull, and IDs in an acknowledgement
)

// dispatcher pushes the messages of one subscription. Each pulled message is
// pending until it is acknowledged. A goroutine for the message, or for its
// ordering key, delivers it.
type dispatcher struct {
	server          *Server
	sub             Subscription
	name            string // full name, as topic and deadLetterTopic
	topic           string
	deadLetterTopic string
	filter          filter
	log             *slog.Logger
	wake            chan struct{} // holds one value if there may be messages to pull
	slots           chan struct{} // holds one value for each push in progress

	mu      sync.Mutex
	pending map[string]*message   // by the backend's message ID
	keys    map[string][]*message // by ordering key; the first message is being pushed
}

// message is a pulled message that is not acknowledged yet.
type message struct {
	*pubsubpb.PubsubMessage
	published time.Time // by the embedded cloud's clock
	ackID     string    // of the latest pull; guarded by dispatcher.mu
	attempts  int       // guarded by dispatcher.mu
}

func newDispatcher(s *Server, sub Subscription) (*dispatcher, error) {
	if err := sub.validate(); err != nil {
		return nil, err
	}
	if sub.ServiceAccount != "" && s.config.IDToken == nil {
		return nil, errNoIDToken
	}
	d := &dispatcher{
		server:  s,
		sub:     sub,
		wake:    make(chan struct{}, 1),
		slots:   make(chan struct{}, sub.MaxOutstanding),
		pending: map[string]*message{},
		keys:    map[string][]*message{},
	}
	if err := d.setNames(s.config.ProjectID); err != nil {
		return nil, err
	}
	d.log = s.config.Log.With("subscription", d.name)
	var err error
	d.filter, err = parseFilter(sub.Filter)
	return d, err
}

func (d *dispatcher) setNames(project string) (err error) {
	if d.name, err = fullName(project, "subscriptions", d.sub.ID); err != nil {
		return err
	}
	if d.topic, err = fullName(project, "topics", d.sub.Topic); err != nil {
		return err
	}
	if d.sub.DeadLetterTopic != "" {
		d.deadLetterTopic, err = fullName(project, "topics", d.sub.DeadLetterTopic)
	}
	return err
}

// wakeUp makes the dispatcher pull now.
func (d *dispatcher) wakeUp() {
	select {
	case d.wake <- struct{}{}:
	default: // it will pull anyway
	}
}

// pullAll pulls messages until the server ends. It waits for wake instead of
// waiting in a pull, because a waiting pull takes up to half a second on the test
// server.
func (d *dispatcher) pullAll() {
	tick := time.NewTicker(pullInterval)
	defer tick.Stop()
	for {
		if d.pull() {
			continue
		}
		select {
		case <-d.wake:
		case <-tick.C:
		case <-d.server.ctx.Done():
			return
		}
	}
}

// pull pulls once. It reports whether there may be more messages.
func (d *dispatcher) pull() bool {
	resp, err := d.server.subscriber.Pull(d.server.ctx, &pubsubpb.PullRequest{
		Subscription: d.name,
		MaxMessages:  batchSize,
		//lint:ignore SA1019 pullAll explains why
		ReturnImmediately: true,
	})
	if err != nil {
		d.warn("pull", err)
		return false
	}
	for _, m := range resp.GetReceivedMessages() {
		d.startDelivery(m)
	}
	return len(resp.GetReceivedMessages()) > 0
}

// startDelivery delivers a pulled message, unless its delivery is in progress.
func (d *dispatcher) startDelivery(received *pubsubpb.ReceivedMessage) {
	d.mu.Lock()
	defer d.mu.Unlock()
	id, key := received.GetMessage().GetMessageId(), received.GetMessage().GetOrderingKey()
	if m := d.pending[id]; m != nil {
		m.ackID = received.GetAckId()
		return
	}
	m := &message{
		PubsubMessage: received.GetMessage(),
		published:     d.server.cloudTime(received.GetMessage().GetPublishTime().AsTime()),
		ackID:         received.GetAckId(),
	}
	d.pending[id] = m
	if !d.sub.Ordered || key == "" {
		d.server.work.Go(func() { d.deliver(m) })
		return
	}
	d.keys[key] = append(d.keys[key], m)
	if len(d.keys[key]) == 1 {
		d.server.work.Go(func() { d.deliverInOrder(key) })
	}
}

// deliverInOrder delivers the messages of one ordering key, one at a time.
func (d *dispatcher) deliverInOrder(key string) {
	for m := d.first(key); m != nil; m = d.next(key) {
		if !d.deliver(m) {
			return
		}
		d.wakeUp() // the backend keeps the next one until this one is acknowledged
	}
}

func (d *dispatcher) first(key string) *message {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.keys[key][0]
}

func (d *dispatcher) next(key string) *message {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.keys[key] = d.keys[key][1:]
	if len(d.keys[key]) == 0 {
		delete(d.keys, key)
		return nil
	}
	return d.keys[key][0]
}

// ack acknowledges the message. If the backend does not receive that, the message
// is pulled and pushed again, which at-least-once delivery allows.
func (d *dispatcher) ack(m *message) {
	_, err := d.server.subscriber.Acknowledge(d.server.ctx, &pubsubpb.AcknowledgeRequest{
		Subscription: d.name, AckIds: []string{d.ackID(m)},
	})
	if err != nil {
		d.warn("acknowledge", err)
	}
	d.mu.Lock()
	delete(d.pending, m.GetMessageId())
	d.mu.Unlock()
	d.server.ledger.complete(delivery{subscription: d.name, message: m.GetMessageId()})
}

func (d *dispatcher) ackID(m *message) string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return m.ackID
}

// keepLeases renews the leases of all pending messages until the server ends.
func (d *dispatcher) keepLeases() {
	tick := time.NewTicker(lease / 3)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			d.renewLeases()
		case <-d.server.ctx.Done():
			return
		}
	}
}

func (d *dispatcher) renewLeases() {
	for ids := range slices.Chunk(d.ackIDs(), batchSize) {
		_, err := d.server.subscriber.ModifyAckDeadline(d.server.ctx, &pubsubpb.ModifyAckDeadlineRequest{
			Subscription: d.name, AckIds: ids, AckDeadlineSeconds: int32(lease.Seconds()),
		})
		if err != nil {
			d.warn("renew leases", err)
		}
	}
}

func (d *dispatcher) ackIDs() []string {
	d.mu.Lock()
	defer d.mu.Unlock()
	ids := make([]string, 0, len(d.pending))
	for _, m := range d.pending {
		ids = append(ids, m.ackID)
	}
	return ids
}

// warn logs an error, unless the server is ending.
func (d *dispatcher) warn(what string, err error, args ...any) {
	if d.server.ctx.Err() == nil {
		d.log.Warn(what, append(args, "error", err)...)
	}
}
