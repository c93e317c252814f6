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
// (cloud.google.com/pubsub/quotas, …/docs/handling-failures), save that times
// may be shorter.
type Subscription struct {
	ID       string // id or full name
	Topic    string // id or full name; it must exist
	Endpoint string // http or https URL that each message is POSTed to

	ServiceAccount string // email in the OIDC token; empty sends no token
	Audience       string // aud of the OIDC token; empty is Endpoint

	Filter  string // see parseFilter; empty lets every message through
	Ordered bool   // push messages of one ordering key one at a time, in order

	MinBackoff  time.Duration // before the second attempt; doubles from there; 0 is 10 s
	MaxBackoff  time.Duration // at most 600 s; 0 is 600 s
	AckDeadline time.Duration // in which the endpoint must answer; at most 600 s; 0 is 10 s

	// MaxDeliveryAttempts, 5 to 100, after which the message goes to
	// DeadLetterTopic (id or full name; it must exist). 0 tries for ever.
	MaxDeliveryAttempts int
	DeadLetterTopic     string

	MaxOutstanding int // pushes at one time; 0 is 16
}

const (
	longestBackoff  = 600 * time.Second
	longestDeadline = 600 * time.Second
)

// Push makes the subscription, unless it is there already, and pushes its
// messages from now on. What can be wrong with sub is in the error, all of it.
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
		return fmt.Errorf("subscription %s is pushed already", d.name)
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
	orElse(&sub.Audience, sub.Endpoint)
	orElse(&sub.MinBackoff, 10*time.Second)
	orElse(&sub.MaxBackoff, longestBackoff)
	orElse(&sub.AckDeadline, 10*time.Second)
	orElse(&sub.MaxOutstanding, 16)
}

func orElse[T comparable](field *T, value T) {
	var zero T
	if *field == zero {
		*field = value
	}
}

func (sub *Subscription) validate() error {
	var errs []error
	refuse := func(bad bool, text string) {
		if bad {
			errs = append(errs, errors.New(text))
		}
	}
	u, err := url.Parse(sub.Endpoint)
	refuse(err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Host == "", "the endpoint is not an http or https URL")
	refuse(sub.MinBackoff < 0 || sub.MinBackoff > sub.MaxBackoff || sub.MaxBackoff > longestBackoff, "backoff is not 0 <= min <= max <= 600 s")
	refuse(sub.AckDeadline < 0 || sub.AckDeadline > longestDeadline, "the ack deadline is not within 600 s")
	refuse(sub.MaxOutstanding < 0, "MaxOutstanding is negative")
	attempts := sub.MaxDeliveryAttempts
	refuse(attempts != 0 && (attempts < 5 || attempts > 100), "MaxDeliveryAttempts is neither 0 nor within 5 and 100")
	refuse((attempts == 0) != (sub.DeadLetterTopic == ""), "MaxDeliveryAttempts and DeadLetterTopic go together")
	return errors.Join(errs...)
}
