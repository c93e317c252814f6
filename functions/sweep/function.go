package sweep

import "github.com/strongroom-dev/strongroom/shared/function"

func init() { function.HTTP("Sweep", New) }
