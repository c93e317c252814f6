package auditdelivery

import (
	"github.com/strongroom-dev/strongroom/shared/auditlog"
	"github.com/strongroom-dev/strongroom/shared/function"
)

// Config is the settings of this function.
type Config struct {
	Audit auditlog.Config

	Host string `env:"STRONGROOM_HOST,required,notEmpty"` // host name of the API
}

func init() { function.HTTP("AuditDelivery", New) }
