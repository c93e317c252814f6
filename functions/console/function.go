package console

import "github.com/strongroom-dev/strongroom/shared/function"

func init() { function.HTTP("Console", New) }
