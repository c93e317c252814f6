package custody

import (
	"context"
	"log/slog"
	"os"
	"time"

	"github.com/GoogleCloudPlatform/functions-framework-go/functions"

	"github.com/strongroom-dev/strongroom/shared/api"
	"github.com/strongroom-dev/strongroom/shared/auditlog"
	"github.com/strongroom-dev/strongroom/shared/event"
	"github.com/strongroom-dev/strongroom/shared/gcp"
)

// Config is what this function is told by its environment.
type Config struct {
	Cloud gcp.Config
	Audit auditlog.Config
}

// Deps is what this function stands on.
type Deps struct {
	Clients *gcp.Clients
	Now     func() time.Time
	Log     *slog.Logger
}

func init() {
	log := api.NewLogger(os.Stderr)
	functions.CloudEvent("Custody", event.Lazily(func(ctx context.Context) (event.Handler, error) {
		config, err := gcp.FromEnv[Config](os.Environ())
		if err != nil {
			return nil, err
		}
		h, err := New(ctx, config, Deps{gcp.NewClients(config.Cloud), time.Now, log})
		if err != nil {
			return nil, err
		}
		return h.Handle, nil
	}, log))
}
