package suite

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/strongroom-dev/strongroom/emulator/loadbalancer"
	"github.com/strongroom-dev/strongroom/functions/assistants"
	"github.com/strongroom-dev/strongroom/functions/assistantupdate"
	"github.com/strongroom-dev/strongroom/functions/audit"
	"github.com/strongroom-dev/strongroom/functions/auditdelivery"
	"github.com/strongroom-dev/strongroom/functions/auditintegrator"
	"github.com/strongroom-dev/strongroom/functions/catalog"
	"github.com/strongroom-dev/strongroom/functions/configgraph"
	"github.com/strongroom-dev/strongroom/functions/configs"
	"github.com/strongroom-dev/strongroom/functions/consents"
	"github.com/strongroom-dev/strongroom/functions/console"
	"github.com/strongroom-dev/strongroom/functions/custody"
	"github.com/strongroom-dev/strongroom/functions/exports"
	"github.com/strongroom-dev/strongroom/functions/exportscheduler"
	"github.com/strongroom-dev/strongroom/functions/exportworker"
	"github.com/strongroom-dev/strongroom/functions/legalholds"
	"github.com/strongroom-dev/strongroom/functions/offboarding"
	"github.com/strongroom-dev/strongroom/functions/outputs"
	"github.com/strongroom-dev/strongroom/functions/replay"
	"github.com/strongroom-dev/strongroom/functions/reseal"
	"github.com/strongroom-dev/strongroom/functions/runs"
	"github.com/strongroom-dev/strongroom/functions/sweep"
	"github.com/strongroom-dev/strongroom/functions/tenants"
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
	"consents":         web(consents.New),
	"configs":          web(configs.New),
	"config-graph":     events(function.NoSettings(configgraph.New)),
	"console":          web(console.New),
	"tenants":          web(tenants.New),
	"legal-holds":      web(legalholds.New),
	"offboarding":      web(offboarding.New),
}

// constructor builds a function from its environment.
type constructor func(ctx context.Context, c *Cloud, environ []string) (http.Handler, error)

func web[C any, H http.Handler](build func(context.Context, C, function.Deps) (H, error)) constructor {
	return func(ctx context.Context, c *Cloud, environ []string) (http.Handler, error) {
		return construct(ctx, c, environ, build)
	}
}

// events serves the messages of an event function over HTTP.
func events[C any, H function.EventHandler](build func(context.Context, C, function.Deps) (H, error)) constructor {
	return func(ctx context.Context, c *Cloud, environ []string) (http.Handler, error) {
		h, err := construct(ctx, c, environ, build)
		if err != nil {
			return nil, err
		}
		return event.Receive(h.Handle, c.log), nil
	}
}

// construct builds a function that follows the embedded cloud's clock.
func construct[C, H any](ctx context.Context, c *Cloud, environ []string, build func(context.Context, C, function.Deps) (H, error)) (H, error) {
	hosts, config, err := function.Settings[C](environ)
	if err != nil {
		var none H
		return none, err
	}
	deps := function.Deps{Clients: c.Connect(hosts), Now: c.Clock.Now, After: time.After, Log: c.log}
	return build(ctx, config, deps)
}

// Build builds a function from its environment, which FunctionEnviron returns. It is for
// tests that change a setting.
func (c *Cloud) Build(ctx context.Context, name string, environ []string) (http.Handler, error) {
	build := constructors[name]
	if build == nil {
		return nil, fmt.Errorf("function %s has no constructor in the embedded cloud", name)
	}
	handler, err := build(context.WithoutCancel(ctx), c, environ)
	if err != nil {
		return nil, fmt.Errorf("build %s: %w", name, err)
	}
	return handler, nil
}

// startFunctions builds each function with its own identity and serves all of
// them behind the load balancer.
func (c *Cloud) startFunctions(ctx context.Context) error {
	handlers := map[string]http.Handler{}
	for name, function := range c.Suite.Functions {
		if err := c.allow(FunctionAccount(name), function.Roles, c.platformResources()); err != nil {
			return err
		}
		handler, err := c.Build(ctx, name, c.FunctionEnviron(name))
		if err != nil {
			return err
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
