package auditintegrator

import (
	"github.com/strongroom-dev/strongroom/shared/auditlog"
	"github.com/strongroom-dev/strongroom/shared/function"
)

// Config is the settings of this function.
type Config struct {
	Audit auditlog.Config
	auditlog.Site
}

func init() { function.HTTP("AuditIntegrator", New) }
