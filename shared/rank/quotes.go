package rank

import "regexp"

// part is a piece of a query, in quotes or not.
type part struct {
	text   string
	quoted bool
}

// quote is a text in quotes: backticks, double, or single ones that stand apart
// from letters, unlike an apostrophe. A variable counts as one too.
const quote = "(?:`[^`]*`" + `|"[^"]*"|\B'[^']*'\B|\$\{[^}]*\})`

// named is a quote, and what says where: "in namespace `shop`" tells the scope,
// not what to do.
var named = regexp.MustCompile(`(\b(?i:in|within|inside)(?: the)? [A-Za-z]+ )?` + quote)

// quotes splits a query into what is in quotes and what is not, and leaves out
// what says where.
func quotes(query string) (parts []part) {
	end := 0
	for _, at := range named.FindAllStringSubmatchIndex(query, -1) {
		parts = append(parts, part{query[end:at[0]], false})
		if where := at[2] >= 0; !where {
			parts = append(parts, part{query[at[0]:at[1]], true})
		}
		end = at[1]
	}
	return append(parts, part{query[end:], false})
}
