package rank

import "github.com/strongroom-dev/strongroom/shared/lazyregexp"

// kind is what a part of a text is.
type kind int

const (
	plain  kind = iota
	quoted      // the name of a thing
	where       // where a thing is, such as "in namespace"
)

// part is a piece of a text.
type part struct {
	text string
	kind kind
}

// quote matches text in backticks, double quotes or single quotes. A single quote next
// to a letter on its outer side is an apostrophe. A variable counts as quoted text.
const quote = "(?:`[^`]*`" + `|"[^"]*"|\B'[^']*'\B|\$\{[^}]*\})`

// places are the words for what contains a thing.
const places = `(?:namespace|cluster|context|project|resource group|account|region|zone|subscription|organization|workspace)`

// named matches quoted text with the words that say where. "in namespace `shop`" is the
// scope, not what to do. In "in the GKE cluster `shop`", GKE counts like quoted text,
// because it may be part of what to do.
var named = lazyregexp.New(`(?i:\b((?:in|within|inside|for|on|of|from) (?:the )?)(?:([a-z]+) )?(` + places + ` ))?` + quote)

var address = lazyregexp.New("https?://[^\\s)`\"']+")

// split splits a text into quoted parts, parts that say where, and plain parts. It
// removes URLs.
func split(text string) (parts []part) {
	text = address.ReplaceAllString(text, " ")
	end := 0
	for _, at := range named.FindAllStringSubmatchIndex(text, -1) {
		parts = append(parts, part{text[end:at[0]], plain})
		switch place, word := at[6], at[4]; {
		case place < 0:
			parts = append(parts, part{text[at[0]:at[1]], quoted})
		case word >= 0:
			parts = append(parts, part{text[word:at[5]], quoted}, part{text[place:at[7]], where})
		default:
			parts = append(parts, part{text[place:at[7]], where})
		}
		end = at[1]
	}
	return append(parts, part{text[end:], plain})
}

var variable = lazyregexp.New(`\$\{[^}]*\}`)

// withoutVariables removes variables. The name of a variable is not what the text is
// about.
func withoutVariables(text string) string { return variable.ReplaceAllString(text, " ") }
