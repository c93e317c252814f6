package command_test

import (
	"strings"
	"testing"

	"github.com/strongroom-dev/strongroom/emulator/faults"
)

func TestInvalidArgumentsAreRejected(t *testing.T) {
	t.Parallel()
	p := newProgram(t, faults.HTTPConfig{}).as(t, "viewer")
	for name, c := range map[string]struct {
		args []string
		code int
		want string
	}{
		"an invalid outcome":               {[]string{"runs", "ls", "--outcome", "bad"}, 2, "--outcome must be one of success, failure"},
		"an invalid state":                 {[]string{"runs", "ls", "--state", "open"}, 2, "--state must be one of running, ended"},
		"an invalid time":                  {[]string{"runs", "ls", "--from", "yesterday"}, 2, "--from must be a time"},
		"fewer runs than none":             {[]string{"runs", "ls", "--limit", "-1"}, 2, "--limit must not be negative"},
		"an argument too many":             {[]string{"runs", "ls", "x"}, 2, "strongroom runs ls requires no arguments"},
		"no run":                           {[]string{"runs", "show"}, 2, "strongroom runs show requires RUN"},
		"a run that is no UUID":            {[]string{"runs", "show", "x7"}, 2, "is not a valid run ID"},
		"issues of what is no run":         {[]string{"runs", "issues", "7_"}, 2, "is not a valid run ID"},
		"a run that is not there":          {[]string{"runs", "show", someRun}, 12, "read the run: 404 Not Found"},
		"issues of one that is not there":  {[]string{"runs", "issues", someRun}, 12, "read the run's issues: 404 Not Found"},
		"an invalid alert":                 {[]string{"slis", "ls", "--alert", "none"}, 2, "--alert must be one of warning, ticket, page"},
		"fewer SLIs than none":             {[]string{"slis", "ls", "--limit", "-1"}, 2, "--limit must not be negative"},
		"no SLI":                           {[]string{"slis", "show"}, 2, "strongroom slis show requires NAME"},
		"an SLI that is not there":         {[]string{"slis", "show", "x"}, 12, "read the SLI: 404 Not Found"},
		"a name with a line break":         {[]string{"slis", "show", "a\nb"}, 2, "control characters"},
		"a name that is a path":            {[]string{"slis", "set", "..", "--max", "1"}, 2, "because URL paths cannot carry it"},
		"samples of a name that is a path": {[]string{"slis", "samples", "."}, 2, "because URL paths cannot carry it"},
		"samples to an invalid time":       {[]string{"slis", "samples", "x", "--to", "-1h"}, 2, "--to must be a time"},
		"nothing to set":                   {[]string{"slis", "set", "x"}, 2, "nothing to set"},
		"a bound that is no number":        {[]string{"slis", "set", "x", "--max", "much"}, 2, `invalid argument "much" for "--max" flag: must be a finite number`},
		"a bound without an end":           {[]string{"slis", "set", "x", "--min", "-Inf"}, 2, `"--min" flag: must be a finite number; see strongroom slis set --help`},
		"an invalid target":                {[]string{"slis", "set", "x", "--target", "none"}, 2, `"--target" flag: must be a finite number`},
		"half a sample":                    {[]string{"slis", "set", "x", "--samples", "1.5"}, 2, `"--samples" flag`},
		"a negative duration":              {[]string{"slis", "set", "x", "--stale-after", "-1h"}, 2, `"--stale-after" flag`},
		"a part of a second":               {[]string{"slis", "set", "x", "--stale-after", "500ms"}, 2, "must be a whole number of seconds"},
		"an assistant without a name":      {[]string{"assistant", "set", "oncall"}, 2, "--name is required"},
		"an assistant with a long name":    {[]string{"assistant", "set", "oncall", "--name", strings.Repeat("é", 201)}, 2, "--name must have at most 200 characters; it has 201"},
		"an assistant misnamed":            {[]string{"assistant", "set", "A B", "--name", "Edgar"}, 2, "is not a valid assistant ID"},
		"a relevance above 1":              {[]string{"assistant", "set", "oncall", "--name", "Edgar", "--relevance", "1.1"}, 2, "--relevance must be from 0 to 1"},
		"an invalid access":                {[]string{"assistant", "set", "oncall", "--name", "Edgar", "--access", "all"}, 2, "--access must be one of read-only, read-write"},
		"an invalid issue ID":              {[]string{"issues", "show", "8"}, 2, "is not a valid issue ID"},
		"the start of no run":              {[]string{"runs", "show", "7"}, 12, "no run ID starts with 7; to list them: strongroom runs ls"},
		"the start of no issue":            {[]string{"issues", "show", "7"}, 12, "no issue ID starts with 7; to list them: strongroom issues ls"},
		"no issue":                         {[]string{"issues", "show"}, 2, "issues show requires ID"},
		"an issue that is not there":       {[]string{"issues", "show", noIssue}, 12, "read the issue: 404 Not Found"},
		"an invalid issue state":           {[]string{"issues", "ls", "--state", "bad"}, 2, "--state must be one of active"},
		"an invalid severity":              {[]string{"issues", "ls", "--severity", "5"}, 2, "--severity must be from 1"},
		"fewer issues than none":           {[]string{"issues", "ls", "--limit", "-1"}, 2, "--limit must not be negative"},
		"an issue from no time":            {[]string{"issues", "ls", "--from", "yesterday"}, 2, "--from must be a time"},
		"an issue to the future":           {[]string{"issues", "ls", "--to", "-1h"}, 2, "--to must be a time"},
		"too many days":                    {[]string{"issues", "ls", "--from", "300000d"}, 2, "or a duration before now"},
		"ignoring without an end":          {[]string{"issues", "ignore", noIssue}, 2, "no end: use --until TIME"},
		"ignoring until the past":          {[]string{"issues", "ignore", noIssue, "--until", "-1h"}, 2, "or a duration from now"},
		"ignoring for too long":            {[]string{"issues", "ignore", noIssue, "--until", "400d"}, 2, "at most 366 days"},
		"an invalid assistant ID":          {[]string{"assistant", "show", "A B"}, 2, "is not a valid assistant ID"},
		"an assistant that is not there":   {[]string{"assistant", "show", "nobody"}, 12, "404 Not Found"},
		"no words":                         {[]string{"catalog", "search"}, 2, "no words"},
		"too many tasks":                   {[]string{"catalog", "search", "x", "--limit", "101"}, 2, "--limit must be from 1 to 100"},
		"a directory that is not there":    {[]string{"catalog", "import", "/no/such/dir"}, 2, "is not a directory"},
		"a directory without tasks":        {[]string{"catalog", "import", t.TempDir()}, 1, "no tasks in the .robot files below "},
	} {
		if r := p.run(t, c.args...); r.code != c.code || r.stdout != "" || !strings.Contains(r.stderr, c.want) {
			t.Errorf("%s: %+v, want code %d and %q", name, r, c.code, c.want)
		}
	}
}
