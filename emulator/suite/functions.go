package suite

import (
	"context"
	"fmt"
	"net/http"
	"time"

	cloudevents "github.com/cloudevents/sdk-go/v2"

	"github.com/strongroom-dev/strongroom/emulator/loadbalancer"
	"github.com/strongroom-dev/strongroom/functions/assistant"
	"github.com/strongroom-dev/strongroom/functions/custody"
	"github.com/strongroom-dev/strongroom/functions/outputs"
	"github.com/strongroom-dev/strongroom/functions/replay"
	"github.com/strongroom-dev/strongroom/functions/reseal"
	"github.com/strongroom-dev/strongroom/functions/runs"
	"github.com/strongroom-dev/strongroom/functions/sweep"
	"github.com/strongroom-dev/strongroom/functions/uploads"
	"github.com/strongroom-dev/strongroom/shared/access"
	"github.com/strongroom-dev/strongroom/shared/auditlog"
	"github.com/strongroom-dev/strongroom/shared/event"
)

// constructors build each function as production does on its first request. A
// function of the table without a constructor fails the start.
var constructors = map[string]func(*Cloud, context.Context, string) (http.Handler, error){
	"uploads": func(c *Cloud, ctx context.Context, account string) (http.Handler, error) {
		return uploads.New(ctx, uploads.Config{Cloud: c.As(account), Access: c.access()}, uploads.Deps{Clients: c.Clients(account), Now: c.Clock.Now, Log: c.log})
	},
	"outputs": func(c *Cloud, ctx context.Context, account string) (http.Handler, error) {
		return outputs.New(ctx, outputs.Config{Cloud: c.As(account), Access: c.access()}, outputs.Deps{Clients: c.Clients(account), Now: c.Clock.Now, Log: c.log})
	},
	"runs": func(c *Cloud, ctx context.Context, account string) (http.Handler, error) {
		return runs.New(ctx, runs.Config{Cloud: c.As(account), Access: c.access()}, runs.Deps{Clients: c.Clients(account), Now: c.Clock.Now, Log: c.log})
	},
	"replay": func(c *Cloud, ctx context.Context, account string) (http.Handler, error) {
		return replay.New(ctx, replay.Config{Cloud: c.As(account), Access: c.access()}, replay.Deps{Clients: c.Clients(account), Now: c.Clock.Now, Log: c.log})
	},
	"sweep": func(c *Cloud, _ context.Context, account string) (http.Handler, error) {
		return sweep.New(sweep.Deps{Clients: c.Clients(account), Now: c.Clock.Now, Log: c.log}), nil
	},
	"reseal": func(c *Cloud, _ context.Context, account string) (http.Handler, error) {
		return reseal.New(reseal.Deps{Clients: c.Clients(account), Now: c.Clock.Now, Log: c.log}), nil
	},
	"assistant-update": func(c *Cloud, ctx context.Context, account string) (http.Handler, error) {
		u := assistant.NewUpdater(assistant.UpdaterDeps{Clients: c.Clients(account), Now: c.Clock.Now, After: time.After, Log: c.log})
		return c.events(ctx, u.Handle)
	},
	"assistants": func(c *Cloud, ctx context.Context, account string) (http.Handler, error) {
		return assistant.New(ctx, assistant.Config{Cloud: c.As(account), Access: c.access()}, assistant.Deps{Clients: c.Clients(account), Now: c.Clock.Now, Log: c.log})
	},
	"custody": func(c *Cloud, ctx context.Context, account string) (http.Handler, error) {
		h, err := custody.New(ctx, custody.Config{Cloud: c.As(account), Audit: c.audit()}, custody.Deps{Clients: c.Clients(account), Now: c.Clock.Now, Log: c.log})
		if err != nil {
			return nil, err
		}
		return c.events(ctx, h.Handle)
	},
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

// startFunctions builds each function with its own identity and serves all of
// them behind the load balancer.
func (c *Cloud) startFunctions(ctx context.Context) error {
	handlers := map[string]http.Handler{}
	for name, function := range c.Suite.Functions {
		account := FunctionAccount(name)
		if err := c.allow(account, function.Roles, c.platformResources()); err != nil {
			return err
		}
		construct := constructors[name]
		if construct == nil {
			return fmt.Errorf("function %s has no constructor in the embedded cloud", name)
		}
		handler, err := construct(c, context.WithoutCancel(ctx), account)
		if err != nil {
			return fmt.Errorf("build %s: %w", name, err)
		}
		handlers[name] = handler
	}
	lb, err := loadbalancer.New(c.URL, c.Suite, handlers, c.IAM)
	if err != nil {
		return err
	}
	lb.Handle("GET /emulator/token", http.HandlerFunc(c.serveToken))
	lb.Handle("GET /{$}", http.HandlerFunc(c.serveIndex))
	c.LoadBalancer = lb
	c.Serve(lb)
	return nil
}
