package issue

import (
	"regexp"
	"strings"
)

// Normalize returns what the titles of one issue have in common.
//   - It changes white space to single spaces, and letters to lower case.
//   - It replaces what differs from run to run with a placeholder: amounts,
//     times, addresses, IDs, hashes, and the random suffixes of pod names.
//   - It keeps names, quoted or not, and numbers that identify a kind of thing:
//     codes, ports, versions, regions.
func Normalize(title string) string {
	title = strings.Join(strings.Fields(title), " ")
	var b strings.Builder
	end := 0
	for at := 0; at < len(title); at++ {
		if size, replacement := variablePart(title, at); size > 0 {
			b.WriteString(title[end:at])
			b.WriteString(replacement)
			end = at + size
			at = end - 1
		}
	}
	b.WriteString(title[end:])
	normal := strings.ToLower(b.String())
	if !strings.Contains(normal, "<n> ") {
		return normal
	}
	return pluralSuffix.ReplaceAllString(normal, "$1")
}

// pluralSuffix makes "1 pod", "2 pods" and "2 pod(s)" the same.
var pluralSuffix = regexp.MustCompile(`(<n> [a-z]*[a-rt-z])(?:\(s\)|s\b)`)

const (
	// random are the characters of the random suffixes of Kubernetes names:
	// pkg.go.dev/k8s.io/apimachinery/pkg/util/rand#String.
	random = `[bcdfghjklmnpqrstvwxz2456789]`
	amount = `[0-9]+(?:[.,_][0-9]+)*`
	unit   = `(?:[nuµm]?s|secs?|mins?|hrs?|[mhdwyx]|[kmgtp]i?b?(?:ps|/s)?|b|[mu]?cores?|m?cpu|st|nd|rd|th)`
)

// rule is a pattern of something that varies, or of something that looks similar
// and must stay.
type rule struct {
	pattern string
	replace func(match string) string // returns match if it must stay
}

// wordRules apply at the start of a word. The first rule that matches counts.
var wordRules = newRuleSet([]rule{
	{`[A-Z]{2,8}-[0-9]+(?:-[0-9]+)*\b`, keep}, // CVE-2026-12345, ORA-00942
	{`(?i:https?(?:/[0-9.]+)?(?: status)?(?: code)?[ :=]{1,2}[1-5][0-9]{2})\b`, keep},
	{`(?i:status code|status|code|port|errno|signal|tls|ssl|version)[ :=]{1,2}[0-9]+(?:\.[0-9]+)*\b`, keep},
	{`(?i:(?:north|south|east|west|central)-[0-9])\b`, keep}, // us-east-1
	{`(?i:v[0-9]+(?:\.[0-9]+)+)\b`, keep},                    // v1.29.3
	{`(?i:[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\b`, placeholder("<id>")},
	{`[0-9]{4}-[0-9]{2}-[0-9]{2}(?:[T ][0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:[.,][0-9]+)?)?)?(?: ?(?:Z|UTC|[+-][0-9]{2}:?[0-9]{2}))?\b`, placeholder("<time>")},
	{`[0-9]{1,2}:[0-9]{2}(?::[0-9]{2}(?:[.,][0-9]+)?)?(?: ?(?:Z|UTC|[AP]M))?\b`, placeholder("<time>")},
	{`[0-9]{1,3}(?:\.[0-9]{1,3}){3}(?::[0-9]+|/[0-9]{1,2})?\b`, placeholder("<ip>")},
	{`(?i:(?:[0-9a-f]{1,4}:){2,7}(?::?[0-9a-f]{1,4})+)\b`, placeholder("<ip>")},
	{`(?i:(?:[0-9a-f]{1,4}:){1,6}(?::[0-9a-f]{1,4})+)\b`, placeholder("<ip>")},
	{`(?i:sha(?:1|256|512)[:=-][0-9a-f]{7,})\b`, placeholder("<id>")},
	{`(?i:0x[0-9a-f]+)\b`, placeholder("<id>")},
	{`vmss[0-9a-z]{6}\b`, placeholder("vmss<id>")}, // AKS nodes
	{`(?i:[0-9a-f]{7,})\b`, replaceHex},
	{`[A-Za-z0-9]{20,}\b`, replaceToken},
	{amount + `(?:%| ?(?i:` + unit + `)\b|\b)`, placeholder("<n>")},
})

// suffixRules apply at a hyphen. The first rule that matches counts.
var suffixRules = newRuleSet([]rule{
	{`-[0-9a-f]{8}-[a-z0-9]{4}\b`, placeholder("-<id>")}, // GKE nodes
	{`-` + random + `{6,10}-` + random + `{5}\b`, replacePodSuffix},
	{`-` + random + `{5}\b`, replacePodSuffix},
})

// ruleSet is a list of rules that one expression tries together, because that is
// faster.
type ruleSet struct {
	rules   []rule
	pattern *regexp.Regexp // has one group for each rule
}

func newRuleSet(rules []rule) ruleSet {
	var patterns []string
	for _, r := range rules {
		patterns = append(patterns, "("+r.pattern+")")
	}
	return ruleSet{rules, regexp.MustCompile("^(?:" + strings.Join(patterns, "|") + ")")}
}

// variablePart returns the size of what varies in title at an index, or 0 if
// nothing does, and its replacement.
func variablePart(title string, at int) (size int, replacement string) {
	set := wordRules
	switch c := title[at]; {
	case c == '-':
		set = suffixRules
	case !isWord(c) || at > 0 && isWord(title[at-1]) || !maybeVariable(title[at:]):
		return 0, ""
	}
	m := set.pattern.FindStringSubmatchIndex(title[at:])
	if m == nil {
		return 0, ""
	}
	match := title[at : at+m[1]]
	for i, r := range set.rules {
		if m[2*i+2] >= 0 {
			return len(match), r.replace(match)
		}
	}
	return 0, ""
}

// isWord reports whether c is a word character for \b.
func isWord(c byte) bool {
	return c == '_' || '0' <= c && c <= '9' || 'A' <= c && c <= 'Z' || 'a' <= c && c <= 'z'
}

// leadingWords are the words without digits at the start of a rule's pattern.
var leadingWords = map[string]bool{
	"http": true, "https": true, "status": true, "code": true, "port": true, "errno": true, "signal": true, "tls": true, "ssl": true,
	"version": true, "north": true, "south": true, "east": true, "west": true, "central": true,
}

// maybeVariable reports whether a rule may match the word at the start of title.
// It is much cheaper than the rules, and most words match none.
func maybeVariable(title string) bool {
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
		if upper { // for example CVE-2026-12345
			return true
		}
	case strings.HasPrefix(next, ":"):
		if hex && size <= 4 {
			return true
		}
	}
	return hex && size >= 7 || strings.HasPrefix(title, "vmss") || size < 8 && leadingWords[strings.ToLower(title[:size])]
}

func keep(match string) string { return match }

func placeholder(text string) func(string) string {
	return func(string) string { return text }
}

const (
	digits  = "0123456789"
	letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
)

// replaceHex distinguishes a hash from a number and from a word like "facade".
func replaceHex(match string) string {
	switch {
	case !strings.ContainsAny(match, letters):
		return "<n>"
	case strings.ContainsAny(match, digits):
		return "<id>"
	}
	return match
}

// replaceToken distinguishes a random text from a long word.
func replaceToken(match string) string {
	const minDigits = 3
	count := strings.Count(strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' {
			return '0'
		}
		return r
	}, match), "0")
	if count < minDigits {
		return match
	}
	return "<id>"
}

// replacePodSuffix distinguishes the random suffix of a pod, or of a ReplicaSet
// and its pod, from words without vowels. Most random suffixes have a digit.
func replacePodSuffix(match string) string {
	const minReplicaSet = len("-") + 8
	hasReplicaSet := strings.LastIndexByte(match, '-') >= minReplicaSet
	if match == "-http2" || match == "-html5" || !hasReplicaSet && !strings.ContainsAny(match, digits) {
		return match
	}
	return "-<id>"
}
