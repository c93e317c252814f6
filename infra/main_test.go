package infra_test

import (
	"testing"

	"github.com/strongroom-dev/strongroom/emulator/cloudtest"
	"github.com/strongroom-dev/strongroom/infra"
)

func TestMain(m *testing.M) { cloudtest.Main(m) }

func table(t testing.TB) infra.Suite {
	t.Helper()
	suite, err := infra.Load()
	if err != nil {
		t.Fatal(err)
	}
	return suite
}
