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
	"github.com/strongroom-dev/strongroom/functions/assistants"
	"github.com/strongroom-dev/strongroom/functions/assistantupdate"
	"github.com/strongroom-dev/strongroom/functions/catalog"
	"github.com/strongroom-dev/strongroom/functions/custody"
	"github.com/strongroom-dev/strongroom/functions/outputs"
	"github.com/strongroom-dev/strongroom/functions/replay"
	"github.com/strongroom-dev/strongroom/functions/reseal"
	"github.com/strongroom-dev/strongroom/functions/runs"
	"github.com/strongroom-dev/strongroom/functions/sweep"
	"github.com/strongroom-dev/strongroom/functions/uploads"
	"github.com/strongroom-dev/strongroom/infra"
	"github.com/strongroom-dev/strongroom/shared/access"
	"github.com/strongroom-dev/strongroom/shared/auditlog"
	"github.com/strongroom-dev/strongroom/shared/event"
	"github.com/strongroom-dev/strongroom/shared/gcp"
	"github.com/strongroom-dev/strongroom/shared/secret"
)

// As gives the settings of a process that runs as a service account.
func (c *Cloud) As(account string) gcp.Config {
	config := c.hosts
	config.ProjectID, config.AccessToken = ProjectID, secret.New(c.IAM.AccessToken(account))
	return config
}

// builders make each function as production does on its first request.
var builders = map[string]func(*Cloud, context.Context, gcp.Config) (http.Handler, error){
	"uploads": func(c *Cloud, ctx context.Context, cloud gcp.Config) (http.Handler, error) {
		return uploads.New(ctx, uploads.Config{Cloud: cloud, Access: c.access()}, uploads.Deps{Clients: c.clients(cloud), Now: c.Clock.Now, Log: c.log})
	},
	"outputs": func(c *Cloud, ctx context.Context, cloud gcp.Config) (http.Handler, error) {
		return outputs.New(ctx, outputs.Config{Cloud: cloud, Access: c.access()}, outputs.Deps{Clients: c.clients(cloud), Now: c.Clock.Now, Log: c.log})
	},
	"runs": func(c *Cloud, ctx context.Context, cloud gcp.Config) (http.Handler, error) {
		return runs.New(ctx, runs.Config{Cloud: cloud, Access: c.access()}, runs.Deps{Clients: c.clients(cloud), Now: c.Clock.Now, Log: c.log})
	},
	"replay": func(c *Cloud, ctx context.Context, cloud gcp.Config) (http.Handler, error) {
		return replay.New(ctx, replay.Config{Cloud: cloud, Access: c.access()}, replay.Deps{Clients: c.clients(cloud), Now: c.Clock.Now, Log: c.log})
	},
	"sweep": func(c *Cloud, _ context.Context, cloud gcp.Config) (http.Handler, error) {
		return sweep.New(sweep.Deps{Clients: c.clients(cloud), Now: c.Clock.Now, Log: c.log}), nil
	},
	"reseal": func(c *Cloud, _ context.Context, cloud gcp.Config) (http.Handler, error) {
		return reseal.New(reseal.Deps{Clients: c.clients(cloud), Now: c.Clock.Now, Log: c.log}), nil
	},
	"assistant-update": func(c *Cloud, ctx context.Context, cloud gcp.Config) (http.Handler, error) {
		u := assistantupdate.New(assistantupdate.Deps{Clients: c.clients(cloud), Now: c.Clock.Now, After: time.After, Log: c.log})
		return c.events(ctx, u.Handle)
	},
	"assistants": func(c *Cloud, ctx context.Context, cloud gcp.Config) (http.Handler, error) {
		return assistants.New(ctx, assistants.Config{Cloud: cloud, Access: c.access()}, assistants.Deps{Clients: c.clients(cloud), Now: c.Clock.Now, Log: c.log})
	},
	"catalog": func(c *Cloud, ctx context.Context, cloud gcp.Config) (http.Handler, error) {
		return catalog.New(ctx, catalog.Config{Cloud: cloud, Access: c.access()}, catalog.Deps{Clients: c.clients(cloud), Now: c.Clock.Now, Log: c.log})
	},
	"custody": func(c *Cloud, ctx context.Context, cloud gcp.Config) (http.Handler, error) {
		h, err := custody.New(ctx, custody.Config{Cloud: cloud, Audit: c.audit()}, custody.Deps{Clients: c.clients(cloud), Now: c.Clock.Now, Log: c.log})
		if err != nil {
			return nil, err
		}
		return c.events(ctx, h.Handle)
	},
}

// clients are closed when the cloud is.
func (c *Cloud) clients(config gcp.Config) *gcp.Clients {
	clients := gcp.NewClients(config)
	c.onClose(clients.Close)
	return clients
}

func (c *Cloud) audit() auditlog.Config { return auditlog.Config{AuditKeyName: auditKey} }

func (c *Cloud) access() access.Config {
	return access.Config{Audience: Audience, Config: c.audit()}
}

// events serves an event function over HTTP, as the functions framework does.
func (c *Cloud) events(ctx context.Context, handle event.Handler) (http.Handler, error) {
	protocol, err := cloudevents.NewHTTP()
	if err != nil {
		return nil, fmt.Errorf("receive events: %w", err)
	}
	return cloudevents.NewHTTPReceiveHandler(ctx, protocol, event.Receive(handle, c.log))
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
		build := builders[name]
		if build == nil {
			return fmt.Errorf("function %s is in the table and not in the embedded cloud", name)
		}
		handler, err := build(c, context.WithoutCancel(ctx), c.As(account))
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
