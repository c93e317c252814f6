package api_test

import (
	"bytes"
	"encoding/base64"
	"errors"
	"net/http"
	"testing"

	"github.com/strongroom-dev/strongroom/shared/api"
	"github.com/strongroom-dev/strongroom/shared/secret"
)

type place struct {
	At int64  `json:"at"`
	ID string `json:"id"`
}

var pageTokens = api.PageTokens{Key: secret.New("a key of all instances")}

func TestAPageTokenIsValidForItsScopeOnly(t *testing.T) {
	t.Parallel()
	want := place{7, "a"}
	good := api.Token(pageTokens, want, "acme prod runs")
	if got, err := api.ParseToken[place](pageTokens, good, "acme prod runs"); err != nil || got != want {
		t.Errorf("got %+v, %v", got, err)
	}
	if got, err := api.ParseToken[place](pageTokens, "", "acme prod runs"); err != nil || got != (place{}) {
		t.Errorf("without a token: %+v, %v", got, err)
	}
	if raw, err := base64.RawURLEncoding.DecodeString(good); err != nil || bytes.Contains(raw, []byte(`"id"`)) {
		t.Errorf("the token shows its position: %q, %v", raw, err)
	}
	encode := base64.RawURLEncoding.EncodeToString
	for name, test := range map[string]struct{ token, scope string }{
		"another scope":              {good, "acme dev runs"},
		"a token that is cut":        {good[:len(good)-4], "acme prod runs"},
		"a token of another key":     {api.Token(api.PageTokens{Key: secret.New("b")}, want, "acme prod runs"), "acme prod runs"},
		"a token without a MAC":      {encode([]byte(`{"at":7,"id":"a"}`)), "acme prod runs"},
		"a token of another type":    {api.Token(pageTokens, "a", "acme prod runs"), "acme prod runs"},
		"text that is not base64":    {"%", "acme prod runs"},
		"text that is shorter still": {"AA", "acme prod runs"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := api.ParseToken[place](pageTokens, test.token, test.scope)
			var p *api.Problem
			if !errors.As(err, &p) || p.Status != http.StatusBadRequest || p.Code != "page-token" || got != (place{}) {
				t.Errorf("got %+v, %v", got, err)
			}
		})
	}
}

// No text but that of Token is a page token.
func FuzzParseToken(f *testing.F) {
	good := api.Token(pageTokens, place{7, "a"}, "scope")
	for _, seed := range []string{good, good[1:], good + "A", "", "%00", "e30", "__x__", "a/b"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		got, err := api.ParseToken[place](pageTokens, text, "scope")
		if (err == nil) != (text == "" || text == good) {
			t.Errorf("%q is read as %+v, %v", text, got, err)
		}
	})
}
