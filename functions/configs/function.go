package configs

import "github.com/strongroom-dev/strongroom/shared/function"

func init() { function.HTTP("Configs", New) }
