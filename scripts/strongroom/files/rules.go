package files

import (
	"fmt"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/strongroom-dev/strongroom/shared/lazyregexp"
)

// Rules select files by their path in the directory that is added. The zero Rules
// selects every file.
type Rules struct {
	include, exclude []pattern
}

// pattern is a compiled pattern of paths.
type pattern struct {
	path *regexp.Regexp
	base bool // matches the last element only
}

// ParseRules parses patterns:
//
//   - any characters of one name
//     ?      one character of one name
//     [a-z]  one of these characters; [!a-z] any other one
//     **     any characters, also slashes
//
// A pattern without a slash matches the name of a file or directory, wherever it is.
// Any other pattern matches a path from the top. A pattern that matches a directory
// matches all files below it. If there are include patterns, only files that match one
// of them are selected. Files that match an exclude pattern are not selected.
func ParseRules(include, exclude []string) (r Rules, err error) {
	if r.include, err = parsePatterns("--include", include); err != nil {
		return r, err
	}
	r.exclude, err = parsePatterns("--exclude", exclude)
	return r, err
}

func parsePatterns(flag string, texts []string) (patterns []pattern, err error) {
	for _, text := range texts {
		p, err := parsePattern(filepath.ToSlash(text))
		if err != nil {
			return nil, fmt.Errorf("%s %q: %w", flag, text, err)
		}
		patterns = append(patterns, p)
	}
	return patterns, nil
}

// tokens are the parts of a pattern that have a meaning.
var tokens = lazyregexp.New(`\*\*/|\*+|\?|\[!?\]?[^\]/]*\]|[^*?]`)

func parsePattern(text string) (pattern, error) {
	trimmed := strings.TrimSuffix(strings.TrimPrefix(text, "./"), "/")
	p := pattern{base: !strings.Contains(trimmed, "/")}
	var form strings.Builder
	form.WriteString(`(?s)^`)
	for _, token := range tokens.FindAllString(strings.TrimPrefix(trimmed, "/"), -1) {
		switch {
		case token == "**/":
			form.WriteString(`(?:.*/)?`)
		case token == "*":
			form.WriteString(`[^/]*`)
		case token[0] == '*':
			form.WriteString(`.*`)
		case token == "?":
			form.WriteString(`[^/]`)
		case token == "[":
			return p, fmt.Errorf("the [ has no ]; to match a [, use [[]")
		case token[0] == '[':
			form.WriteString(class(token))
		default:
			form.WriteString(regexp.QuoteMeta(token))
		}
	}
	form.WriteByte('$')
	if trimmed == "" || trimmed == "/" {
		return p, fmt.Errorf("the pattern is empty; for example: *.log")
	}
	var err error
	if p.path, err = regexp.Compile(form.String()); err != nil {
		return p, fmt.Errorf("the pattern is not valid; for example: *.log or reports/**/*.xml")
	}
	return p, nil
}

// class returns the regular expression of a class such as [a-z] or [!a-z].
func class(token string) string {
	inside, not := token[1:len(token)-1], ""
	if rest, ok := strings.CutPrefix(inside, "!"); ok {
		inside, not = rest, "^/"
	}
	return "[" + not + strings.NewReplacer(`\`, `\\`, `[`, `\[`, `]`, `\]`, `^`, `\^`).Replace(inside) + "]"
}

// matches reports whether the pattern matches a path or a directory above it.
func (p pattern) matches(name string) bool {
	start := 0
	for end := 0; end <= len(name); end++ {
		if end < len(name) && name[end] != '/' {
			continue
		}
		candidate := name[:end]
		if p.base {
			candidate = name[start:end]
		}
		if p.path.MatchString(candidate) {
			return true
		}
		start = end + 1
	}
	return false
}

func matchesAny(patterns []pattern, name string) bool {
	return slices.ContainsFunc(patterns, func(p pattern) bool { return p.matches(name) })
}

// selects reports whether a file is selected.
func (r Rules) selects(name string) bool {
	return (len(r.include) == 0 || matchesAny(r.include, name)) && !matchesAny(r.exclude, name)
}

// excludesDir reports whether all files below a directory are excluded.
func (r Rules) excludesDir(name string) bool { return matchesAny(r.exclude, name) }
