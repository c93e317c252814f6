package findings

import (
	"math"
	"strings"

	"github.com/strongroom-dev/strongroom/shared/configtree"
	"github.com/strongroom-dev/strongroom/shared/lazyregexp"
)

// contextRule finds a value by its field, or by the name of its variable.
type contextRule struct {
	name  string
	kind  Kind
	found func(configtree.Value) bool
}

// contextRules are tried in this order. The first that applies is the finding.
var contextRules = []contextRule{
	{"secret-value", Secret, isSecretValue},
	{"secret-reference", Secret, isNoReference},
	{"secret-name", Secret, isSecretByName},
	{"entropy", Secret, isRandomValue},
	{"label", Personal, isLabel},
}

// ruleKinds has the kind of every rule.
var ruleKinds = func() map[string]Kind {
	kinds := map[string]Kind{}
	for _, r := range tokenRules {
		kinds[r.name] = r.kind
	}
	for _, r := range contextRules {
		kinds[r.name] = r.kind
	}
	return kinds
}()

func byContext(v configtree.Value) (contextRule, bool) {
	if v.Key == "" || v.Text == "" {
		return contextRule{}, false
	}
	for _, r := range contextRules {
		if r.found(v) {
			return r, true
		}
	}
	return contextRule{}, false
}

// isSecretValue finds a value where only a reference belongs. An Amazon role's name is no
// secret; the generators write it there.
func isSecretValue(v configtree.Value) bool {
	return v.Key == "value" && strings.Contains(v.Field, "secretsProvided[") && !strings.HasPrefix(v.Text, "arn:aws") && !isPlaceholder(v.Text)
}

// reference is the form of a workspaceKey: a name, or a provider with a path, such as
// k8s:file@secret/NAME:KEY, azure:sp@… and vault@path.
var reference = lazyregexp.New(`^(?:[a-z0-9]{2,12}(?::[a-z]{2,20})?@[A-Za-z0-9_./:\-{}$]{1,300}|[A-Za-z][A-Za-z0-9_.-]{0,60})$`)

func isNoReference(v configtree.Value) bool {
	return v.Key == "workspaceKey" && (!reference.MatchString(v.Text) || isRandom(v.Text))
}

// secretName matches names of variables and fields that hold a secret.
var secretName = lazyregexp.New(`(?i)(?:^|[_.\-])(?:pass(?:word|wd|phrase)?|pwd|secret|token|credentials?|api[_-]?key|apikey|access[_-]?key|private[_-]?key|privatekey|client[_-]?secret|auth[_-]?(?:key|token|header)|ssh[_-]?key|signing[_-]?key|encryption[_-]?key|sas)(?:[_.\-]?(?:value|b64|base64|data))?$`)

// camelCase separates the words of a name such as clientSecret.
var camelCase = lazyregexp.New(`([a-z0-9])([A-Z])`)

func isSecretByName(v configtree.Value) bool {
	name := v.Key
	if v.Key == "value" || v.Key == "default" || v.Key == "example" {
		name = v.Name
	}
	return secretName.MatchString(camelCase.ReplaceAllString(name, "${1}_${2}")) && isSecretText(v.Text)
}

// isSecretText reports whether a text can be a secret, and not a name, a reference or a
// setting.
func isSecretText(text string) bool {
	return isLiteral(text) && len(text) >= 6 && !plainWord.MatchString(text) && !location.MatchString(text)
}

// plainWord is a word or a name of words, as in token: kubeconfig. A password that is only
// a word of a dictionary looks the same, so it is not found.
var plainWord = lazyregexp.New(`^(?:[A-Za-z]+(?:[-_ .][A-Za-z]+)*[0-9]{0,2}|[0-9]{1,6}|true|false|null|none)$`)

// location is a path, a URL without a password, a resource of a cloud, or a reference.
var location = lazyregexp.New(`^(?:/[A-Za-z0-9_./-]+|\.{1,2}/.*|[a-z][a-z0-9+.-]+://[^@\s]+|arn:aws[a-z-]*:[^\s]+|projects/[^\s]+|[a-z0-9]{2,12}(?::[a-z]{2,20})?@[A-Za-z0-9_./:-]+)$`)

// isLiteral reports whether a text is not a placeholder.
func isLiteral(text string) bool { return !isPlaceholder(text) }

// placeholder matches a text that is replaced later: ${X}, $X, {{ x }}, <x>, %x%, ****, xxxx.
var placeholder = lazyregexp.New(`^(?:\$\{?[A-Za-z_][\w.:-]*\}?|\$\([^)]*\)|\{\{.*\}\}|\{[A-Za-z_]\w*\}|<[^<>]*>|%[A-Za-z_]+%|[*xX.•_-]{3,}|(?i:changeme|change-me|redacted|\[redacted\]|example|password|secret|token|your[-_].*|my[-_]?(?:password|secret|token)))$`)

func isPlaceholder(text string) bool { return placeholder.MatchString(strings.TrimSpace(text)) }

// randomText is what a key can consist of.
var randomText = lazyregexp.New(`[A-Za-z0-9+/_=-]{20,}`)

// isRandomValue finds a random text in a value. A name or a description is no place where a
// generator writes one.
func isRandomValue(v configtree.Value) bool {
	if v.Key != "value" || strings.Contains(v.Field, "tags[") || idName.MatchString(v.Name) {
		return false
	}
	for _, text := range randomText.FindAllString(v.Text, 50) {
		if isRandom(text) {
			return true
		}
	}
	return false
}

// idName matches names of variables whose values look random and are no secrets.
var idName = lazyregexp.New(`(?i)(?:^|_)(?:id|ids|uuid|guid|arn|digest|sha|sha256|commit|ref|hash|checksum|fingerprint|image)$`)

// uuidOrHash are texts that look random and are names: UUIDs, and image digests.
var uuidOrHash = lazyregexp.New(`(?i)^(?:[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})$`)

// isRandom reports whether a text has the entropy of a key: random letters of both cases
// and digits, or a long run of hexadecimal digits.
func isRandom(text string) bool {
	if len(text) < 20 || uuidOrHash.MatchString(text) {
		return false
	}
	kinds := 0
	for _, class := range []string{"abcdefghijklmnopqrstuvwxyz", "ABCDEFGHIJKLMNOPQRSTUVWXYZ", "0123456789"} {
		if strings.ContainsAny(text, class) {
			kinds++
		}
	}
	bits := entropy(text)
	if hexText.MatchString(text) {
		return len(text) >= 32 && bits >= 3
	}
	return kinds == 3 && bits >= 3.9 && digitRuns.MatchString(text) && !wordy(text)
}

var (
	hexText   = lazyregexp.New(`^[0-9a-f]+$|^[0-9A-F]+$`)
	digitRuns = lazyregexp.New(`[0-9]`)
)

// wordy reports whether most of a text is words: parts of four or more letters with a vowel
// in one case, as in my-Cluster-europe-west3-2.
func wordy(text string) bool {
	letters := 0
	for _, word := range words.FindAllString(text, -1) {
		if strings.ContainsAny(strings.ToLower(word), "aeiou") {
			letters += len(word)
		}
	}
	return 2*letters > len(text)
}

var words = lazyregexp.New(`[A-Z]?[a-z]{3,}|[A-Z]{4,}`)

// entropy returns the Shannon entropy of a text, in bits for each character.
func entropy(text string) (bits float64) {
	counts := [256]float64{}
	for i := range len(text) {
		counts[text[i]]++
	}
	for _, n := range counts {
		if n > 0 {
			p := n / float64(len(text))
			bits -= p * math.Log2(p)
		}
	}
	return bits
}

// isLabel finds a label of a Kubernetes resource or a tag of a cloud resource, which the
// generators copy: their values are whatever somebody wrote.
func isLabel(v configtree.Value) bool {
	if v.Key != "value" || !strings.Contains(v.Field, "tags[") {
		return false
	}
	source, label, ok := strings.Cut(strings.TrimPrefix(v.Name, "["), "]")
	return ok && strings.HasPrefix(v.Name, "[") && (source == "k8s" || source == "aws" || source == "azure" || source == "gcp") && !structural[label]
}

// structural are labels that say what a resource is, and that the cluster or the generator
// sets.
var structural = map[string]bool{
	"app.kubernetes.io/name": true, "app.kubernetes.io/component": true, "app.kubernetes.io/part-of": true,
	"app.kubernetes.io/managed-by": true, "app.kubernetes.io/version": true, "kubernetes.io/metadata.name": true,
	"topology.kubernetes.io/region": true, "topology.kubernetes.io/zone": true, "kubernetes.io/arch": true, "kubernetes.io/os": true,
}
