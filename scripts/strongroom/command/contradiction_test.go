package command_test

import (
	"strings"
	"testing"

	"github.com/strongroom-dev/strongroom/scripts/strongroom/command"
)

// What cannot succeed is refused before any request, with exit code 2.
func TestContradictoryFlagsAreRefused(t *testing.T) {
	t.Parallel()
	const runID, other = "0198c2b4-5d1e-7c3a-9f00-2a6b1c4d8e10", "0198c2b4-5d1e-7c3a-9f00-2a6b1c4d8e11"
	for name, test := range map[string]struct{ line, want string }{
		"runs that started before they started": {"runs ls --from 1d --to 2d", "--to 2d is not after --from 1d"},
		"runs of no time at all":                {"runs ls --from 2026-01-02T00:00:00Z --to 2026-01-02T00:00:00Z", "is not after"},
		"issues":                                {"issues ls --from 1h --to 2h", "is not after"},
		"samples":                               {"slis samples dns --from 1h --to 2h", "is not after"},
		"audit entries":                         {"audit ls --from 1h --to 2h", "is not after"},
		"running runs with an outcome":          {"runs ls --state running --outcome failure", "only ended runs have an outcome"},
		"lost runs with an outcome":             {"runs ls --state lost --outcome success", "only ended runs have an outcome"},
		"entries of two runs":                   {"audit ls --run " + runID + " --resource runs/" + other, "not a part of that run"},
		"entries of a run and the catalog":      {"audit ls --run " + runID + " --resource catalog", "not a part of that run"},
		"lines and bytes of an output":          {"outputs cat " + runID + " a --lines 1-2 --bytes 1-2", "--lines and --bytes contradict each other"},
		"raw output with colors":                {"outputs cat " + runID + " a --raw --color", "--raw and --color contradict each other"},
		"a text instead of a number":            {"runs ls --limit many", `invalid argument "many" for "--limit" flag: invalid syntax; see strongroom runs ls --help`},
		"a text instead of a duration":          {"runs ls --timeout soon", `invalid argument "soon" for "--timeout" flag: invalid duration "soon"; see`},
		"an argument too many":                  {"version 2", "strongroom version requires no arguments"},
		"a token of no tenant":                  {"token", "no tenant: use --tenant ID"},
		"an issue that is ignored without end":  {"issues ignore abc", "no end: use --until TIME"},
		"the rest of what is no run":            {"resume xyz --spool " + t.TempDir() + "/spool", `"xyz" is not a valid run ID`},
		"a role that does not exist":            {"token --tenant acme --as king", "--as must be one of runner, builder, viewer, auditor, admin, newcomer, platform"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var out, errs strings.Builder
			settings := map[string]string{"STRONGROOM_URL": "http://127.0.0.1:1", "STRONGROOM_WORKSPACE": "prod", "STRONGROOM_TOKEN": "token"}
			code := command.Main(t.Context(), strings.Fields(test.line), strings.NewReader(""), &out, &errs, func(name string) string { return settings[name] })
			if code != 2 || !strings.Contains(errs.String(), test.want) {
				t.Errorf("exit code %d, %s", code, &errs)
			}
		})
	}
}
