package pubsub

import (
	"log/slog"
	"slices"
	"sync"
	"time"

	"cloud.google.com/go/pubsub/v2/apiv1/pubsubpb"
)

const (
	// lease is how long the backend leaves a pulled message alone. It is
	// renewed until the message is acked: waiting for the next attempt is
	// ours to do, since the backends know no backoff.
	lease = 60 * time.Second
	// pullEvery finds what no publish call of ours announced: what was
	// published at the official emulator itself, or came back to it.
	pullEvery = time.Second
	batch     = 1000 // messages a pull, ids an acknowledgement
)

// dispatcher pushes what one subscription gets. Every message that it has
// pulled is held until it is acked; a goroutine of its own, or that of its
// ordering key, brings it to the endpoint.
type dispatcher struct {
	server          *Server
	sub             Subscription
	name            string // full names
	topic           string
	deadLetterTopic string
	filter          filter
	log             *slog.Logger
	wake            chan struct{} // holds one value when there may be something to pull
	slots           chan struct{} // holds one value for each push under way

	mu   sync.Mutex
	held map[string]*message   // by the backend's message id
	keys map[string][]*message // by ordering key; the first is being pushed
}

// message is one that was pulled and not yet acked.
type message struct {
	*pubsubpb.PubsubMessage
	published time.Time // on the embedded cloud's clock
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
		server: s,
		sub:    sub,
		wake:   make(chan struct{}, 1),
		slots:  make(chan struct{}, sub.MaxOutstanding),
		held:   map[string]*message{},
		keys:   map[string][]*message{},
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

// wakeUp has the dispatcher look for messages now.
func (d *dispatcher) wakeUp() {
	select {
	case d.wake <- struct{}{}:
	default: // it will look anyway
	}
}

// pullAll takes every message that there is, until the server ends. It pulls
// without waiting, when it is told that there is something: a waiting pull
// takes up to half a second on the test server.
func (d *dispatcher) pullAll() {
	tick := time.NewTicker(pullEvery)
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

// pull reports whether there may be more.
func (d *dispatcher) pull() bool {
	resp, err := d.server.subscriber.Pull(d.server.ctx, &pubsubpb.PullRequest{
		Subscription: d.name,
		MaxMessages:  batch,
		//lint:ignore SA1019 pullAll says why
		ReturnImmediately: true,
	})
	if err != nil {
		d.warn("pull", err)
		return false
	}
	for _, m := range resp.GetReceivedMessages() {
		d.hold(m)
	}
	return len(resp.GetReceivedMessages()) > 0
}

// hold starts bringing a message to the endpoint, unless that is under way.
func (d *dispatcher) hold(received *pubsubpb.ReceivedMessage) {
	d.mu.Lock()
	defer d.mu.Unlock()
	id, key := received.GetMessage().GetMessageId(), received.GetMessage().GetOrderingKey()
	if m := d.held[id]; m != nil {
		m.ackID = received.GetAckId()
		return
	}
	m := &message{
		PubsubMessage: received.GetMessage(),
		published:     d.server.cloudTime(received.GetMessage().GetPublishTime().AsTime()),
		ackID:         received.GetAckId(),
	}
	d.held[id] = m
	if !d.sub.Ordered || key == "" {
		d.server.work.Go(func() { d.bring(m) })
		return
	}
	d.keys[key] = append(d.keys[key], m)
	if len(d.keys[key]) == 1 {
		d.server.work.Go(func() { d.bringInOrder(key) })
	}
}

// bringInOrder brings the messages of one key, one after the other.
func (d *dispatcher) bringInOrder(key string) {
	for m := d.first(key); m != nil; m = d.next(key) {
		if !d.bring(m) {
			return
		}
		d.wakeUp() // the backend holds the next one back until this one is acked
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

// ack tells the backend and forgets the message. Should the backend not hear
// it, the message will be pulled and pushed again, as may always happen.
func (d *dispatcher) ack(m *message) {
	_, err := d.server.subscriber.Acknowledge(d.server.ctx, &pubsubpb.AcknowledgeRequest{
		Subscription: d.name, AckIds: []string{d.ackID(m)},
	})
	if err != nil {
		d.warn("acknowledge", err)
	}
	d.mu.Lock()
	delete(d.held, m.GetMessageId())
	d.mu.Unlock()
	d.server.ledger.settle(delivery{subscription: d.name, message: m.GetMessageId()})
}

func (d *dispatcher) ackID(m *message) string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return m.ackID
}

// keepLeases renews the lease of every held message until the server ends.
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
	for ids := range slices.Chunk(d.ackIDs(), batch) {
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
	ids := make([]string, 0, len(d.held))
	for _, m := range d.held {
		ids = append(ids, m.ackID)
	}
	return ids
}

// warn logs what went wrong, unless the reason is that the server ends.
func (d *dispatcher) warn(what string, err error, args ...any) {
	if d.server.ctx.Err() == nil {
		d.log.Warn(what, append(args, "error", err)...)
	}
}
