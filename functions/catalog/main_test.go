package catalog_test

import (
	"testing"

	"github.com/strongroom-dev/strongroom/emulator/cloudtest"
)

func TestMain(m *testing.M) { cloudtest.Main(m) }
