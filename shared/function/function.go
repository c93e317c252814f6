// Package function is the front door of every deployed function. It registers
// the function with Google's functions framework, reads its settings from the
// environment, connects its clients, and builds it on the first request.
//
// A function is a package with a constructor:
//
//	func New(context.Context, C, function.Deps) (*Handler, error)
//
// C holds the settings of this function only, as a struct with env tags:
// access.Config, auditlog.Config or a struct of its own. The settings of Google
// Cloud are in Deps.Clients.Config. One line registers the function:
//
//	func init() { function.HTTP("Outputs", New) }                    // *Handler is an http.Handler
//	func init() { function.Event("Custody", New) }                   // *Handler is an EventHandler
//	func init() { function.HTTP("Sweep", function.NoSettings(New)) } // New takes Deps only
//
// If the settings are incomplete or New fails, the request gets a 503 (an event
// is delivered again), the error is in the log, and the next request tries again.
package function

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"time"

	"github.com/GoogleCloudPlatform/functions-framework-go/functions"

	"github.com/strongroom-dev/strongroom/shared/api"
	"github.com/strongroom-dev/strongroom/shared/event"
	"github.com/strongroom-dev/strongroom/shared/gcp"
)

// Deps is what every function is built from. Clients, Now and Log are required.
// A test replaces Now, and After if the function waits.
type Deps struct {
	Clients *gcp.Clients
	Now     func() time.Time
	After   func(time.Duration) <-chan time.Time // waits like time.After, by the clock of Now
	Log     *slog.Logger
}

// NoSettings adapts the constructor of a function that has no settings of its own
// and cannot fail.
func NoSettings[H any](build func(Deps) H) func(context.Context, struct{}, Deps) (H, error) {
	return func(_ context.Context, _ struct{}, deps Deps) (H, error) { return build(deps), nil }
}

// EventHandler processes the messages of an event function.
type EventHandler interface {
	Handle(context.Context, event.Message) error
}

// HTTP registers an HTTP function under its entry point. It connects to nothing:
// build runs on the first request.
func HTTP[C any, H http.Handler](entryPoint string, build func(context.Context, C, Deps) (H, error)) {
	log := api.NewLogger(os.Stderr)
	functions.HTTP(entryPoint, api.Lazily(func(ctx context.Context) (http.Handler, error) {
		return fromEnviron(ctx, os.Environ(), log, build)
	}, log))
}

// Event registers a function that receives Pub/Sub messages under its entry
// point. It connects to nothing: build runs on the first message. For the framework it is an
// HTTP function: see package event.
func Event[C any, H EventHandler](entryPoint string, build func(context.Context, C, Deps) (H, error)) {
	log := api.NewLogger(os.Stderr)
	functions.HTTP(entryPoint, event.Lazily(func(ctx context.Context) (event.Handler, error) {
		h, err := fromEnviron(ctx, os.Environ(), log, build)
		if err != nil {
			return nil, err
		}
		return h.Handle, nil
	}, log).ServeHTTP)
}

// fromEnviron builds a function with the settings in environ and the wall clock.
func fromEnviron[C, H any](ctx context.Context, environ []string, log *slog.Logger, build func(context.Context, C, Deps) (H, error)) (H, error) {
	var none H
	cloud, config, err := Settings[C](environ)
	if err != nil {
		return none, fmt.Errorf("read settings: %w", err)
	}
	clients := gcp.NewClients(cloud)
	h, err := build(ctx, config, Deps{Clients: clients, Now: time.Now, After: time.After, Log: log})
	if err != nil {
		return none, err
	}
	return h, nil
}

// Settings reads the settings of Google Cloud and a function's own settings from
// environ, which has the form of os.Environ. The error joins the names of all
// missing settings. An emulator setting in production is an error.
func Settings[C any](environ []string) (gcp.Config, C, error) {
	all, err := gcp.FromEnv[struct {
		Cloud gcp.Config
		Own   C
	}](environ)
	return all.Cloud, all.Own, err
}
