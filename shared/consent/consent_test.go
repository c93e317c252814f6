package consent_test

import (
	"testing"
	"time"

	"github.com/strongroom-dev/strongroom/shared/consent"
)

var now = time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)

func aHalf() consent.Half {
	return consent.Half{
		ID: "0198c2b4-5d1e-7c3a-9f00-2a6b1c4d8e31", Side: consent.TenantSide, By: consent.Person{Issuer: "https://i.example", Subject: "a\nda"},
		Scope: consent.Scope{Tenant: "acme", Feature: consent.ExplainIssue, Destination: consent.Shared},
		Given: now, Expires: now.Add(time.Hour), Text: "v1-0123456789ab",
	}
}

func TestStates(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		half consent.Half
		at   time.Time
		text string
		want consent.State
	}{
		"never given":              {want: consent.None, at: now},
		"before its end date":      {half: aHalf(), at: now.Add(time.Hour - 1), text: "v1-0123456789ab", want: consent.Active},
		"at its end date":          {half: aHalf(), at: now.Add(time.Hour), text: "v1-0123456789ab", want: consent.Expired},
		"the text is another now":  {half: aHalf(), at: now, text: "v1-ba9876543210", want: consent.Outdated},
		"there is no text to meet": {half: aHalf(), at: now, want: consent.Outdated},
	} {
		if got := row.half.State(row.at, row.text); got != row.want {
			t.Errorf("%s: %s, want %s", name, got, row.want)
		}
	}
}

// FuzzParseStatement checks that a statement has one spelling: whatever parses is what
// is written again.
func FuzzParseStatement(f *testing.F) {
	text, err := aHalf().Statement()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(text)
	f.Add("strongroom consent half v1\n{}\n")
	f.Add("strongroom consent half v1\n{\"id\":\"a\",\"id\":\"b\"}\n")
	f.Fuzz(func(t *testing.T, text string) {
		half, err := consent.ParseStatement(text)
		if err != nil {
			return
		}
		if again, err := half.Statement(); err != nil || again != text {
			t.Errorf("%q parses and is written as %q, %v", text, again, err)
		}
	})
}

func TestAStatementIsReadAsItWasWritten(t *testing.T) {
	t.Parallel()
	text, err := aHalf().Statement()
	if err != nil {
		t.Fatal(err)
	}
	if got, err := consent.ParseStatement(text); err != nil || got != aHalf() {
		t.Errorf("%+v, %v", got, err)
	}
}
