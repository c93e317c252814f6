package catalog

import (
	"context"
	"log/slog"
	"net/http"
	"os"
	"time"

	"github.com/GoogleCloudPlatform/functions-framework-go/functions"

	"github.com/strongroom-dev/strongroom/shared/access"
	"github.com/strongroom-dev/strongroom/shared/api"
	"github.com/strongroom-dev/strongroom/shared/gcp"
)

// Config is what the environment sets.
type Config struct {
	Cloud  gcp.Config
	Access access.Config
}

// Deps is what the function depends on.
type Deps struct {
	Clients *gcp.Clients
	Now     func() time.Time
	Log     *slog.Logger
}

func init() {
	functions.HTTP("Catalog", api.Lazily(func(ctx context.Context) (http.Handler, error) {
		config, err := gcp.FromEnv[Config](os.Environ())
		if err != nil {
			return nil, err
		}
		return New(ctx, config, Deps{gcp.NewClients(config.Cloud), time.Now, api.NewLogger(os.Stderr)})
	}))
}
