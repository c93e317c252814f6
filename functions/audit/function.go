package audit

import (
	"github.com/strongroom-dev/strongroom/shared/access"
	"github.com/strongroom-dev/strongroom/shared/auditlog"
	"github.com/strongroom-dev/strongroom/shared/function"
)

// Config is the settings of this function.
type Config struct {
	access.Config
	auditlog.Site
}

func init() { function.HTTP("Audit", New) }
