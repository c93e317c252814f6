package catalog

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/strongroom-dev/strongroom/shared/plaintext"
)

// Enrichment says in other words than its author's what a task does, so that a search
// finds it by them. It decides nothing else: what a task may do is in its tags. The zero
// Enrichment says nothing.
type Enrichment struct {
	Checks  string    `firestore:"checks" class:"public"`  // what the task checks; may be empty
	Kinds   []string  `firestore:"kinds" class:"public"`   // kinds of resources that it works on
	Changes string    `firestore:"changes" class:"public"` // what it changes; empty: nothing
	By      string    `firestore:"by" class:"public"`      // the model that wrote it
	At      time.Time `firestore:"at" class:"public"`
}

// Limits of an enrichment, in bytes and elements.
const (
	maxEnrichmentText = 1000
	maxKinds          = 20
	maxKindBytes      = 60
)

// ErrEnrichment is the error of an answer that is not an enrichment.
var ErrEnrichment = errors.New("the answer is not an enrichment")

// ParseEnrichment reads an answer of a model: a JSON object with the texts checks and
// changes, and the array kinds. The object may be in a Markdown code block. The texts are
// untrusted: control characters and characters that reorder text are removed, and what is
// longer than the limits is cut off.
func ParseEnrichment(answer string) (Enrichment, error) {
	var raw struct {
		Checks  string   `json:"checks"`
		Kinds   []string `json:"kinds"`
		Changes string   `json:"changes"`
	}
	answer = strings.TrimSpace(strings.ToValidUTF8(answer, ""))
	if block, ok := strings.CutPrefix(answer, "```"); ok {
		answer = strings.TrimSuffix(strings.TrimSpace(strings.TrimPrefix(block, "json")), "```")
	}
	if err := json.Unmarshal([]byte(answer), &raw, jsontext.AllowDuplicateNames(false)); err != nil {
		return Enrichment{}, fmt.Errorf("%w: it is not a JSON object with checks, kinds and changes", ErrEnrichment)
	}
	e := Enrichment{Checks: plaintext.Line(raw.Checks, maxEnrichmentText), Changes: plaintext.Line(raw.Changes, maxEnrichmentText)}
	if slices.Contains([]string{"nothing", "none", "-", "n/a"}, strings.ToLower(strings.TrimRight(e.Changes, "."))) {
		e.Changes = ""
	}
	for _, kind := range raw.Kinds[:min(len(raw.Kinds), maxKinds)] {
		if kind = plaintext.Line(kind, maxKindBytes); kind != "" && !slices.Contains(e.Kinds, kind) {
			e.Kinds = append(e.Kinds, kind)
		}
	}
	if e.IsZero() {
		return Enrichment{}, fmt.Errorf("%w: it says nothing", ErrEnrichment)
	}
	return e, nil
}

// IsZero reports whether there is no enrichment.
func (e Enrichment) IsZero() bool { return e.Checks == "" && e.Changes == "" && len(e.Kinds) == 0 }

// Text returns what a search finds a task by.
func (e Enrichment) Text() string {
	return e.Checks + "\n" + strings.Join(e.Kinds, "\n") + "\n" + e.Changes
}
