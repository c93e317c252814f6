package tenants

import "github.com/strongroom-dev/strongroom/shared/function"

func init() { function.HTTP("Tenants", New) }
