package auditintegrator

import (
	"context"
	"log/slog"
	"net/http"
	"os"
	"time"

	"github.com/GoogleCloudPlatform/functions-framework-go/functions"

	"github.com/strongroom-dev/strongroom/shared/api"
	"github.com/strongroom-dev/strongroom/shared/auditlog"
	"github.com/strongroom-dev/strongroom/shared/gcp"
)

// Config is the function's environment.
type Config struct {
	Cloud gcp.Config
	Audit auditlog.Config

	LogKeyName     string `env:"STRONGROOM_LOG_KEY,required,notEmpty"`               // projects/…/cryptoKeys/…
	Host           string `env:"STRONGROOM_HOST,required,notEmpty"`                  // host name of the API
	PlatformBucket string `env:"STRONGROOM_PLATFORM_AUDIT_BUCKET,required,notEmpty"` // without gs://
}

// Deps is what the function needs besides its Config.
type Deps struct {
	Clients *gcp.Clients
	Now     func() time.Time
	Log     *slog.Logger
}

func init() {
	functions.HTTP("AuditIntegrator", api.Lazily(func(ctx context.Context) (http.Handler, error) {
		config, err := gcp.FromEnv[Config](os.Environ())
		if err != nil {
			return nil, err
		}
		return New(ctx, config, Deps{gcp.NewClients(config.Cloud), time.Now, api.NewLogger(os.Stderr)})
	}))
}
