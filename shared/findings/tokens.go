package findings

import (
	"encoding/base64"
	"iter"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/strongroom-dev/strongroom/shared/lazyregexp"
)

// maxDecodes is how often base64 in base64 is decoded.
const maxDecodes = 2

// tokenRule finds a secret by its own form.
type tokenRule struct {
	name  string
	kind  Kind
	hint  string   // a text that every match has, in lowercase
	exact []string // every match has one of these texts; nil: the hint is enough
	match *lazyregexp.Regexp
	value int                    // the group that has the secret; 0: the whole match
	check func(text string) bool // nil: every match counts
}

// tokenRules are the forms that the issuers document. Each has a prefix or a shape that
// ordinary text does not have, so they apply everywhere.
var tokenRules = []tokenRule{
	{name: "private-key", kind: Secret, hint: "private key", match: lazyregexp.New(`-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY( BLOCK)?-----`)},
	{name: "age-secret-key", kind: Secret, hint: "age-secret-key-1", match: lazyregexp.New(`(?i)AGE-SECRET-KEY-1[0-9a-z]{20,}`)},
	{name: "jwt", kind: Secret, hint: "eyj", exact: []string{"eyJ"}, match: lazyregexp.New(`\beyJ[A-Za-z0-9_-]{8,}\.eyJ[A-Za-z0-9_-]{4,}\.[A-Za-z0-9_-]*`)},
	{name: "aws-access-key", kind: Secret, hint: "a", exact: []string{"AKIA", "ASIA", "ABIA", "ACCA"}, match: lazyregexp.New(`\b(?:AKIA|ASIA|ABIA|ACCA)[A-Z2-7]{16}\b`)},
	{name: "google-api-key", kind: Secret, hint: "aiza", match: lazyregexp.New(`\bAIza[0-9A-Za-z_-]{35}`)},
	{name: "google-oauth-secret", kind: Secret, hint: "gocspx-", match: lazyregexp.New(`\bGOCSPX-[0-9A-Za-z_-]{20,}`)},
	{name: "google-access-token", kind: Secret, hint: "ya29.", match: lazyregexp.New(`\bya29\.[0-9A-Za-z_-]{20,}`)},
	{name: "azure-account-key", kind: Secret, hint: "key=", match: lazyregexp.New(`(?i)(?:AccountKey|SharedAccessKey)=([A-Za-z0-9+/]{32,}={0,2})`), value: 1},
	{name: "azure-client-secret", kind: Secret, hint: "q~", match: lazyregexp.New(`\b[A-Za-z0-9_~.-]{3}[78]Q~[A-Za-z0-9_~.-]{31,34}`)},
	{name: "signed-url", kind: Secret, hint: "sig", match: lazyregexp.New(`(?i)[?&](?:sig|signature|x-amz-signature|x-goog-signature)=[0-9a-z%/+_-]{16,}`)},
	{name: "github-token", kind: Secret, hint: "_", exact: []string{"ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_"}, match: lazyregexp.New(`\b(?:gh[pousr]_[0-9A-Za-z]{36,}|github_pat_[0-9A-Za-z_]{50,})`)},
	{name: "gitlab-token", kind: Secret, hint: "gl", exact: []string{"glpat-", "gldt-", "glrt-", "glcbt-", "glptt-", "glft-", "glsoat-"}, match: lazyregexp.New(`\b(?:glpat|gldt|glrt|glcbt|glptt|glft|glsoat)-[0-9A-Za-z_-]{20,}`)},
	{name: "slack-token", kind: Secret, hint: "xox", match: lazyregexp.New(`\bxox[abeoprs]-[0-9A-Za-z-]{10,}`)},
	{name: "slack-app-token", kind: Secret, hint: "xapp-", match: lazyregexp.New(`\bxapp-[0-9]-[0-9A-Za-z-]{10,}`)},
	{name: "webhook-url", kind: Secret, hint: "hooks", match: lazyregexp.New(`https://(?:hooks\.slack\.com/(?:services|workflows|triggers)/|discord(?:app)?\.com/api/webhooks/|[a-z0-9-]+\.webhook\.office\.com/)[A-Za-z0-9/_@.-]{20,}`)},
	{name: "stripe-key", kind: Secret, hint: "k_", exact: []string{"k_live_", "k_test_", "k_prod_"}, match: lazyregexp.New(`\b[sr]k_(?:live|test|prod)_[0-9A-Za-z]{16,}`)},
	{name: "twilio-key", kind: Secret, hint: "sk", exact: []string{"SK"}, match: lazyregexp.New(`\bSK[0-9a-f]{32}\b`)},
	{name: "sendgrid-key", kind: Secret, hint: "sg.", match: lazyregexp.New(`\bSG\.[0-9A-Za-z_-]{16,}\.[0-9A-Za-z_-]{16,}`)},
	{name: "npm-token", kind: Secret, hint: "npm_", match: lazyregexp.New(`\bnpm_[0-9A-Za-z]{36}`)},
	{name: "pypi-token", kind: Secret, hint: "pypi-", match: lazyregexp.New(`\bpypi-AgE[0-9A-Za-z_-]{40,}`)},
	{name: "docker-token", kind: Secret, hint: "dckr_", match: lazyregexp.New(`\bdckr_[po]at_[0-9A-Za-z_-]{20,}`)},
	{name: "vault-token", kind: Secret, hint: "hv", exact: []string{"hvs.", "hvb.", "hvr."}, match: lazyregexp.New(`\bhv[sbr]\.[0-9A-Za-z_-]{20,}`)},
	{name: "terraform-token", kind: Secret, hint: ".atlasv1.", match: lazyregexp.New(`\b[0-9A-Za-z]{14}\.atlasv1\.[0-9A-Za-z_=-]{40,}`)},
	{name: "databricks-token", kind: Secret, hint: "dapi", match: lazyregexp.New(`\bdapi[0-9a-f]{32}`)},
	{name: "digitalocean-token", kind: Secret, hint: "do", exact: []string{"doo_v1_", "dop_v1_", "dor_v1_"}, match: lazyregexp.New(`\bdo[opr]_v1_[0-9a-f]{64}`)},
	{name: "grafana-token", kind: Secret, hint: "gl", exact: []string{"glsa_", "glc_"}, match: lazyregexp.New(`\bgl(?:sa_[0-9A-Za-z]{32}_[0-9a-f]{8}|c_[0-9A-Za-z+/=]{32,})`)},
	{name: "new-relic-key", kind: Secret, hint: "nra", exact: []string{"NRAK-", "NRAL-", "NRAM-", "NRAP-"}, match: lazyregexp.New(`\bNRA[KLMP]-[0-9A-Za-z]{20,}`)},
	{name: "openai-key", kind: Secret, hint: "sk-", match: lazyregexp.New(`\bsk-(?:proj-|svcacct-|admin-)?[0-9A-Za-z_-]{32,}`)},
	{name: "anthropic-key", kind: Secret, hint: "sk-ant-", match: lazyregexp.New(`\bsk-ant-[0-9A-Za-z_-]{20,}`)},
	{name: "hugging-face-token", kind: Secret, hint: "hf_", match: lazyregexp.New(`\bhf_[0-9A-Za-z]{30,}`)},
	{name: "shopify-token", kind: Secret, hint: "shp", exact: []string{"shpat_", "shpca_", "shppa_", "shpss_"}, match: lazyregexp.New(`\bshp(?:at|ca|pa|ss)_[0-9a-fA-F]{32}`)},
	{name: "atlassian-token", kind: Secret, hint: "at", exact: []string{"ATATT", "ATCTT", "ATBB"}, match: lazyregexp.New(`\bAT(?:ATT|CTT|BB)[0-9A-Za-z_=-]{20,}`)},
	{name: "linear-token", kind: Secret, hint: "lin_", match: lazyregexp.New(`\blin_(?:api|oauth)_[0-9A-Za-z]{32,}`)},
	{name: "telegram-token", kind: Secret, hint: ":aa", match: lazyregexp.New(`\b[0-9]{8,10}:AA[0-9A-Za-z_-]{33}`)},
	{name: "url-password", kind: Secret, hint: "://", match: lazyregexp.New(`\b[a-zA-Z][a-zA-Z0-9+.-]{1,20}://[^\s/:@'"]{0,100}:([^\s/@'"]{1,200})@`), value: 1, check: isLiteral},
	{name: "authorization", kind: Secret, hint: "authorization", match: lazyregexp.New(`(?i)\bauthorization["']?\s*[:=]\s*["']?(?:bearer|basic|token|apikey)\s+([0-9A-Za-z+/=_.~-]{8,})`), value: 1, check: isLiteral},
	{name: "password", kind: Secret, hint: "=", match: lazyregexp.New(`(?i)\b(?:[a-z0-9_.-]{0,40}(?:password|passwd|pwd|secret|token|api_?key|access_?key|private_?key|passphrase))["']?\s*[=]\s*["']?([^\s"';&,]{6,200})`), value: 1, check: isSecretText},
	{name: "email", kind: Personal, hint: "@", match: lazyregexp.New(`[A-Za-z0-9._%+-]{1,64}@[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63}){0,5}\.[A-Za-z]{2,24}\b`)},
}

// maxEncoded limits how many parts of a text are decoded.
const maxEncoded = 200

// base64Texts returns what may be base64: 24 or more characters of both alphabets, with or
// without padding.
func base64Texts(text string) iter.Seq[string] {
	return func(yield func(string) bool) {
		found := 0
		for at := 0; at < len(text) && found < maxEncoded; {
			end := at
			for end < len(text) && inBase64[text[end]] {
				end++
			}
			length := end - at
			for padding := 0; length >= 24 && padding < 2 && end < len(text) && text[end] == '='; padding++ {
				end++
			}
			if length >= 24 {
				if found++; !yield(text[at:end]) {
					return
				}
			}
			at = max(end, at+1)
		}
	}
}

// inBase64 says which bytes are in one of the alphabets.
var inBase64 = func() (in [256]bool) {
	for _, c := range "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/_-" {
		in[c] = true
	}
	return in
}()

// tokens applies tokenRules to a text, and to what its base64 decodes to.
func (s *scan) tokens(at Finding, text string, decodes int) {
	lower := strings.ToLower(text)
	for _, rule := range tokenRules {
		if !rule.mayMatch(text, lower) {
			continue
		}
		for _, groups := range rule.match.FindAllStringSubmatch(text, 20) {
			if rule.check == nil || rule.check(groups[rule.value]) {
				at.Rule, at.Kind, at.Excerpt = rule.name, rule.kind, Mask(groups[rule.value])
				s.add(at)
				break
			}
		}
	}
	if decodes == 0 || len(text) < 24 {
		return
	}
	for encoded := range base64Texts(text) {
		if decoded, ok := decode(encoded); ok {
			s.tokens(at, decoded, decodes-1)
		}
	}
}

// mayMatch is much faster than the regular expression, which few texts match.
func (r tokenRule) mayMatch(text, lower string) bool {
	if !strings.Contains(lower, r.hint) {
		return false
	}
	return r.exact == nil || slices.ContainsFunc(r.exact, func(exact string) bool { return strings.Contains(text, exact) })
}

// decode returns the text that is encoded in base64. What decodes to binary data is no
// text.
func decode(encoded string) (string, bool) {
	encoded = strings.TrimRight(encoded, "=")
	for _, encoding := range []*base64.Encoding{base64.RawStdEncoding, base64.RawURLEncoding} {
		raw, err := encoding.DecodeString(encoded)
		if err == nil && utf8.Valid(raw) && !strings.ContainsRune(string(raw), 0) {
			return string(raw), true
		}
	}
	return "", false
}
