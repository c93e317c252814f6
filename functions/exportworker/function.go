package exportworker

import (
	"github.com/strongroom-dev/strongroom/shared/auditlog"
	"github.com/strongroom-dev/strongroom/shared/function"
)

// Config is the settings of this function.
type Config struct {
	Audit auditlog.Config

	ManifestKeyName string `env:"STRONGROOM_MANIFEST_KEY,required,notEmpty"` // projects/…/cryptoKeys/…
	Host            string `env:"STRONGROOM_HOST,required,notEmpty"`         // host name of the API
}

func init() { function.Event("ExportWorker", New) }
