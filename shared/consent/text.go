package consent

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"

	"github.com/strongroom-dev/strongroom/shared/tenant"
)

// Text is what a half agrees to.
type Text struct {
	Version string // "v1-" and 12 hex digits of the body's SHA-256
	Body    string // for people
}

// wordingVersion is the version of the wording of texts. Increase it if the wording
// changes so that people must agree again.
const wordingVersion = 1

// SentField is a field that a feature can send, as the text names it.
type SentField struct {
	Name  string // such as issue.title or tasks[].name
	Class string // of dataclass
}

// NewText returns the text about a feature at a destination whose endpoint is e. The
// same facts have the same version.
func NewText(s Spec, d Destination, e tenant.ModelEndpoint, fields []SentField) Text {
	var b strings.Builder
	fmt.Fprintf(&b, "The feature %s %s.\n\n", s.Feature, s.Summary)
	fmt.Fprintf(&b, "When somebody uses it, it sends data to this language model:\n\n")
	fmt.Fprintf(&b, "  destination   %s\n  project       %s\n  location      %s\n  model         %s\n", d, e.ProjectID, e.Location, e.Model)
	fmt.Fprintf(&b, "  abuse logging %s\n  cache         %s\n\n", abuseLogging(e), cache(e))
	b.WriteString("It can send these fields and no others:\n\n")
	for _, f := range fields {
		fmt.Fprintf(&b, "  %-24s %s\n", f.Name, f.Class)
	}
	fmt.Fprintf(&b, "\nA request has at most %d bytes of these fields. Every request is on the ledger before it is sent.\n", s.MaxPayloadBytes)
	b.WriteString("The agreement ends at its end date, or when either party withdraws it: the next request is then refused.\n")
	body := b.String()
	return Text{Version: Version(body), Body: body}
}

// Version returns the version of a text's body.
func Version(body string) string {
	sum := sha256.Sum256([]byte(body))
	return fmt.Sprintf("v%d-%s", wordingVersion, hex.EncodeToString(sum[:6]))
}

func abuseLogging(e tenant.ModelEndpoint) string {
	if e.AbuseLoggingExempt {
		return "none: the project is exempt, so Google does not log prompts to detect abuse"
	}
	return "Google may log prompts to detect abuse"
}

func cache(e tenant.ModelEndpoint) string {
	if e.CacheDisabled {
		return "disabled: Google keeps no prompts in memory after the answer"
	}
	return "Google may keep prompts in memory for up to 24 hours"
}
