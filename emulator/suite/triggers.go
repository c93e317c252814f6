package suite

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"time"

	"github.com/strongroom-dev/strongroom/emulator/cloud"
	"github.com/strongroom-dev/strongroom/emulator/iam"
	"github.com/strongroom-dev/strongroom/emulator/pubsub"
	"github.com/strongroom-dev/strongroom/emulator/scheduler"
	"github.com/strongroom-dev/strongroom/infra"
)

// connectTriggers creates the push subscriptions and the scheduled jobs. Only
// then does it let Cloud Storage publish: a notification that an earlier start
// left would be lost on a topic without subscriptions.
func (c *Cloud) connectTriggers(ctx context.Context) error {
	var errs []error
	for name, function := range c.Suite.Functions {
		if function.Topic != "" && !slices.Contains(c.options.Undelivered, name) {
			errs = append(errs, c.push(ctx, name, name, function.Topic), c.push(ctx, name+"-replayed", name, infra.Replayed(function.Topic)))
		}
		if function.Schedule != "" {
			errs = append(errs, c.schedule(name, function.Schedule))
		}
	}
	if c.options.Schedule {
		c.RunSchedule(ctx)
		if c.Firestore != nil {
			c.RunUntilClose(ctx, c.deleteExpired)
		}
	}
	errs = append(errs, c.allow(cloud.StorageAgent, c.Suite.Agents["storage"], c.platformResources()))
	return errors.Join(errs...)
}

// push creates the subscription that calls a function with the messages of a topic.
func (c *Cloud) push(ctx context.Context, subscription, function, topic string) error {
	if err := c.allowInvoke(pushAccount, function); err != nil {
		return err
	}
	return c.PubSub.Push(ctx, pubsub.Subscription{
		ID:                  subscription,
		Topic:               topic,
		Endpoint:            c.LoadBalancer.Endpoint(function),
		ServiceAccount:      pushAccount,
		MinBackoff:          cmp.Or(c.options.Backoff, 10*time.Second),
		MaxDeliveryAttempts: cmp.Or(c.options.DeliveryAttempts, 20),
		DeadLetterTopic:     infra.DeadLetters(topic),
		AckDeadline:         time.Minute,
	})
}

func (c *Cloud) schedule(function, cron string) error {
	if err := c.allowInvoke(schedulerAccount, function); err != nil {
		return err
	}
	endpoint := c.LoadBalancer.Endpoint(function)
	return c.Scheduler.Add(scheduler.Job{
		Name:           function,
		Schedule:       cron,
		URL:            endpoint,
		ServiceAccount: schedulerAccount,
		Audience:       endpoint,
	})
}

func (c *Cloud) allowInvoke(account, function string) error {
	return c.IAM.Bind(iam.Binding{Member: account, Role: "roles/run.invoker", Resource: "functions/" + function})
}
