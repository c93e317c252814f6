package runs

import "github.com/strongroom-dev/strongroom/shared/function"

func init() { function.HTTP("Runs", New) }
