package assistantupdate

import (
	"context"
	"log/slog"
	"os"
	"time"

	"github.com/GoogleCloudPlatform/functions-framework-go/functions"

	"github.com/strongroom-dev/strongroom/shared/api"
	"github.com/strongroom-dev/strongroom/shared/event"
	"github.com/strongroom-dev/strongroom/shared/gcp"
)

// Config is what assistant-update is told by its environment.
type Config struct {
	Cloud gcp.Config
}

// Deps is what assistant-update stands on.
type Deps struct {
	Clients *gcp.Clients
	Now     func() time.Time
	After   func(time.Duration) <-chan time.Time // as time.After, by the clock of Now
	Log     *slog.Logger
}

func init() {
	log := api.NewLogger(os.Stderr)
	functions.CloudEvent("AssistantUpdate", event.Lazily(func(context.Context) (event.Handler, error) {
		config, err := gcp.FromEnv[Config](os.Environ())
		if err != nil {
			return nil, err
		}
		return New(Deps{gcp.NewClients(config.Cloud), time.Now, time.After, log}).Handle, nil
	}, log))
}
