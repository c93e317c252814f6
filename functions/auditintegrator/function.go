package auditintegrator

import (
	"github.com/strongroom-dev/strongroom/shared/auditlog"
	"github.com/strongroom-dev/strongroom/shared/function"
)

// Config is the settings of this function.
type Config struct {
	Audit auditlog.Config

	LogKeyName     string `env:"STRONGROOM_LOG_KEY,required,notEmpty"`               // projects/…/cryptoKeys/…
	Host           string `env:"STRONGROOM_HOST,required,notEmpty"`                  // host name of the API
	PlatformBucket string `env:"STRONGROOM_PLATFORM_AUDIT_BUCKET,required,notEmpty"` // without gs://
}

func init() { function.HTTP("AuditIntegrator", New) }
