package cloud

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	cloudevents "github.com/cloudevents/sdk-go/v2"

	"github.com/strongroom-dev/strongroom/emulator/front"
	"github.com/strongroom-dev/strongroom/emulator/iam"
	"github.com/strongroom-dev/strongroom/emulator/pubsub"
	"github.com/strongroom-dev/strongroom/emulator/scheduler"
	"github.com/strongroom-dev/strongroom/functions/assistant"
	"github.com/strongroom-dev/strongroom/functions/custody"
	"github.com/strongroom-dev/strongroom/functions/outputs"
	"github.com/strongroom-dev/strongroom/functions/replay"
	"github.com/strongroom-dev/strongroom/functions/reseal"
	"github.com/strongroom-dev/strongroom/functions/runs"
	"github.com/strongroom-dev/strongroom/functions/sweep"
	"github.com/strongroom-dev/strongroom/functions/uploads"
	"github.com/strongroom-dev/strongroom/infra"
	"github.com/strongroom-dev/strongroom/shared/event"
	"github.com/strongroom-dev/strongroom/shared/function"
	"github.com/strongroom-dev/strongroom/shared/gcp"
	"github.com/strongroom-dev/strongroom/shared/secret"
)

// As gives the settings of a process that runs as a service account.
func (c *Cloud) As(account string) gcp.Config {
	config := c.hosts
	config.ProjectID, config.AccessToken = ProjectID, secret.New(c.IAM.AccessToken(account))
	return config
}

// constructors build each function from its environment, as production does on
// the first request.
var constructors = map[string]constructor{
	"uploads":          web(uploads.New),
	"outputs":          web(outputs.New),
	"runs":             web(runs.New),
	"replay":           web(replay.New),
	"sweep":            web(function.NoSettings(sweep.New)),
	"reseal":           web(function.NoSettings(reseal.New)),
	"assistants":       web(assistant.New),
	"assistant-update": events(function.NoSettings(assistant.NewUpdater)),
	"custody":          events(custody.New),
}

// constructor builds a function that finds the embedded cloud c in environ.
type constructor func(ctx context.Context, c *Cloud, environ []string) (http.Handler, error)

func web[C any, H http.Handler](build func(context.Context, C, function.Deps) (H, error)) constructor {
	return func(ctx context.Context, c *Cloud, environ []string) (http.Handler, error) {
		return construct(ctx, c, environ, build)
	}
}

// events serves an event function over HTTP, as the functions framework does.
func events[C any, H function.EventHandler](build func(context.Context, C, function.Deps) (H, error)) constructor {
	return func(ctx context.Context, c *Cloud, environ []string) (http.Handler, error) {
		h, err := construct(ctx, c, environ, build)
		if err != nil {
			return nil, err
		}
		protocol, err := cloudevents.NewHTTP()
		if err != nil {
			return nil, fmt.Errorf("receive events: %w", err)
		}
		return cloudevents.NewHTTPReceiveHandler(ctx, protocol, event.Receive(h.Handle, c.log))
	}
}

// clients are closed when the cloud is.
func (c *Cloud) clients(config gcp.Config) *gcp.Clients {
	clients := gcp.NewClients(config)
	c.onClose(clients.Close)
	return clients
}

// construct builds a function by the clock of c.
func construct[C, H any](ctx context.Context, c *Cloud, environ []string, build func(context.Context, C, function.Deps) (H, error)) (H, error) {
	google, config, err := function.Settings[C](environ)
	if err != nil {
		var none H
		return none, err
	}
	return build(ctx, config, function.Deps{Clients: c.clients(google), Now: c.Clock.Now, After: time.After, Log: c.log})
}

// startFunctions builds each function with its own identity, puts them behind
// the front, and connects their topics and schedules.
func (c *Cloud) startFunctions(ctx context.Context) error {
	handlers := map[string]http.Handler{}
	for name, function := range c.Suite.Functions {
		account := FunctionAccount(name)
		if err := c.allow(account, function.Roles, c.platformResources()); err != nil {
			return err
		}
		build := constructors[name]
		if build == nil {
			return fmt.Errorf("function %s is in the table and not in the embedded cloud", name)
		}
		handler, err := build(context.WithoutCancel(ctx), c, c.Environ(name))
		if err != nil {
			return fmt.Errorf("build %s: %w", name, err)
		}
		handlers[name] = handler
	}
	f, err := front.New(c.URL, c.Suite, handlers, c.IAM)
	if err != nil {
		return err
	}
	f.Handle("/emulator/oidc/", http.StripPrefix("/emulator/oidc", c.Issuer.Handler()))
	f.Handle("GET /emulator/token", http.HandlerFunc(c.serveToken))
	f.Handle("GET /{$}", http.HandlerFunc(c.serveIndex))
	c.Front = f
	return c.connect(ctx)
}

// connect starts the pushes and the schedules.
func (c *Cloud) connect(ctx context.Context) error {
	c.Scheduler = scheduler.New(scheduler.Config{Clock: c.Clock, IDToken: c.idToken, Log: c.log})
	var errs []error
	for name, function := range c.Suite.Functions {
		if function.Topic != "" {
			errs = append(errs, c.push(ctx, name, function))
		}
		if function.Schedule != "" {
			errs = append(errs, c.schedule(name, function.Schedule))
		}
	}
	if c.options.Schedule {
		ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
		done := make(chan struct{})
		go func() { defer close(done); c.Scheduler.Run(ctx) }()
		c.onClose(func() error { cancel(); <-done; return nil })
	}
	return errors.Join(errs...)
}

func (c *Cloud) push(ctx context.Context, name string, function infra.Function) error {
	if err := c.IAM.Bind(iam.Binding{Member: pushCaller, Role: "roles/run.invoker", Resource: "functions/" + name}); err != nil {
		return err
	}
	backoff := c.options.Backoff
	if backoff == 0 {
		backoff = 10 * time.Second
	}
	attempts := c.options.DeliveryAttempts
	if attempts == 0 {
		attempts = 20
	}
	return c.PubSub.Push(ctx, pubsub.Subscription{
		ID: name, Topic: function.Topic, Endpoint: c.Front.Endpoint(name), ServiceAccount: pushCaller,
		MinBackoff: backoff, MaxDeliveryAttempts: attempts, DeadLetterTopic: infra.DeadLetters(function.Topic), AckDeadline: time.Minute,
	})
}

func (c *Cloud) schedule(name, cron string) error {
	if err := c.IAM.Bind(iam.Binding{Member: timer, Role: "roles/run.invoker", Resource: "functions/" + name}); err != nil {
		return err
	}
	return c.Scheduler.Add(scheduler.Job{
		Name: name, Schedule: cron, URL: c.Front.Endpoint(name), ServiceAccount: timer, Audience: c.Front.Endpoint(name),
	})
}
