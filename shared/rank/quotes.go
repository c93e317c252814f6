package rank

import "regexp"

// kind says what a part of a text is.
type kind int

const (
	plain  kind = iota
	quoted      // the name of a thing
	where       // where a thing is, as "in namespace"
)

// part is a piece of a text.
type part struct {
	text string
	kind kind
}

// quote is a text in quotes: backticks, double, or single ones that stand apart
// from letters, unlike an apostrophe. A variable counts as one too.
const quote = "(?:`[^`]*`" + `|"[^"]*"|\B'[^']*'\B|\$\{[^}]*\})`

// places are what things are in.
const places = `(?:namespace|cluster|context|project|resource group|account|region|zone|subscription|organization|workspace)`

// named is a quote, and what says where: "in namespace `shop`" tells the scope,
// not what to do. Of "in the GKE cluster `shop`" the GKE is like a quote: it may
// tell the task too.
var named = regexp.MustCompile(`(?i:\b((?:in|within|inside|for|on|of|from) (?:the )?)(?:([a-z]+) )?(` + places + ` ))?` + quote)

var address = regexp.MustCompile("https?://[^\\s)`\"']+")

// split cuts a text into what is in quotes, what says where, and the rest. It
// passes over addresses.
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

var variable = regexp.MustCompile(`\$\{[^}]*\}`)

// withoutVariables takes away what stands for a name: its own name is not what
// the text is about.
func withoutVariables(text string) string { return variable.ReplaceAllString(text, " ") }
