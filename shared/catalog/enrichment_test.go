package catalog_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/strongroom-dev/strongroom/shared/catalog"
)

func TestParseEnrichmentTrustsNothing(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		answer string
		want   catalog.Enrichment
	}{
		"an object":                   {`{"checks":"DNS","kinds":["zone","record"],"changes":"nothing"}`, catalog.Enrichment{Checks: "DNS", Kinds: []string{"zone", "record"}}},
		"an object in a code block":   {"```json\n{\"checks\":\"DNS\",\"changes\":\"a zone\"}\n```", catalog.Enrichment{Checks: "DNS", Changes: "a zone"}},
		"unknown fields":              {`{"checks":"DNS","tags":["access:read-only"]}`, catalog.Enrichment{Checks: "DNS"}},
		"kinds twice":                 {`{"kinds":["zone","zone",""]}`, catalog.Enrichment{Kinds: []string{"zone"}}},
		"control characters and HTML": {`{"checks":"a\u001b[2J\nb<img src=x>\u202e"}`, catalog.Enrichment{Checks: "a[2J b< img src=x>"}},
		"a text that is too long":     {`{"checks":"` + strings.Repeat("word ", 1000) + `"}`, catalog.Enrichment{Checks: strings.TrimSpace(strings.Repeat("word ", 200))}},
		"too many kinds":              {`{"kinds":["` + strings.Join(strings.Split("abcdefghijklmnopqrstuvwxyz", ""), `","`) + `"]}`, catalog.Enrichment{Kinds: strings.Split("abcdefghijklmnopqrst", "")}},
		"no JSON":                     {"I cannot help with that.", catalog.Enrichment{}},
		"an array":                    {`["DNS"]`, catalog.Enrichment{}},
		"an empty object":             {`{}`, catalog.Enrichment{}},
		"more than one object":        {`{"checks":"a"}{"checks":"b"}`, catalog.Enrichment{}},
		"a field twice":               {`{"checks":"a","checks":"b"}`, catalog.Enrichment{}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := catalog.ParseEnrichment(row.answer)
			if diff := cmp.Diff(row.want, got); diff != "" || got.IsZero() != errors.Is(err, catalog.ErrEnrichment) {
				t.Errorf("got %v:\n%s", err, diff)
			}
		})
	}
}

func FuzzParseEnrichment(f *testing.F) {
	f.Add(`{"checks":"DNS","kinds":["zone"],"changes":"nothing"}`)
	f.Add("```json\n{}\n```")
	f.Fuzz(func(t *testing.T, answer string) {
		e, err := catalog.ParseEnrichment(answer)
		if (err == nil) == e.IsZero() {
			t.Errorf("%q is %+v, %v", answer, e, err)
		}
		if len(e.Text()) > 4000 || strings.ContainsAny(e.Text(), "\x1b\u202e") {
			t.Errorf("%q is %+v", answer, e)
		}
	})
}
