package issue

import (
	"regexp"
	"strings"
)

// Normalise gives what titles of one issue have in common: white space and
// letter case are evened out, and what differs from run to run is replaced by a
// placeholder: amounts, times, addresses, ids, hashes, the random ends of pod
// names. Names stay, quoted or not, and so do numbers that say what kind of
// thing it is: codes, ports, versions, regions.
func Normalise(title string) string {
	title = strings.Join(strings.Fields(title), " ")
	var b strings.Builder
	end := 0
	for at := 0; at < len(title); at++ {
		if size, with := replace(title, at); size > 0 {
			b.WriteString(title[end:at])
			b.WriteString(with)
			end = at + size
			at = end - 1
		}
	}
	b.WriteString(title[end:])
	normal := strings.ToLower(b.String())
	if !strings.Contains(normal, "<n> ") {
		return normal
	}
	return plural.ReplaceAllString(normal, "$1")
}

// plural evens "1 pod", "2 pods" and "2 pod(s)".
var plural = regexp.MustCompile(`(<n> [a-z]*[a-rt-z])(?:\(s\)|s\b)`)

const (
	// safe are the characters of the random ends of Kubernetes names:
	// pkg.go.dev/k8s.io/apimachinery/pkg/util/rand#String.
	safe   = `[bcdfghjklmnpqrstvwxz2456789]`
	amount = `[0-9]+(?:[.,_][0-9]+)*`
	unit   = `(?:[nuµm]?s|secs?|mins?|hrs?|[mhdwyx]|[kmgtp]i?b?(?:ps|/s)?|b|[mu]?cores?|m?cpu|st|nd|rd|th)`
)

// rule is something that varies, or only looks like it.
type rule struct {
	pattern string
	with    func(match string) string
}

// words are rules for what begins a word, tried in this order.
var words = newRules([]rule{
	{`[A-Z]{2,8}-[0-9]+(?:-[0-9]+)*\b`, kept}, // CVE-2026-12345, ORA-00942
	{`(?i:https?(?:/[0-9.]+)?(?: status)?(?: code)?[ :=]{1,2}[1-5][0-9]{2})\b`, kept},
	{`(?i:status code|status|code|port|errno|signal|tls|ssl|version)[ :=]{1,2}[0-9]+(?:\.[0-9]+)*\b`, kept},
	{`(?i:(?:north|south|east|west|central)-[0-9])\b`, kept}, // us-east-1
	{`(?i:v[0-9]+(?:\.[0-9]+)+)\b`, kept},                    // v1.29.3
	{`(?i:[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\b`, always("<id>")},
	{`[0-9]{4}-[0-9]{2}-[0-9]{2}(?:[T ][0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:[.,][0-9]+)?)?)?(?: ?(?:Z|UTC|[+-][0-9]{2}:?[0-9]{2}))?\b`, always("<time>")},
	{`[0-9]{1,2}:[0-9]{2}(?::[0-9]{2}(?:[.,][0-9]+)?)?(?: ?(?:Z|UTC|[AP]M))?\b`, always("<time>")},
	{`[0-9]{1,3}(?:\.[0-9]{1,3}){3}(?::[0-9]+|/[0-9]{1,2})?\b`, always("<ip>")},
	{`(?i:(?:[0-9a-f]{1,4}:){2,7}(?::?[0-9a-f]{1,4})+)\b`, always("<ip>")},
	{`(?i:(?:[0-9a-f]{1,4}:){1,6}(?::[0-9a-f]{1,4})+)\b`, always("<ip>")},
	{`(?i:sha(?:1|256|512)[:=-][0-9a-f]{7,})\b`, always("<id>")},
	{`(?i:0x[0-9a-f]+)\b`, always("<id>")},
	{`vmss[0-9a-z]{6}\b`, always("vmss<id>")}, // AKS nodes
	{`(?i:[0-9a-f]{7,})\b`, hex},
	{`[A-Za-z0-9]{20,}\b`, token},
	{amount + `(?:%| ?(?i:` + unit + `)\b|\b)`, always("<n>")},
})

// ends are rules for what begins with a hyphen, in the middle of a word.
var ends = newRules([]rule{
	{`-[0-9a-f]{8}-[a-z0-9]{4}\b`, always("-<id>")}, // GKE nodes
	{`-` + safe + `{6,10}-` + safe + `{5}\b`, podEnd},
	{`-` + safe + `{5}\b`, podEnd},
})

// rules are tried in one go at one place.
type rules struct {
	list []rule
	any  *regexp.Regexp // a group for each
}

func newRules(list []rule) rules {
	var patterns []string
	for _, r := range list {
		patterns = append(patterns, "("+r.pattern+")")
	}
	return rules{list, regexp.MustCompile("^(?:" + strings.Join(patterns, "|") + ")")}
}

// replace gives how much of title at a place varies, 0 if nothing does, and what
// stands for it.
func replace(title string, at int) (size int, with string) {
	set := words
	switch c := title[at]; {
	case c == '-':
		set = ends
	case !isWord(c) || at > 0 && isWord(title[at-1]) || !mayVary(title[at:]):
		return 0, ""
	}
	m := set.any.FindStringSubmatchIndex(title[at:])
	if m == nil {
		return 0, ""
	}
	match := title[at : at+m[1]]
	for i, r := range set.list {
		if m[2*i+2] >= 0 {
			return len(match), r.with(match)
		}
	}
	return 0, ""
}

// isWord tells the characters that \b takes for a word's.
func isWord(c byte) bool {
	return c == '_' || '0' <= c && c <= '9' || 'A' <= c && c <= 'Z' || 'a' <= c && c <= 'z'
}

// before are the words without digits that some rule begins with.
var before = map[string]bool{
	"http": true, "https": true, "status": true, "code": true, "port": true, "errno": true, "signal": true, "tls": true, "ssl": true,
	"version": true, "north": true, "south": true, "east": true, "west": true, "central": true,
}

// mayVary tells cheaply which words are worth trying the rules on.
func mayVary(title string) bool {
	size, hex, upper := 0, true, true
	for ; size < len(title) && isWord(title[size]); size++ {
		c := title[size]
		if '0' <= c && c <= '9' {
			return true
		}
		hex = hex && (c|0x20) >= 'a' && (c|0x20) <= 'f'
		upper = upper && 'A' <= c && c <= 'Z'
	}
	next := title[size:]
	switch {
	case strings.HasPrefix(next, "-"):
		if upper { // as CVE-2026-12345
			return true
		}
	case strings.HasPrefix(next, ":"):
		if hex && size <= 4 {
			return true
		}
	}
	return hex && size >= 7 || strings.HasPrefix(title, "vmss") || size < 8 && before[strings.ToLower(title[:size])]
}

func kept(match string) string { return match }

func always(placeholder string) func(string) string {
	return func(string) string { return placeholder }
}

const (
	digits  = "0123456789"
	letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
)

// hex tells a hash from a number and from a word like "facade".
func hex(match string) string {
	switch {
	case !strings.ContainsAny(match, letters):
		return "<n>"
	case strings.ContainsAny(match, digits):
		return "<id>"
	}
	return match
}

// token tells a random text from a long word.
func token(match string) string {
	const few = 3
	count := strings.Count(strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' {
			return '0'
		}
		return r
	}, match), "0")
	if count < few {
		return match
	}
	return "<id>"
}

// podEnd tells the random end of a pod's name, or of a ReplicaSet's and its
// pod's, from words without vowels. Most ends have a digit.
func podEnd(match string) string {
	const replicaSet = len("-") + 8
	hash := strings.LastIndexByte(match, '-') >= replicaSet
	if match == "-http2" || match == "-html5" || !hash && !strings.ContainsAny(match, digits) {
		return match
	}
	return "-<id>"
}
