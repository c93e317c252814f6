package command_test

import (
	"strings"
	"testing"

	"github.com/strongroom-dev/strongroom/scripts/strongroom/platformtest"
)

func TestQuestionsAboutRunsAndSLIsThatMakeNoSense(t *testing.T) {
	t.Parallel()
	p := newPlace(t, platformtest.Config{})
	for name, c := range map[string]struct {
		args []string
		code int
		says string
	}{
		"an outcome that is none":          {[]string{"runs", "ls", "--outcome", "bad"}, 2, "--outcome is one of success, failure"},
		"a state that is none":             {[]string{"runs", "ls", "--state", "open"}, 2, "--state is one of running, ended"},
		"a time that is none":              {[]string{"runs", "ls", "--from", "yesterday"}, 2, "--from takes a time as"},
		"fewer runs than none":             {[]string{"runs", "ls", "--limit", "-1"}, 2, "--limit is 1 or more"},
		"an argument too many":             {[]string{"runs", "ls", "x"}, 2, "strongroom runs ls takes no argument"},
		"no run":                           {[]string{"runs", "show"}, 2, "strongroom runs show takes RUN"},
		"a run that is no UUID":            {[]string{"runs", "show", "7"}, 2, "is not the id of a run"},
		"issues of what is no run":         {[]string{"runs", "issues", "7"}, 2, "is not the id of a run"},
		"a run that is not there":          {[]string{"runs", "show", someRun}, 1, "read the run: 404 Not Found"},
		"issues of one that is not there":  {[]string{"runs", "issues", someRun}, 1, "read the run's issues: 404 Not Found"},
		"an alert that is none":            {[]string{"slis", "ls", "--alert", "none"}, 2, "--alert is one of warning, ticket, page"},
		"fewer SLIs than none":             {[]string{"slis", "ls", "--limit", "-1"}, 2, "--limit is 1 or more"},
		"no SLI":                           {[]string{"slis", "show"}, 2, "strongroom slis show takes NAME"},
		"an SLI that is not there":         {[]string{"slis", "show", "x"}, 1, "read the SLI: 404 Not Found"},
		"a name with a line break":         {[]string{"slis", "show", "a\nb"}, 2, "none of them a control character"},
		"a name that is a path":            {[]string{"slis", "set", "..", "--max", "1"}, 2, "cannot be asked for an SLI that is named .."},
		"samples of a name that is a path": {[]string{"slis", "samples", "."}, 2, "cannot be asked for an SLI that is named ."},
		"samples to a time that is none":   {[]string{"slis", "samples", "x", "--to", "-1h"}, 2, "--to takes a time as"},
		"nothing to set":                   {[]string{"slis", "set", "x"}, 2, "there is nothing to set"},
		"a bound that is no number":        {[]string{"slis", "set", "x", "--max", "much"}, 2, `invalid argument "much" for "--max" flag: it is no number`},
		"a bound without an end":           {[]string{"slis", "set", "x", "--min", "-Inf"}, 2, `"--min" flag: it is no number; see strongroom slis set --help`},
		"a target that is none":            {[]string{"slis", "set", "x", "--target", "none"}, 2, `"--target" flag: it is no number`},
		"half a sample":                    {[]string{"slis", "set", "x", "--samples", "1.5"}, 2, `"--samples" flag`},
		"a past that is to come":           {[]string{"slis", "set", "x", "--stale-after", "-1h"}, 2, `"--stale-after" flag`},
		"a part of a second":               {[]string{"slis", "set", "x", "--stale-after", "500ms"}, 2, "it is counted in whole seconds"},
		"an assistant without a name":      {[]string{"assistant", "set", "oncall"}, 2, "--name: say what people call"},
		"an assistant with a long name":    {[]string{"assistant", "set", "oncall", "--name", strings.Repeat("é", 201)}, 2, "--name has 201 characters, it may have 200"},
		"an assistant misnamed":            {[]string{"assistant", "set", "A B", "--name", "Edgar"}, 2, "is not the name of an assistant"},
		"a relevance above 1":              {[]string{"assistant", "set", "oncall", "--name", "Edgar", "--relevance", "1.1"}, 2, "--relevance is from 0 to 1"},
		"an access that is none":           {[]string{"assistant", "set", "oncall", "--name", "Edgar", "--access", "all"}, 2, "--access is one of read-only, read-write"},
	} {
		if r := p.run(t, c.args...); r.code != c.code || r.stdout != "" || !strings.Contains(r.stderr, c.says) {
			t.Errorf("%s: %+v, want code %d and %q", name, r, c.code, c.says)
		}
	}
}
