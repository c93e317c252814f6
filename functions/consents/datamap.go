package consents

import (
	"context"

	"github.com/strongroom-dev/strongroom/shared/dataclass"
)

type dataMapResponse struct {
	Body dataclass.DataMap
}

// dataMap returns the table of package dataclass. It is the same for every tenant, so the
// read is not recorded.
func (*Handler) dataMap(context.Context, *struct{}) (*dataMapResponse, error) {
	return &dataMapResponse{dataclass.Map()}, nil
}
