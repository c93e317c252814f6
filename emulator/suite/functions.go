package suite

import (
	"context"
	"fmt"
	"net/http"
	"time"

	cloudevents "github.com/cloudevents/sdk-go/v2"

	"github.com/strongroom-dev/strongroom/emulator/loadbalancer"
	"github.com/strongroom-dev/strongroom/functions/assistants"
	"github.com/strongroom-dev/strongroom/functions/assistantupdate"
	"github.com/strongroom-dev/strongroom/functions/audit"
	"github.com/strongroom-dev/strongroom/functions/auditdelivery"
	"github.com/strongroom-dev/strongroom/functions/auditintegrator"
	"github.com/strongroom-dev/strongroom/functions/catalog"
	"github.com/strongroom-dev/strongroom/functions/custody"
	"github.com/strongroom-dev/strongroom/functions/exports"
	"github.com/strongroom-dev/strongroom/functions/exportscheduler"
	"github.com/strongroom-dev/strongroom/functions/exportworker"
	"github.com/strongroom-dev/strongroom/functions/outputs"
	"github.com/strongroom-dev/strongroom/functions/replay"
	"github.com/strongroom-dev/strongroom/functions/reseal"
	"github.com/strongroom-dev/strongroom/functions/runs"
	"github.com/strongroom-dev/strongroom/functions/sweep"
	"github.com/strongroom-dev/strongroom/functions/uploads"
	"github.com/strongroom-dev/strongroom/infra"
	"github.com/strongroom-dev/strongroom/shared/event"
	"github.com/strongroom-dev/strongroom/shared/function"
)

// constructors build each function from its environment, as production does on
// the first request.
var constructors = map[string]constructor{
	"uploads":          web(uploads.New),
	"outputs":          web(outputs.New),
	"runs":             web(runs.New),
	"replay":           web(replay.New),
	"sweep":            web(sweep.New),
	"reseal":           web(function.NoSettings(reseal.New)),
	"assistants":       web(assistants.New),
	"assistant-update": events(function.NoSettings(assistantupdate.New)),
	"catalog":          web(catalog.New),
	"custody":          events(custody.New),
	"audit":            web(audit.New),
	"audit-integrator": web(auditintegrator.New),
	"audit-delivery":   web(auditdelivery.New),
	"exports":          web(exports.New),
	"export-worker":    events(exportworker.New),
	"export-scheduler": web(exportscheduler.New),
}

// constructor builds the function that is deployed under name, with its own
// service account.
type constructor func(ctx context.Context, c *Cloud, name string) (http.Handler, error)

func web[C any, H http.Handler](build func(context.Context, C, function.Deps) (H, error)) constructor {
	return func(ctx context.Context, c *Cloud, name string) (http.Handler, error) {
		return construct(ctx, c, name, build)
	}
}

// events serves an event function over HTTP, as the functions framework does.
func events[C any, H function.EventHandler](build func(context.Context, C, function.Deps) (H, error)) constructor {
	return func(ctx context.Context, c *Cloud, name string) (http.Handler, error) {
		h, err := construct(ctx, c, name, build)
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

// construct builds a function that follows the embedded cloud's clock.
func construct[C, H any](ctx context.Context, c *Cloud, name string, build func(context.Context, C, function.Deps) (H, error)) (H, error) {
	_, config, err := function.Settings[C](c.FunctionEnviron(name))
	if err != nil {
		var none H
		return none, err
	}
	deps := function.Deps{Clients: c.Clients(FunctionAccount(name)), Now: c.Clock.Now, After: time.After, Log: c.log}
	return build(ctx, config, deps)
}

// startFunctions builds each function with its own identity and serves all of
// them behind the load balancer.
func (c *Cloud) startFunctions(ctx context.Context) error {
	handlers := map[string]http.Handler{}
	for name, function := range c.Suite.Functions {
		if err := c.allow(FunctionAccount(name), function.Roles, c.platformResources()); err != nil {
			return err
		}
		build := constructors[name]
		if build == nil {
			return fmt.Errorf("function %s has no constructor in the embedded cloud", name)
		}
		handler, err := build(context.WithoutCancel(ctx), c, name)
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
	lb.Handle("GET /openapi.json", http.HandlerFunc(serveOpenAPI))
	lb.Handle("GET /{$}", http.HandlerFunc(c.serveIndex))
	c.LoadBalancer = lb
	c.Serve(lb)
	return nil
}

func serveOpenAPI(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(infra.OpenAPI()) // the client may have disconnected
}
