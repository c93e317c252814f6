package slx_test

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/strongroom-dev/strongroom/shared/slx"
)

func TestATemplateMatchesNames(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		template, name string
		want           bool
	}{
		"the same text":                            {"Check DNS", "Check DNS", true},
		"the same text in another case":            {"Check DNS", "check dns", true},
		"a text that begins with the template":     {"Check DNS", "Check DNS now", false},
		"a value at the end":                       {"Check Pods in ${NS}", "Check Pods in `shop`", true},
		"a value at the beginning":                 {"${NS} has pods", "shop has pods", true},
		"an empty value":                           {"a${X}b", "ab", true},
		"two values":                               {"Check ${A} in ${B} now", "Check web in shop now", true},
		"a text that is only at the beginning":     {"Check ${A} in ${B} now", "Check web in shop", false},
		"the end and the beginning do not overlap": {"aba${X}bab", "abab", false},
		"texts in another order":                   {"${X}b${Y}a${Z}c", "abc", false},
		"a variable that is not closed":            {"a ${X", "a ${x", true},
		"characters of regular expressions":        {"a.c ${X}", "abc x", false},
		"only a variable":                          {"${X}", "anything\nat all", true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := slx.ParseTemplate(row.template).Match(row.name); got != row.want {
				t.Errorf("%q matches %q: %v, want %v", row.template, row.name, got, row.want)
			}
		})
	}
}

// matchesModel is a template as a regular expression.
func matchesModel(template, name string) bool {
	variable := regexp.MustCompile(`\$\{[^}]*\}`)
	var pattern strings.Builder
	template = strings.ToLower(template)
	end := 0
	for _, at := range variable.FindAllStringIndex(template, -1) {
		pattern.WriteString(regexp.QuoteMeta(template[end:at[0]]) + ".*")
		end = at[1]
	}
	pattern.WriteString(regexp.QuoteMeta(template[end:]))
	return regexp.MustCompile(`(?s)^` + pattern.String() + `$`).MatchString(strings.ToLower(name))
}

func FuzzTemplateMatchesLikeItsModel(f *testing.F) {
	for _, seed := range [][2]string{{"a${X}b", "ab"}, {"${a}${b}", ""}, {"a${X}bb${Y}b", "abbb"}, {"${", "${"}, {"a${X${Y}b", "axb"}, {"É${x}", "é1"}} {
		f.Add(seed[0], seed[1])
	}
	f.Fuzz(func(t *testing.T, template, name string) {
		template, name = strings.ToValidUTF8(template, "?"), strings.ToValidUTF8(name, "?")
		if len(template) > 500 {
			return
		}
		if got, want := slx.ParseTemplate(template).Match(name), matchesModel(template, name); got != want {
			t.Errorf("%q matches %q: %v, want %v", template, name, got, want)
		}
	})
}

func TestSourcesMatchTheCatalog(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		source slx.Source
		of     string
		want   bool
	}{
		"an address of a file":             {slx.NewSource("https://github.com/example/tasks.git", "codebundles/a/runbook.robot"), "https://github.com/example/tasks/blob/main/codebundles/a/runbook.robot", true},
		"a repository by SSH":              {slx.NewSource("git@github.com:Example/tasks.git", "/codebundles/a/runbook.robot"), "https://github.com/example/tasks/blob/main/codebundles/a/runbook.robot", true},
		"a path in the repository":         {slx.NewSource("https://github.com/example/tasks", "codebundles/a/runbook.robot"), "codebundles/a/runbook.robot", true},
		"a file at the root":               {slx.NewSource("https://github.com/example/tasks", "runbook.robot"), "https://github.com/example/tasks/blob/main/runbook.robot", true},
		"a file after its repository":      {slx.NewSource("https://example.com/tasks", "runbook.robot"), "https://example.com/tasks/runbook.robot", true},
		"a path at the root":               {slx.NewSource("https://github.com/example/tasks", "runbook.robot"), "runbook.robot", true},
		"another repository":               {slx.NewSource("https://github.com/example/tasks", "codebundles/a/runbook.robot"), "https://github.com/example/tasks2/blob/main/codebundles/a/runbook.robot", false},
		"another path":                     {slx.NewSource("https://github.com/example/tasks", "codebundles/a/runbook.robot"), "https://github.com/example/tasks/blob/main/codebundles/ba/runbook.robot", false},
		"a path that ends with the path":   {slx.NewSource("https://github.com/example/tasks", "a/runbook.robot"), "https://github.com/example/tasks/blob/main/codebundles/ba/runbook.robot", false},
		"an address, without a repository": {slx.NewSource("", "a/runbook.robot"), "https://github.com/example/tasks/blob/main/a/runbook.robot", false},
		"a path is case-sensitive":         {slx.NewSource("https://github.com/example/tasks", "A/runbook.robot"), "https://github.com/example/tasks/blob/main/a/runbook.robot", false},
		"nothing":                          {slx.NewSource("https://github.com/example/tasks", ""), "https://github.com/example/tasks", false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := row.source.Matches(row.of); got != row.want {
				t.Errorf("%+v matches %q: %v, want %v", row.source, row.of, got, row.want)
			}
			if row.want && !slices.Contains(row.source.PathKeys(), slx.PathKey(row.of)) {
				t.Errorf("%q has none of the keys %q", row.of, row.source.PathKeys())
			}
		})
	}
}
