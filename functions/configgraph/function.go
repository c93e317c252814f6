package configgraph

import "github.com/strongroom-dev/strongroom/shared/function"

func init() { function.Event("ConfigGraph", function.NoSettings(New)) }
