package consents

import (
	"github.com/strongroom-dev/strongroom/shared/access"
	"github.com/strongroom-dev/strongroom/shared/function"
	"github.com/strongroom-dev/strongroom/shared/halves"
)

// Config is the settings of this function.
type Config struct {
	Access  access.Config
	Consent halves.Config
}

func init() { function.HTTP("Consents", New) }
