package issue_test

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/strongroom-dev/strongroom/shared/issue"
)

func TestALongTextIsCutAndTheRestOfTheLineCounts(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("é", issue.MaxFieldBytes)
	for name, c := range map[string]struct {
		line string
		cut  []string
	}{
		"details":                        {`{"severity":1,"title":"t","details":"` + long + `"}`, []string{"details"}},
		"a description":                  {`{"severity":1,"title":"t","description":"` + long + `"}`, []string{"details"}},
		"steps that are long together":   {`{"severity":1,"title":"t","next_steps":["` + long + `","b"]}`, []string{"nextSteps"}},
		"an object":                      {`{"severity":1,"title":"t","actual":{"a":"` + long + `"}}`, []string{"actual"}},
		"several texts":                  {`{"severity":1,"title":"t","actual":"` + long + `","expected":"` + long + `"}`, []string{"actual", "expected"}},
		"a summary":                      {`{"severity":1,"title":"t","metadata":{"summary":"` + long + `"}}`, []string{"metadata.summary"}},
		"a text in kwargs":               {`{"severity":1,"title":"t","kwargs":{"details":"` + long + `"}}`, []string{"details"}},
		"an unknown key, which is not":   {`{"severity":1,"title":"t","color":"` + long + `"}`, nil},
		"details in a line that is long": {`{"severity":1,"title":"t","details":"` + strings.Repeat(long, 8) + `"}`, []string{"details"}},
		"controls, which are escaped":    {`{"severity":1,"title":"t","details":"` + strings.Repeat(`\u0001`, 200_000) + `","actual":"` + strings.Repeat(`\u0001`, 200_000) + `"}`, []string{"actual", "details"}},
		"an unknown key that is long":    {`{"color":"` + strings.Repeat(long, 8) + `","severity":1,"title":"t"}`, nil},
		"many spaces":                    {`{"a":[` + strings.Repeat(" ", issue.MaxLineBytes) + `],"severity":1,"title":"t"}`, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, err := issue.ParseSighting([]byte(c.line))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.cut, s.Cut); diff != "" || s.Severity != 1 || s.Title != "t" {
				t.Errorf("severity %d, title %q: %s", s.Severity, s.Title, diff)
			}
			for _, text := range []string{s.Details, s.NextSteps, s.Actual, s.Expected, s.Summary} {
				if len(text) > issue.MaxFieldBytes || !utf8.ValidString(text) || len(text) > 1 && !strings.HasSuffix(text, issue.CutMark) {
					t.Errorf("a text of %d bytes ends with %q", len(text), text[max(0, len(text)-20):])
				}
			}
			if len(c.line) <= issue.MaxLineBytes != (string(s.Line) == c.line) || len(s.Line) > issue.MaxLineBytes {
				t.Errorf("the line of %d bytes has %d bytes now", len(c.line), len(s.Line))
			}
		})
	}
}

func TestAShortenedLineParsesAsTheSighting(t *testing.T) {
	t.Parallel()
	line := `{"severity":"high","title":"a","taskName":"b","resource":"c","slx":"d","fingerprint":"e","observedAt":"2026-11-22T03:04:05.5Z",
		"metadata":{"summary":"f"},"nextSteps":["g","h"],"details":"` + strings.Repeat("x", issue.MaxLineBytes) + `"}`
	first, err := issue.ParseSighting([]byte(line))
	if err != nil {
		t.Fatal(err)
	}
	again, err := issue.ParseSighting(first.Line)
	if err != nil {
		t.Fatal(err)
	}
	first.Cut = nil
	if diff := cmp.Diff(first, again); diff != "" {
		t.Error(diff)
	}
}
