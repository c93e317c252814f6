package issue

import (
	"strconv"
	"strings"
	"sync"

	"github.com/strongroom-dev/strongroom/shared/lazyregexp"
)

// wordsBeforeCodes are the words before an underscore and a number that
// identifies a kind of thing, as in http_503, utf_8 and x86_64.
var wordsBeforeCodes = setOf(`http https status code error err errno exit signal sqlstate port utf x86 sha md int uint float ipv base tls ssl
	v version iso es amd arm python pg aes rsa rfc level p ora`)

// setOf returns a function that returns the words of a list. It makes the set at its first
// call, because most commands of the command line need none.
func setOf(list string) func() map[string]bool {
	return sync.OnceValue(func() map[string]bool {
		words := map[string]bool{}
		for word := range strings.FieldsSeq(list) {
			words[word] = true
		}
		return words
	})
}

// idAfterUnderscore are the forms of IDs and times that contain separators.
var idAfterUnderscore = newRuleSet([]rule{
	{`_(?i:[0-9a-f]{8}(?:[-_][0-9a-f]{4}){3}[-_][0-9a-f]{12})`, placeholder("_<id>")},
	{`_(?:19|20)[0-9]{2}[-_]?[01][0-9][-_]?[0-3][0-9](?:[T_-][0-9]{2}[-_:]?[0-9]{2}(?:[-_:]?[0-9]{2})?Z?)?`, placeholder("_<time>")},
})

// idPart matches an ID after an underscore, as in job_8f3a2b1c and worker_3.
func idPart(title string, at int) (size int, replacement string) {
	if size, replacement = idAfterUnderscore.match(title, at); size > 0 && !(at+size < len(title) && isAlphanumeric(title[at+size])) {
		return size, replacement
	}
	segment := title[at+1:][:runLength(title[at+1:], isAlphanumeric)]
	before := title[:at][at-runLengthBefore(title[:at], isAlphanumeric):]
	if id := replaceSegment(strings.ToLower(before), segment); id != segment {
		return 1 + len(segment), "_" + id
	}
	return 0, ""
}

// leadingID matches an ID before an underscore at the start of a word.
func leadingID(title string, at int) (size int, replacement string) {
	segment := title[at:][:runLength(title[at:], isAlphanumeric)]
	if !strings.HasPrefix(title[at+len(segment):], "_") {
		return 0, ""
	}
	if id := replaceSegment("", segment); id != segment {
		return len(segment), id
	}
	return 0, ""
}

// runLengthBefore returns the number of bytes at the end of text that are of a
// kind.
func runLengthBefore(text string, is func(byte) bool) (size int) {
	for size < len(text) && is(text[len(text)-1-size]) {
		size++
	}
	return size
}

// replaceSegment replaces a part of a word between underscores, if it is a
// number or an ID. before is the part before it.
func replaceSegment(before, segment string) string {
	const minHash, minToken = 7, 8
	switch {
	case segment == "":
		return segment
	case strings.Trim(segment, digits) == "":
		if wordsBeforeCodes()[before] {
			return segment
		}
		return "<n>"
	case len(segment) >= minHash && isHexID(segment), len(segment) >= minToken && isMixed(segment):
		return "<id>"
	}
	return segment
}

// base64Length returns the length of the padded base64 text at the start of text,
// or 0 if text begins otherwise, as a path with a setting does: /etc/cart/limits=.
func base64Length(text string) int {
	const minLength = 20
	size := runLength(text, func(c byte) bool { return isAlphanumeric(c) || c == '+' || c == '/' })
	padding := runLength(text[size:], func(c byte) bool { return c == '=' })
	end := size + padding
	if size < minLength || padding == 0 || padding > 2 || end%4 != 0 || end < len(text) && isWord(text[end]) {
		return 0
	}
	changes := 0
	for i := 1; i < size; i++ {
		if kindOf(text[i]) != kindOf(text[i-1]) {
			changes++
		}
	}
	if 3*changes < size {
		return 0
	}
	return end
}

// isMixed reports whether letters and digits alternate at least twice, as in
// 3MtwB7wL. In a name, digits come last.
func isMixed(text string) bool {
	changes := 0
	for i := 1; i < len(text); i++ {
		if isDigit(text[i]) != isDigit(text[i-1]) {
			changes++
		}
	}
	return changes > 2
}

// servicePorts are the ports that identify a service behind a name without dots,
// and those that do so although they are in the ephemeral range.
var servicePorts = setOf(`22 25 53 80 88 110 111 123 143 161 389 443 445 465 514 587 631 636 993 995 1433 1521 1883 2049 2181 2375 2376 2379 2380 2888
	3000 3100 3128 3306 3389 3888 4000 4222 4317 4318 5000 5044 5432 5433 5601 5671 5672 5900 5984 6379 6380 6443 6831 7000 7001 7077 7687 8000 8008
	8080 8081 8082 8086 8088 8089 8090 8125 8161 8200 8300 8443 8500 8501 8600 8761 8765 8888 9000 9001 9042 9080 9090 9091 9092 9093 9094 9100 9121 9153
	9160 9200 9300 9411 9418 9443 9600 10250 10255 10256 10257 10259 11211 11434 15672 16686 26257 26379 27017 28015 50000 50051 50070 61616`)

// sourceFile are the names of files that are followed by the number of a line.
var sourceFile = lazyregexp.New(`(?i:\.(?:go|py|js|ts|tsx|java|rb|rs|c|h|cc|cpp|php|sh|ya?ml|json|tf|sql|kt|cs|scala|conf|log|robot|xml|toml|ini))$`)

// versionTag is the tag of an image or of a package.
var versionTag = lazyregexp.New(`^:v?[0-9]+\.[0-9]+(?:\.[0-9]+)?(?:[-+._][0-9A-Za-z.-]+)?\b`)

// portPart matches the port or the tag after a name and a colon.
func portPart(title string, at int) (size int, replacement string) {
	number := title[at+1:][:runLength(title[at+1:], isDigit)]
	rest := title[at+1+len(number):]
	host := title[:at][at-runLengthBefore(title[:at], isHost):]
	if host == "" || number == "" && !strings.HasPrefix(rest, "v") {
		return 0, ""
	}
	if tag := versionTag.FindString(title[at:]); strings.Count(tag, ".") > 1 || tag != "" && (strings.Contains(host, "/") || isQuoted(title, at-len(host), at+len(tag))) {
		return len(tag), tag
	}
	const minPort, maxPort = 2, 5 // digits
	if len(number) < minPort || len(number) > maxPort || rest != "" && isWord(rest[0]) || len(rest) > 1 && rest[0] == '.' && isDigit(rest[1]) {
		return 0, ""
	}
	hasLetter := strings.ContainsAny(host, letters)
	switch {
	case sourceFile.MatchString(host), !hasLetter && !strings.ContainsAny(host, ".]"):
		return 0, ""
	case !strings.ContainsAny(host, ".]") && host != "localhost" && !servicePorts()[number]:
		return 0, ""
	}
	return 1 + len(number), ":" + port(number)
}

// isQuoted reports whether quotes surround title[start:end], as in "nginx:1.27".
func isQuoted(title string, start, end int) bool {
	return start > 0 && end < len(title) && title[start-1] == title[end] && strings.IndexByte("\"'`", title[end]) >= 0
}

// isHost reports whether c may be before the colon of a port.
func isHost(c byte) bool { return isWord(c) || c == '.' || c == '-' || c == ']' || c == '/' }

// replacePort replaces the number at the end of match if it is an ephemeral port.
func replacePort(match string) string {
	name := strings.TrimRight(match, digits)
	return name + port(match[len(name):])
}

// minEphemeral is the first port that Linux assigns by itself:
// docs.kernel.org/networking/ip-sysctl.html (ip_local_port_range).
const minEphemeral = 32768

// port returns a service's port unchanged, and a placeholder for an ephemeral one.
func port(number string) string {
	if n, err := strconv.Atoi(number); err == nil && n >= minEphemeral && !servicePorts()[number] {
		return "<port>"
	}
	return number
}

// verbs are singular for plural verbs, in titles that have an amount.
var verbs = map[string]string{
	"are": "is", "were": "was", "have": "has", "do": "does",
	"aren't": "isn't", "weren't": "wasn't", "haven't": "hasn't", "don't": "doesn't",
}

// noNouns are words after which no noun belongs to the amount before them.
var noNouns = setOf("is was has does isn't wasn't hasn't doesn't in on at for from with to by after since and or")

// singular makes "1 replica is" and "3 replicas are" the same.
func singular(normal string) string {
	if !strings.Contains(normal, "<n>") {
		return normal
	}
	const maxNouns = 3 // words after an amount, as in "3 unhealthy cart replicas"
	words, nouns := strings.Split(normal, " "), 0
	for i, word := range words {
		if verb, ok := verbs[word]; ok {
			words[i], word = verb, verb
		}
		switch {
		case strings.Contains(word, "<n>"):
			nouns = maxNouns
		case noNouns()[word]:
			nouns = 0
		case nouns > 0:
			words[i] = singularNoun(word)
			nouns--
		}
	}
	return strings.Join(words, " ")
}

// singularNoun returns a form that the singular and the plural of a word share.
// It need not be a word.
func singularNoun(word string) string {
	noun := strings.TrimRight(word, ",.;:!")
	end := word[len(noun):]
	noun = strings.TrimSuffix(strings.TrimSuffix(noun, "(s)"), "(es)")
	if strings.Trim(noun, letters) != "" {
		return word
	}
	switch {
	case strings.HasSuffix(noun, "ies"):
		noun = strings.TrimSuffix(noun, "ies") + "y"
	case strings.HasSuffix(noun, "ss"), strings.HasSuffix(noun, "us"), strings.HasSuffix(noun, "is"):
	default:
		noun = strings.TrimSuffix(noun, "s")
	}
	for _, sibilant := range []string{"ch", "sh", "x", "z", "ss", "us"} {
		if strings.HasSuffix(noun, sibilant+"e") {
			noun = strings.TrimSuffix(noun, "e")
		}
	}
	return noun + end
}
