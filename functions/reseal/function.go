package reseal

import "github.com/strongroom-dev/strongroom/shared/function"

func init() { function.HTTP("Reseal", function.NoSettings(New)) }
