package assistants

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/strongroom-dev/strongroom/shared/issue"
)

var tokenNow = time.Date(2026, 11, 22, 13, 0, 0, 0, time.UTC)

func someCursor() cursor {
	return cursor{at: tokenNow.Add(-time.Minute), read: tokenNow.Add(-time.Minute - time.Microsecond), phase: 3, after: tokenNow.Add(-time.Hour), id: issue.ID(issue.NewCheckID("a", "b"))}
}

func TestATokenGivesItsCursor(t *testing.T) {
	t.Parallel()
	for _, want := range []cursor{someCursor(), {at: tokenNow, read: tokenNow, phase: 8, after: time.Time{}}} {
		got, err := parseCursor(want.token(issueFilter{}), issueFilter{}, tokenNow)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got, cmp.AllowUnexported(cursor{})); diff != "" {
			t.Error(diff)
		}
	}
}

func TestATokenIsRefused(t *testing.T) {
	t.Parallel()
	f := issueFilter{State: active, Severity: 2}
	with := func(change func(*cursor)) string {
		c := someCursor()
		c.phase = 0
		change(&c)
		return c.token(f)
	}
	if _, err := parseCursor(with(func(*cursor) {}), f, tokenNow); err != nil {
		t.Fatal(err)
	}
	for name, token := range map[string]string{
		"of another filter":      someCursor().token(issueFilter{}),
		"of an invalid phase":    with(func(c *cursor) { c.phase = 1 }),
		"too old":                with(func(c *cursor) { c.at = tokenNow.Add(-maxTokenAge - time.Second) }),
		"of the future":          with(func(c *cursor) { c.at = tokenNow.Add(maxClockSkew + time.Second) }),
		"read too long ago":      with(func(c *cursor) { c.read = tokenNow.Add(-maxTokenAge - time.Second) }),
		"read in the future":     with(func(c *cursor) { c.read = tokenNow.Add(maxClockSkew + time.Second) }),
		"with no id of an issue": with(func(c *cursor) { c.id = "A" + c.id[1:] }),
		"with a short id":        with(func(c *cursor) { c.id = c.id[1:] }),
		"of a year too far":      with(func(c *cursor) { c.after = time.Date(10_000, 1, 1, 0, 0, 0, 0, time.UTC) }),
		"padded":                 with(func(*cursor) {}) + "==",
		"in another alphabet":    "+" + with(func(*cursor) {})[1:],
	} {
		if c, err := parseCursor(token, f, tokenNow); err == nil {
			t.Errorf("a token %s is parsed as %+v", name, c)
		}
	}
}

// A token that is accepted is a position that Firestore can read, and is the only token
// of this position.
func FuzzToken(f *testing.F) {
	f.Add(someCursor().token(issueFilter{}), 0)
	f.Add(cursor{at: tokenNow, read: tokenNow}.token(issueFilter{Severity: 2}), 2)
	f.Add("", 0)
	f.Add("AQ", 1)
	f.Fuzz(func(t *testing.T, token string, severity int) {
		of := issueFilter{Severity: severity}
		c, err := parseCursor(token, of, tokenNow)
		if err != nil || token == "" {
			return
		}
		if c.phase >= len(of.phases()) || c.at.Before(tokenNow.Add(-maxTokenAge)) || c.read.Before(tokenNow.Add(-maxTokenAge)) {
			t.Errorf("%q is parsed as %+v", token, c)
		}
		if _, ok := issue.ParseID(string(c.id)); c.id != "" && !ok {
			t.Errorf("%q has the issue ID %q", token, c.id)
		}
		if again := c.token(of); again != token {
			t.Errorf("%q is encoded again as %q", token, again)
		}
	})
}
