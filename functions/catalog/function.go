package catalog

import "github.com/strongroom-dev/strongroom/shared/function"

func init() { function.HTTP("Catalog", New) }
