package pubsub

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"time"

	"cloud.google.com/go/pubsub/v2/apiv1/pubsubpb"
)

// Subscription pushes a topic's messages to an endpoint. ID, Topic and Endpoint
// are required. Limits and defaults are Google's
// (cloud.google.com/pubsub/quotas, …/docs/handling-failures), except that times
// may be shorter.
type Subscription struct {
	ID       string // ID or full name
	Topic    string // ID or full name; it must exist
	Endpoint string // http or https URL that each message is sent to

	ServiceAccount string // email in the OIDC token; empty: no token is sent
	Audience       string // aud of the OIDC token; empty: Endpoint

	Filter  string // see parseFilter; empty: no filter
	Ordered bool   // push messages with the same ordering key one at a time, in order

	MinBackoff  time.Duration // wait before the second attempt, which doubles for each further one; 0: 10 s
	MaxBackoff  time.Duration // longest wait, up to 600 s; 0: 600 s
	AckDeadline time.Duration // time that the endpoint has to answer, up to 600 s; 0: 10 s

	// MaxDeliveryAttempts, 5 to 100, is the number of pushes before the message
	// moves to DeadLetterTopic (ID or full name; it must exist). 0: unlimited.
	MaxDeliveryAttempts int
	DeadLetterTopic     string

	MaxOutstanding int // pushes at the same time; 0: 16
}

const (
	longestBackoff  = 600 * time.Second
	longestDeadline = 600 * time.Second
)

// Push creates the subscription, unless it exists, and pushes its messages from
// now on. Its error lists everything wrong with sub.
func (s *Server) Push(ctx context.Context, sub Subscription) error {
	sub.setDefaults()
	d, err := newDispatcher(s, sub)
	if err != nil {
		return fmt.Errorf("push subscription %q: %w", sub.ID, err)
	}
	s.topology.Lock()
	defer s.topology.Unlock()
	if s.ctx.Err() != nil {
		return errors.New("pubsub is closed")
	}
	if s.dispatchers[d.name] != nil {
		return fmt.Errorf("subscription %s is already pushed", d.name)
	}
	err = s.createPull(ctx, &pubsubpb.Subscription{Name: d.name, Topic: d.topic, EnableMessageOrdering: d.sub.Ordered})
	if err != nil {
		return err
	}
	s.dispatchers[d.name] = d
	s.work.Go(d.pullAll)
	s.work.Go(d.keepLeases)
	return nil
}

func (sub *Subscription) setDefaults() {
	setDefault(&sub.Audience, sub.Endpoint)
	setDefault(&sub.MinBackoff, 10*time.Second)
	setDefault(&sub.MaxBackoff, longestBackoff)
	setDefault(&sub.AckDeadline, 10*time.Second)
	setDefault(&sub.MaxOutstanding, 16)
}

func setDefault[T comparable](field *T, value T) {
	var zero T
	if *field == zero {
		*field = value
	}
}

func (sub *Subscription) validate() error {
	var errs []error
	reject := func(bad bool, text string) {
		if bad {
			errs = append(errs, errors.New(text))
		}
	}
	u, err := url.Parse(sub.Endpoint)
	reject(err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Host == "", "the endpoint must be an http or https URL")
	reject(sub.MinBackoff < 0 || sub.MinBackoff > sub.MaxBackoff || sub.MaxBackoff > longestBackoff, "the backoffs must satisfy 0 <= min <= max <= 600 s")
	reject(sub.AckDeadline < 0 || sub.AckDeadline > longestDeadline, "the ack deadline must be from 0 to 600 s")
	reject(sub.MaxOutstanding < 0, "MaxOutstanding must not be negative")
	attempts := sub.MaxDeliveryAttempts
	reject(attempts != 0 && (attempts < 5 || attempts > 100), "MaxDeliveryAttempts must be 0, or from 5 to 100")
	reject((attempts == 0) != (sub.DeadLetterTopic == ""), "MaxDeliveryAttempts and DeadLetterTopic must be set together")
	return errors.Join(errs...)
}
