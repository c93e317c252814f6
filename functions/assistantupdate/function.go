package assistantupdate

import "github.com/strongroom-dev/strongroom/shared/function"

func init() { function.Event("AssistantUpdate", function.NoSettings(New)) }
