package catalog

import (
	"regexp"
	"strings"
)

// gap is what parts cells: two white spaces or more, or a tab.
var gap = regexp.MustCompile(`[\s\p{Zs}]{2,}|\t`)

// cells gives the cells of a line without its comment, and whether the first
// one is empty. Empty cells at the end are dropped.
func cells(line string) (r row, indented bool) {
	if line == "|" || strings.HasPrefix(line, "| ") || strings.HasPrefix(line, "|\t") {
		r = bars(line)
	} else {
		r = gap.Split(strings.TrimRight(line, " \t"), -1)
		if strings.HasPrefix(line, " ") && r[0] != "" {
			r = append(row{""}, r...) // one space before is an empty cell to us
		}
	}
	for i := range r {
		r[i] = strings.TrimSpace(r[i])
		if strings.HasPrefix(r[i], "#") {
			r = r[:i]
			break
		}
	}
	for len(r) > 0 && r[len(r)-1] == "" {
		r = r[:len(r)-1]
	}
	for len(r) > 0 && r[0] == "" {
		r, indented = r[1:], true
	}
	return r, indented
}

// bars splits a line at its pipes that have a space on both sides, or end it.
func bars(line string) (r row) {
	start := len("|")
	for i := start; i < len(line); i++ {
		if line[i] == '|' && isBlank(line[i-1]) && (i+1 == len(line) || isBlank(line[i+1])) {
			r = append(r, line[start:i])
			start = i + 1
		}
	}
	return append(r, line[start:])
}

func isBlank(c byte) bool { return c == ' ' || c == '\t' }

// escapes are the characters that a backslash makes; any other stands for
// itself.
var escapes = map[byte]byte{'n': '\n', 'r': '\r', 't': '\t'}

// unescape reads backslashes. Codes of characters (\xff and the like) stay.
func unescape(s string) string {
	if !strings.Contains(s, `\`) {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] != '\\' || i == len(s)-1 || strings.IndexByte("xuU", s[i+1]) >= 0 {
			b.WriteByte(s[i])
			continue
		}
		i++
		if c, ok := escapes[s[i]]; ok {
			b.WriteByte(c)
		} else {
			b.WriteByte(s[i])
		}
	}
	return b.String()
}
