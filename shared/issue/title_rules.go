package issue

import (
	"strconv"
	"strings"

	"github.com/strongroom-dev/strongroom/shared/lazyregexp"
)

// rule is a pattern of something that varies, or of something that looks similar
// and must stay.
type rule struct {
	pattern string
	replace func(match string) string // returns match if it must stay
}

// ruleSet is a list of rules that one expression tries together, because that is
// faster.
type ruleSet struct {
	rules   []rule
	pattern *lazyregexp.Regexp // has one group for each rule
}

func newRuleSet(rules []rule) ruleSet {
	var patterns []string
	for _, r := range rules {
		patterns = append(patterns, "("+r.pattern+")")
	}
	return ruleSet{rules, lazyregexp.New("^(?:" + strings.Join(patterns, "|") + ")")}
}

const (
	// random are the characters of the random suffixes of Kubernetes names:
	// pkg.go.dev/k8s.io/apimachinery/pkg/util/rand#String.
	random = `[bcdfghjklmnpqrstvwxz2456789]`

	amount = `[0-9]+(?:[.,_][0-9]+)*(?:[eE][+-]?[0-9]+)?`
	unit   = `(?:[nuµμm]?s|[mhdwyx]|st|nd|rd|th|` +
		`[kmgtp]i?b(?:its?)?(?:ps|/s(?:ec)?)?|[kmgtp]i?|b|(?:kilo|mega|giga|tera|[kmgt]i?)?bytes?(?:/s(?:ec)?)?|` +
		`[mu]?cores?|v?m?cpus?|percent|[kmg]?hz|(?:req|requests|msgs?|ops|rows)/s(?:ec)?|[rqt]ps|iops)`

	// An age is one or more spans of time: 5m32s, 2d 3h, 1 hour and 5 minutes.
	shortSpan = `[0-9]+(?:\.[0-9]+)?(?:[nuµμm]?s|mo|[mhdwy])`
	longSpan  = `[0-9]+(?:\.[0-9]+)? ?(?:(?:milli|micro|nano)?sec(?:ond)?|min(?:ute)?|hr|hour|day|week|wk|month|year|yr)(?:s|\(s\))?`
	age       = `(?:(?:` + shortSpan + `)+\b|` + longSpan + `\b)`
	ages      = `(?i:` + age + `(?:(?:, and |,? and |, ?| ?)` + age + `)*(?:, [0-9]{1,2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]+)?)?)`

	zone    = `(?: ?(?:Z|UTC|GMT|[ECMP][SD]T|CES?T|BST|JST)\b| ?[+-][0-9]{2}:?[0-9]{2}\b)?`
	clock   = `[0-9]{1,2}:[0-9]{2}(?::[0-9]{2}(?:[.,][0-9]+)?)?(?: ?(?i:[ap]m)\b)?` + zone
	month   = `(?i:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)`
	weekday = `(?i:(?:mon|tues?|wed(?:nes)?|thu(?:rs?)?|fri|sat(?:ur)?|sun)(?:day)?)`
	// A date is followed by a time of day, or not.
	timeOfDay = `(?:[T :,_-]{1,2}(?:at )?` + clock + `(?: [0-9]{4}\b)?)?\b`
	day       = `[0-9]{1,2}(?:st|nd|rd|th)?`
)

// wordRules apply at the start of a word. The first rule that matches counts.
var wordRules = newRuleSet([]rule{
	{`[A-Z]{2,8}-[0-9]+(?:-[0-9]+)*\b`, keep}, // CVE-2026-12345, ORA-00942

	// Codes. A port is service:443, or replaced if it is ephemeral.
	{`(?i:https?(?:/[0-9.]+)?(?: status)?(?: code)?[ :=-]{1,2}[1-5][0-9]{2})\b`, keep},
	{`[1-5][0-9]{2} (?i:ok|moved|bad request|unauthorized|forbidden|not found|method not|request time-?out|conflict|gone|too many requests|` +
		`unprocessable|internal server|not implemented|bad gateway|service (?:temporarily )?unavailable|gateway time-?out)\b`, keep},
	{`(?i:(?:return(?:ed|s|ing)?|got|received|respon(?:ded|se|ds)(?: with)?|answer(?:ed|s)(?: with)?|repl(?:ied|ies)(?: with)?|failed with)[ :=]{1,2}(?:HTTP )?(?:4[0-9]{2}|5[0-3][0-9]))\b`, keep},
	{`(?i:exit(?:ed|s)?(?: with)?(?:[ _-]?(?:code|status|value))?[ :=(-]{1,3}[0-9]+)\b`, keep},
	{`(?i:sqlstate[ :=\[(]{1,3}[0-9a-z]{5}\b(?:\]?:? ?(?:[a-z ]{0,40} )?\[[0-9]+\])?)`, keep},
	{`(?i:error [0-9]{3,5} \([0-9a-z]{5}\))`, keep},                                            // MySQL
	{`(?i:(?:ppid|pid|tid|xid|process|thread|transaction)[ :=#]{1,2}[0-9]+)\b`, replaceNumber}, // not a SQLSTATE
	{`(?:08|22|23|25|28|40|42|53|54|55|57|58)[0-9]{3}[)\]]`, keep},
	{`(?i:curl: \([0-9]+\))`, keep},
	{`(?i:error:? [0-9]{3,5}(?:[,.:)]|$| \())`, keep}, // SQL Server
	{`(?i:(?:(?:status|error|return|result|reason|grpc|response|os)[ _-]?)?(?:code|status|errno|error)(?: of| is)?[ :=#("'-]{1,3}[0-9]+(?:\.[0-9]+)*)\b`, keepCode},
	{`(?i:(?:rc|sqlcode|signal|tls|ssl|version|release)[ :=]{1,2}-?[0-9]+(?:\.[0-9]+)*)\b`, keep},
	{`(?i:ports?[ :=]{1,2}[0-9]+)\b`, replacePort},
	{`(?i:(?:tcp|udp|sctp)[/:][0-9]{1,5})\b`, replacePort},
	{`(?i:[0-9]{1,5}/(?:tcp|udp|sctp))\b`, keep},
	{`(?i:(?:north|south|east|west|central)-[0-9])\b`, keep}, // us-east-1
	{`(?i:0x[8c]0[0-9a-f]{6})\b`, keep},                      // error codes of Windows

	// Versions.
	{`(?i:v[0-9]+(?:\.[0-9]+)+(?:[-+][0-9a-z.-]+)?)\b`, keep}, // v1.29.3
	{`(?i:[a-z]+[0-9]+(?:\.[0-9]+)+)\b`, keep},                // TLSv1.2, python3.12
	{`(?i:https?/[0-9](?:\.[0-9])?)\b`, keep},
	{`(?i:(?:postgres(?:ql)?|mysql|mariadb|java|jdk|openjdk|php|ubuntu|debian|rhel|centos|node\.?js|python|windows server)[ /-]v?[0-9]+(?:\.[0-9]+)*)\b`, keep},
	{`(?i:(?:kubernetes|k8s|ruby|go|golang|redis|mongo(?:db)?|elasticsearch|opensearch|nginx|kafka|dotnet|terraform|helm|etcd|docker|containerd|openssl|alpine|envoy|istio|api|sdk)[ /-]v?[0-9]+(?:\.[0-9]+)+)\b`, keep},

	// IDs with a name.
	{`(?i:(?:request|trace|correlation|session|span|transaction|txn|job|message|event|operation|invocation|execution)[ _-]?id[ :=#"'(]{1,3}[0-9a-z][0-9a-z_-]{3,})\b`, replaceNamedID},
	{`(?i:[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\b`, placeholder("<id>")},

	// Times. The address of an interface looks like two of them.
	{`(?i:(?:[0-9a-f]{2}:){5}[0-9a-f]{2})\b`, placeholder("<mac>")},
	{`datetime\.datetime\([^)]*\)`, placeholder("<time>")},
	{`[0-9]{4}[-/][0-9]{1,2}[-/][0-9]{1,2}` + timeOfDay, placeholder("<time>")},
	{`(?:19|20)[0-9]{2}\.[01][0-9]\.[0-3][0-9]\b`, placeholder("<time>")}, // a daily index
	{`(?:19|20)[0-9]{6}[T_-][0-9]{4,6}(?:\.[0-9]+)?Z?\b`, placeholder("<time>")},
	{`[0-9]{1,2}\.[0-9]{1,2}\.(?:19|20)[0-9]{2}` + timeOfDay, placeholder("<time>")},
	{`[0-9]{1,2}/[0-9]{1,2}/(?:[0-9]{4}|[0-9]{2})` + timeOfDay, placeholder("<time>")},
	{`(?:` + weekday + `,? )?` + day + `[ ./-]{1,2}` + month + `(?:[ ,./-]{1,2}[0-9]{4})?` + timeOfDay, placeholder("<time>")},
	{`(?:` + weekday + `,? )?` + month + `\.? ` + day + `(?:,? [0-9]{4}\b)?` + timeOfDay, placeholder("<time>")},
	{`[IWEF][01][0-9][0-3][0-9] ` + clock + `\b`, placeholder("<time>")}, // klog
	{clock + `\b`, placeholder("<time>")},
	{`P(?:[0-9]+[YMWD])+(?:T(?:[0-9.]+[HMS])+)?\b`, placeholder("<n>")},
	{`PT(?:[0-9]+(?:\.[0-9]+)?[HMS])+\b`, placeholder("<n>")},

	// Addresses. The port is a part of its own.
	{`[0-9]{1,3}(?:\.[0-9]{1,3}){3}(?:/[0-9]{1,2})?\b`, placeholder("<ip>")},
	{`(?i:(?:[0-9a-f]{1,4}:){2,7}(?::?[0-9a-f]{1,4})+)\b`, placeholder("<ip>")},
	{`(?i:(?:[0-9a-f]{1,4}:){1,6}(?::[0-9a-f]{1,4})+)\b`, placeholder("<ip>")},

	// Hashes.
	{`(?i:sha(?:1|256|512)[:=-][0-9a-f]{7,})\b`, placeholder("<id>")},
	{`(?i:0x[0-9a-f]+)\b`, placeholder("<id>")},
	{`vmss[0-9a-z]{6}\b`, placeholder("vmss<id>")}, // AKS nodes
	{`tmp(?:[0-9a-z_]{8}|\.[0-9A-Za-z]{6,12})\b`, replaceTemporary},
	{`(?i:[0-9a-f]{7,})\b`, replaceHex},
	{`[A-Za-z0-9]{16,}\b`, replaceToken},
	{`[a-z]+[0-9]{6,}\b`, replaceNumber},

	{`x[0-9]+ over `, placeholder("x<n> over ")}, // how often Kubernetes saw an event
	{ages, placeholder("<n>")},
	{`[0-9]+\.[0-9]+\.[0-9]+(?:[-+][0-9A-Za-z.-]+)?\b`, replaceDotted},
	{amount + `(?: ?%| ?(?i:` + unit + `)\b|\b)`, placeholder("<n>")},
})

// suffixRules apply at a hyphen. The first rule that matches counts.
var suffixRules = newRuleSet([]rule{
	{`-(?i:[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\b`, placeholder("-<id>")},
	{`-[0-9a-f]{8}-[a-z0-9]{4}\b`, placeholder("-<id>")}, // GKE nodes
	{`-[0-9]{5}-[a-z]{3}\b`, placeholder("-<id>")},       // revisions of Cloud Run
	{`-` + random + `{6,10}-` + random + `{5}\b`, replacePodSuffix},
	{`-` + random + `{5}\b`, replacePodSuffix},
})

// leadingLetters are the first three letters of the words without digits with
// which a rule's pattern starts, or all of a shorter word.
var leadingLetters = setOf(`
	htt sta cod por err os ose oss osc sig tls ssl ver rel nor sou eas wes cen cur rc sql exi tcp udp sct ret got rec res ans rep fai grp rea
	pos mys mar jav jdk ope php ubu deb rhe cen nod pyt win kub rub go gol red mon ela ngi kaf dot ter hel etc doc con alp env ist api sdk
	pid ppi tid xid pro thr
	req tra cor ses spa txn job mes eve inv exe tmp dat tue wed thu fri sat sun jan feb mar apr may jun jul aug sep oct nov dec`)

func keep(match string) string { return match }

func placeholder(text string) func(string) string {
	return func(string) string { return text }
}

const (
	digits  = "0123456789"
	letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
)

// keepCode keeps a code. "Error: 12 pods failed" has no code: a short number
// after "error" is an amount.
func keepCode(match string) string {
	number := strings.TrimLeft(match, letters+` _-:=#("'`)
	name := strings.ToLower(match[:len(match)-len(number)])
	const minError = 4 // digits
	if strings.HasPrefix(name, "error:") && len(number) < minError {
		if status, err := strconv.Atoi(number); err != nil || status < 400 || status > 599 {
			return match[:len(match)-len(number)] + "<n>"
		}
	}
	return match
}

// replaceNamedID replaces the ID after its name.
func replaceNamedID(match string) string {
	id := strings.LastIndexAny(match, " :=#\"'(") + 1
	if !strings.ContainsAny(match[id:], digits) {
		return match
	}
	return match[:id] + "<id>"
}

// isHexID reports whether text is a hash, and neither a number nor a word like
// "facade".
func isHexID(text string) bool {
	return strings.Trim(strings.ToLower(text), digits+"abcdef") == "" &&
		strings.ContainsAny(text, letters) && strings.ContainsAny(text, digits)
}

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

// replaceTemporary replaces the random part of a temporary file.
func replaceTemporary(match string) string {
	if !strings.ContainsAny(match, digits+"_") {
		return match
	}
	if strings.HasPrefix(match, "tmp.") {
		return "tmp.<id>"
	}
	return "tmp<id>"
}

// replaceNumber replaces a long number at the end of a word.
func replaceNumber(match string) string { return strings.TrimRight(match, digits) + "<n>" }

// replaceDotted distinguishes a version, such as 1.29.3, from a number whose
// thousands are separated by dots.
func replaceDotted(match string) string {
	for _, group := range strings.Split(match, ".")[1:] {
		if len(group) != 3 || strings.Trim(group, digits) != "" {
			return match
		}
	}
	return "<n>"
}

// replaceToken distinguishes a random text from a long word or name. A random
// text has several digits, or changes between digits, upper and lower case at
// about every second character.
func replaceToken(match string) string {
	const minLength, minDigits = 20, 3
	count, changes := 0, 0
	for i := range len(match) {
		if isDigit(match[i]) {
			count++
		}
		if i > 0 && kindOf(match[i]) != kindOf(match[i-1]) {
			changes++
		}
	}
	if len(match) >= minLength && count >= minDigits || count > 0 && 2*changes >= len(match) {
		return "<id>"
	}
	return match
}

// kindOf distinguishes digits, upper case and lower case.
func kindOf(c byte) byte {
	switch {
	case isDigit(c):
		return '0'
	case 'A' <= c && c <= 'Z':
		return 'A'
	}
	return 'a'
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
