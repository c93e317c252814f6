package suite_test

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/strongroom-dev/strongroom/emulator/cloudtest"
	"github.com/strongroom-dev/strongroom/emulator/suite"
)

func TestATokenThatCannotBeIssuedSaysWhatExists(t *testing.T) {
	t.Parallel()
	c := cloudtest.New(t, suite.Options{})
	if _, err := c.AddTenant(t.Context(), "acme", "prod"); err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		query  string
		status int
		want   string
	}{
		"a role that does not exist":   {"tenant=acme&as=king", 400, "one of runner, builder, pipeline, viewer, auditor, admin, newcomer, platform"},
		"no role":                      {"tenant=acme", 400, "one of runner, builder, pipeline, viewer, auditor, admin, newcomer, platform"},
		"no tenant":                    {"as=viewer", 400, "tenant must be the ID of a tenant"},
		"a tenant that does not exist": {"tenant=umbrella&as=viewer", 404, "there is no tenant umbrella; this cloud has acme"},
		"the platform's staff":         {"as=platform", 200, "token"},
		"a tenant and a role":          {"tenant=acme&as=auditor", 200, "token"},
	} {
		response, err := http.Get(c.URL + "/emulator/token?" + test.query)
		if err != nil {
			t.Fatal(err)
		}
		text, _ := io.ReadAll(response.Body)
		_ = response.Body.Close()
		if response.StatusCode != test.status || !strings.Contains(string(text), test.want) {
			t.Errorf("%s: status %d, %s", name, response.StatusCode, text)
		}
	}
}
